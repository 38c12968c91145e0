"""Faults over time, all from one seed: the same seed is the same storm."""

import contextlib
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from faults.faults import (
    Answer,
    Cut,
    Delay,
    ErrorEvent,
    Fault,
    Garbage,
    HalfOpen,
    Huge,
    Replay,
    Silence,
    Truncate,
)
from faults.proxy import FaultProxy
from faults.rules import Rule

READS = ("get", "list")
WRITES = ("apply", "merge", "create", "update")
EVERYTHING = (*READS, *WRITES, "watch")
EACH = ("llamadeployments", "llamadeployments/status", "deployments", "services", "pods", "gpupools", None)
"""Kinds that a gust may be about; None is all of them."""

LONGEST_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Gust:
    """One rule, and when it is in force.

    Attributes:
        at: seconds after the beginning of the storm.
        seconds: how long.
        rule: what it does.
    """

    at: float
    seconds: float
    rule: Rule

    def __str__(self) -> str:
        """One line for the log of a run."""
        rule = self.rule
        what = f"{','.join(rule.verbs or ()) or 'every verb'} of {rule.kind or 'every kind'}"
        whom = f"{rule.times or 'any number of'} times through {rule.door or 'every door'}"
        return f"{self.at:7.2f} s, for {self.seconds:.2f} s: {rule.fault!r} on {what}, {whom}"


class Storm:
    """A schedule of faults.

    Args:
        seed: everything follows from it.
        intensity: gusts per second, on average.
        doors: who may be hit alone, beside all at once.
        silences: whether watches may fall silent and connections be half open: a client finds that out only
            by its own patience, 30 or 90 s.

    Attributes:
        blown: the gusts that were in force so far.
    """

    def __init__(
        self, seed: int, intensity: float = 1.0, doors: Sequence[str] = (), *, silences: bool = True
    ) -> None:
        """Prepare; nothing happens yet."""
        self.seed = seed
        self.blown: list[Gust] = []
        self._intensity = intensity
        self._doors = (None, *doors)
        self._silences = silences

    def gusts(self, seconds: float) -> list[Gust]:
        """The whole schedule for so many seconds, by its beginning. The same arguments, the same schedule."""
        chance = random.Random(self.seed)  # noqa: S311 - a storm, not a secret
        found: list[Gust] = []
        at = chance.expovariate(self._intensity)
        while at < seconds:
            lasts = min(LONGEST_SECONDS, 0.1 + chance.expovariate(1.0), seconds - at)
            found.append(Gust(at, lasts, self._rule(chance)))
            at += chance.expovariate(self._intensity)
        return found

    @contextlib.contextmanager
    def over(self, proxy: FaultProxy, seconds: float) -> Iterator[threading.Event]:
        """Blow for so many seconds while a block runs; the event says that it is over.

        At the end of the block it is over in any case, and no rule of it is in force.
        """
        ended, leave = threading.Event(), threading.Event()

        def blow() -> None:
            try:
                self._blow(proxy, seconds, leave)
            finally:
                ended.set()

        thread = threading.Thread(target=blow, name=f"storm {self.seed}")
        thread.start()
        try:
            yield ended
        finally:
            leave.set()
            thread.join()

    def story(self) -> str:
        """What happened, for whoever has to find out why."""
        return "\n".join([f"storm of seed {self.seed}:", *map(str, self.blown)])

    def _blow(self, proxy: FaultProxy, seconds: float, leave: threading.Event) -> None:
        began = time.monotonic()
        with contextlib.ExitStack() as rules:
            timers: list[tuple[float, contextlib.ExitStack]] = []
            for gust in [*self.gusts(seconds), None]:
                upto = seconds if gust is None else gust.at
                for end, stack in sorted(timers, key=lambda timer: timer[0]):
                    if end <= upto:
                        leave.wait(max(0.0, began + end - time.monotonic()))
                        stack.close()
                timers = [timer for timer in timers if timer[0] > upto]
                if leave.wait(max(0.0, began + upto - time.monotonic())) or gust is None:
                    return
                stack = rules.enter_context(contextlib.ExitStack())
                stack.enter_context(proxy.during(gust.rule))
                timers.append((gust.at + gust.seconds, stack))
                self.blown.append(gust)

    def _rule(self, chance: random.Random) -> Rule:
        fault, verbs = self._fault(chance)
        times = None if isinstance(fault, Delay) else chance.choice((1, 1, 2, 5, None))
        if isinstance(fault, Silence | HalfOpen | Huge):
            times = 1
        kind = chance.choice(EACH)
        return Rule(fault=fault, verbs=verbs, kind=kind, door=chance.choice(self._doors), times=times)

    def _fault(self, chance: random.Random) -> tuple[Fault, tuple[str, ...]]:
        """A fault, and the verbs that may meet it."""
        choices: list[tuple[Fault, tuple[str, ...]]] = [
            (Delay(round(chance.uniform(0.05, 1.5), 2)), EVERYTHING),
            (Cut(), EVERYTHING),
            (Cut(after_forwarding=True), (*READS, *WRITES)),
            (Answer(429, retry_after=1), EVERYTHING),
            (Answer(chance.choice((500, 503, 504))), EVERYTHING),
            (Answer(409), WRITES),
            (Answer(410), ("list", "watch")),
            (Truncate(chance.randrange(2000)), (*READS, "watch")),
            (ErrorEvent(chance.choice((410, 500, 403, 429))), ("watch",)),
            (Garbage(chance.choice((b"[]", b"{}", b'{"type": "ADDED", "object": {}}', b"\xff"))), ("watch",)),
            (Huge(17 * 2**20), ("watch",)),
            (Replay(), (*READS, "watch")),
        ]
        if self._silences:
            choices += [
                (Silence(), ("watch",)),
                (HalfOpen(after_forwarding=chance.random() < 0.5), EVERYTHING),
            ]
        return chance.choice(choices)
