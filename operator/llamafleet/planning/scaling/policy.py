"""The policy: from the queue and what is remembered to a count and a reason. Pure.

``docs/scaling.md`` explains it on a page; where each constant comes from is in
``docs/decisions/0014-the-queue-policy.md``.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from llamafleet.api.memory import Memory
from llamafleet.planning.scaling.arrivals import arrived, per_second, with_span, woken_seconds
from llamafleet.planning.scaling.bursts import (
    CAREFUL,
    DRAIN_SECONDS,
    DRAIN_SHARE,
    HOLD_SHARE,
    Burst,
    burst_at,
)
from llamafleet.planning.scaling.headroom import LATE_SECONDS, charged, headroom
from llamafleet.planning.scaling.holding import with_ask
from llamafleet.planning.scaling.learning import LONGEST_STEP, Service, learn, service
from llamafleet.planning.scaling.signals import QUEUE_LOOK, Signals, Terms
from llamafleet.planning.scaling.steadiness import STEADY_HEADROOM, level, unsteady, with_level, with_load
from llamafleet.planning.scaling.words import Sum, asks, held

FULLNESS: Final = 0.9
"""Running requests count nine tenths: the last ones of a wave keep slots, but little work."""

BACKLOG_SECONDS: Final = 60.0
"""A backlog of a fleet that runs is to be gone within a minute of work."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the queue asks for.

    Attributes:
        replicas: how many replicas, before any bound of the spec.
        message: why, in plain words.
        memory: what to remember.
    """

    replicas: int
    message: str
    memory: Memory


@dataclass(frozen=True, slots=True)
class _Look:
    """One look: what was seen, and what is known with it.

    Attributes:
        signals: what was read.
        terms: the rest.
        memory: what was remembered, brought up to this look.
        burst: whether the fleet serves a burst that found it at zero.
        gap: how long ago the last look was.
        arrived: requests since then.
    """

    signals: Signals
    terms: Terms
    memory: Memory
    burst: Burst
    gap: float
    arrived: int

    @property
    def seconds(self) -> float:
        """How long what was seen stands for."""
        return min(self.gap, LONGEST_STEP)

    @property
    def served(self) -> Service:
        """What a request takes; of a burst that was not served yet, the worst that is remembered."""
        known = service(self.memory.learned, self.terms)
        if known.seconds is None or self.burst.careful(self.terms.cold_start_seconds):
            return replace(known, seconds=max(known.seconds or 0.0, CAREFUL * known.longest) or None)
        return known

    @property
    def load(self) -> float:
        """How many full replicas the requests need that come, or are worked on."""
        served = self.served
        at_once: float = self.signals.running + self.signals.waiting
        if served.seconds is not None:
            at_once = per_second(self.memory.spans) * served.seconds
        return max(at_once, FULLNESS * self.signals.running) / served.slots

    @property
    def wait(self) -> float:
        """How long a request waits that comes now, in seconds."""
        known = service(self.memory.learned, self.terms)
        if not self.signals.waiting:
            return 0.0
        if known.seconds is None or not self.signals.ready:
            return math.inf
        return self.signals.waiting * known.seconds / (self.signals.ready * known.slots)

    @property
    def backlog(self) -> float:
        """How many replicas the waiting requests add that are more than tolerated."""
        served, burst, cold = self.served, self.burst, self.terms.cold_start_seconds
        more = max(0, self.signals.waiting - self.terms.queue_depth * self.signals.ready)
        time = max(DRAIN_SECONDS, DRAIN_SHARE * cold) if burst.on else BACKLOG_SECONDS
        return more * (served.seconds or 0.0) / served.slots / time

    @property
    def hold(self) -> timedelta:
        """How long a count is held."""
        terms = self.terms
        if terms.scale_down_delay_seconds is not None:
            return timedelta(seconds=terms.scale_down_delay_seconds)
        return timedelta(seconds=terms.cold_start_seconds * (HOLD_SHARE if self.burst.on else 1))


def decide(signals: Signals | None, memory: Memory, terms: Terms) -> Verdict:
    """How many replicas the queue asks for.

    Args:
        signals: what was read; None when nothing could be read, and then the fleet keeps what it has.
        memory: what was remembered at the last look.
        terms: the rest.
    """
    kept = terms.replicas if terms.replicas is not None else max(terms.low, 1)
    if signals is None:
        return Verdict(kept, f"There is no queue reading, so the fleet stays at {kept}.", memory)
    whole = terms.now.replace(microsecond=0)  # as the status has it: a restart must change nothing
    look = _counted(_begun(signals, memory, replace(terms, now=whole)))
    verdict = _asked(look)
    if not signals.partial:
        return verdict
    text = f"{verdict.message} Not every replica gave a reading, so the fleet does not shrink."
    return Verdict(max(kept, verdict.replicas), text, memory)  # what is not whole teaches nothing


def _begun(signals: Signals, memory: Memory, terms: Terms) -> _Look:
    """The look, with what has arrived and what was learned."""
    gap = seconds = _since(signals, memory, terms)
    none, came = not (signals.ready + signals.coming), arrived(signals, memory)
    zero_at = terms.now if none else memory.zero_at
    wakes = not signals.ready and bool(signals.waiting) and not memory.from_zero
    if wakes:
        seconds = woken_seconds(seconds)
    changed = {
        "at": terms.now,
        "waiting": signals.waiting,
        "running": signals.running,
        "ready": signals.ready,
        "zero_at": zero_at,
        "active_at": terms.now if signals.waiting or signals.running or came else memory.active_at,
        "spans": with_span(() if wakes else memory.spans, came, seconds),
        "learned": learn(signals, memory, terms, gap),
    }
    burst = burst_at(terms.now, on=memory.from_zero or wakes, zero_at=zero_at)
    return _Look(signals, terms, memory.model_copy(update=changed), burst, gap, came)


def _since(signals: Signals, memory: Memory, terms: Terms) -> float:
    """How long ago the last look was; the usual time when there was none."""
    if memory.at is not None:
        return max(0.0, (terms.now - memory.at).total_seconds())
    return signals.seconds if signals.seconds is not None else QUEUE_LOOK.total_seconds()


def _counted(look: _Look) -> _Look:
    """The look, with the account of late requests and the history of the load."""
    memory, wait, load = look.memory, look.wait, look.load
    burst = replace(look.burst, on=look.burst.on and not look.burst.ends(look.signals.ready, wait))
    account = memory.lateness
    if not burst.on:
        account = charged(account, look.arrived, look.arrived if wait > LATE_SECONDS else 0, look.gap)
    history = with_load(memory.steadiness, load, look.terms.now, look.seconds)
    history = with_level(history, load, look.terms.cold_start_seconds, look.seconds)
    changed = {"from_zero": burst.on, "lateness": account, "steadiness": history}
    return replace(look, memory=memory.model_copy(update=changed), burst=burst)


def _asked(look: _Look) -> Verdict:
    """The count: load with headroom, and the backlog; held for a while."""
    memory, terms, hold = look.memory, look.terms, look.hold
    planned, backlog = _planned(look), look.backlog
    asked = max(math.ceil(planned + backlog - 1e-9), _least(look))
    memory = memory.model_copy(update={"asks": with_ask(memory.asks, asked, terms.now, hold)})
    count = memory.asks[0].replicas
    parts = Sum(look.load, planned, backlog)
    text = asks(asked, look.signals.waiting, look.signals.running, parts)
    if count > asked:
        text += f"; {held(count, memory.asks[0].at, hold)}"
    return Verdict(count, f"{text}.", memory)


def _planned(look: _Look) -> float:
    """Replicas for the load: between the level of a steady one and the peaks of one that moves."""
    account = headroom(look.memory.lateness, look.terms.cold_start_seconds, paced=look.terms.pace is not None)
    if look.burst.on or not look.load:
        return min(1.0, account) * look.load
    if look.terms.pace is None:  # then prompts that fill a replica are not seen before they wait
        return account * look.load
    steady = STEADY_HEADROOM * level(look.memory.steadiness)
    return steady + unsteady(look.memory.steadiness) * (account * look.load - steady)


def _least(look: _Look) -> int:
    """Zero only where a request would bring the fleet back, and only once it has rested."""
    terms, now = look.terms, look.terms.now
    busy = look.signals.waiting or look.signals.running
    if busy or not terms.can_wake or terms.replicas is None:
        return 1
    return int(not _rested(now, look.memory.active_at, terms.idle_timeout_seconds) and terms.replicas > 0)


def _rested(now: datetime, active_at: datetime | None, timeout: float | None) -> bool:
    """Whether nothing came for as long as the author wants; without a wish the held counts decide."""
    if timeout is None or active_at is None:
        return True
    return (now - active_at).total_seconds() >= timeout
