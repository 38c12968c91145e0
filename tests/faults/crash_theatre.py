"""Plays stories on a real control plane; a real operator behind the proxy is killed at given points."""

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Sequence

from cluster.podserver import answering, metrics
from faults.crash_duty import Duty
from faults.crash_lanes import Lane, Point
from faults.faults import Call, Exchange, Fault
from faults.proxy import FaultProxy
from faults.rules import Rule
from faults.story import PRICE, STEADY, Story
from faults.story_seen import NAME, Json, Seen, differences, left, look
from faults.story_truth import Truth
from llamafleet.api.names import SERVING_PORT
from llamafleet.api.observed import Key
from llamas import pool
from testbed.control_plane import ControlPlane

WRITES = ("apply", "merge", "create", "update")
SCENE_SECONDS = 180.0
"""How long all fleets together may take for what takes ten seconds alone on an idle machine."""

POLL_SECONDS = 0.4
CALM_SECONDS = 2.0
"""A story is over when it has ended and nothing was written for so long."""

HOLD_SECONDS = 10.0
"""The operator gives a write up after 15 s, and goes on without an Event that it could not write: by then it
must be dead. A look at everything and the next wishes may come between."""

NODES = 8
"""Of eight GPUs each: more than all fleets need while one of them is rolled out."""

NUMBERS = itertools.count(1)
"""Of namespaces. Each is used once: an account outlives its resource, and a namesake goes on with it."""

Cast = tuple[Story, Point | None]


class Theatre:
    """One control plane, one proxy, and one operator after the other.

    Attributes:
        duty: the operators.
        wanted: what the story leaves when nobody disturbs it, by its name.
        namespaces: those of the present stories.
    """

    def __init__(self, cluster: ControlPlane, proxy: FaultProxy, truth: Truth) -> None:
        """Nobody is on duty yet."""
        self.wanted: dict[str, Json] = {}
        self.namespaces: list[str] = []
        self.duty = Duty(cluster, proxy.door("operator"))
        self._cluster = cluster
        self._proxy = proxy
        self._truth = truth
        self._lanes: list[Lane] = []
        self._loads: dict[str, int] = {}
        proxy.add(Rule(fault=Call(self._before, self._after), verbs=WRITES))

    def answer(self, address: str, path: str) -> str | None:
        """What a pod says of its work."""
        return metrics(self._loads.get(address, 0)) if path == "/metrics" else None

    def play(self, casts: Sequence[Cast]) -> list[Lane]:
        """Play these stories side by side, and kill the operator once all are held or over.

        Raises:
            AssertionError: what is left of one is not what is left of an undisturbed run.
        """
        self._lanes = [Lane(story, point, f"crash-{next(NUMBERS)}") for story, point in casts]
        self.namespaces += [lane.namespace for lane in self._lanes]
        head = {"apiVersion": "v1", "kind": "Namespace"}
        self._cluster.apply(*({**head, "metadata": {"name": lane.namespace}} for lane in self._lanes))
        self._open(self._lanes)
        self._go_on(lambda: all(lane.waits for lane in self._lanes), "the stories to begin")
        self._look()
        for lane in self._lanes:
            lane.armed = lane.begins = True
        self._open(self._lanes)
        self._go_on(self._is_time, "the crash")
        self._rest()
        for lane in self._lanes:
            lane.missed = not (lane.reached.is_set() or lane.ended)
            lane.armed = False
        if any(lane.reached.is_set() for lane in self._lanes):
            self.duty.crash()
        self._go_on(lambda: all(lane.ended for lane in self._lanes), "the stories to end")
        self._compare()
        self.clear(wait=False)
        return self._lanes

    def clear(self, *, wait: bool) -> None:
        """Take away the namespaces that are left, and with them the fleets and what they hold."""
        if self.namespaces:
            self._cluster.kubectl("delete", "namespace", f"--wait={wait}".lower(), *self.namespaces)
            self.namespaces.clear()

    def _is_time(self) -> bool:
        """Whether every story is held or over, or the first may be held no longer."""
        return self._is_late() or all(lane.reached.is_set() or lane.ended for lane in self._lanes)

    def _is_late(self) -> bool:
        held = [lane.held_at for lane in self._lanes if lane.reached.is_set()]
        return bool(held) and time.monotonic() > min(held) + HOLD_SECONDS

    def _before(self, exchange: Exchange) -> Fault | None:
        return next((lane.before(exchange) for lane in self._lanes if lane.concerns(exchange)), None)

    def _after(self, exchange: Exchange) -> Fault | None:
        return next((lane.after(exchange) for lane in self._lanes if lane.concerns(exchange)), None)

    def _go_on(self, over: Callable[[], bool], what: str) -> None:
        """Turn the pages of every story until all are where they should be."""
        deadline = time.monotonic() + SCENE_SECONDS
        while not over():
            seen = self._look()
            done = [lane for lane in self._lanes if lane.is_done(seen.get(lane.key, Seen()))]
            for lane in done:
                lane.chapter += 1
            self._open(done)
            late = {lane.story.name: (lane.point, lane.chapter) for lane in self._lanes}
            assert time.monotonic() < deadline, f"waited in vain for {what}: {late}\n{self._states(seen)}"
            time.sleep(POLL_SECONDS)

    def _open(self, lanes: Sequence[Lane]) -> None:
        """Begin the present chapter of each of these."""
        begun = [lane for lane in lanes if not (lane.waits or lane.ended)]
        objects = [one for lane in begun for one in lane.objects()]
        if objects:
            self._cluster.apply(*objects)
        for lane in begun:
            if lane.deletes:
                self._cluster.kubectl(
                    "delete", "llama", NAME, f"--namespace={lane.namespace}", "--wait=false"
                )

    def _look(self) -> dict[Key, Seen]:
        found = look(self._cluster)
        for lane in self._lanes:
            self._loads |= lane.loads(found.get(lane.key, Seen()))
        return found

    def _rest(self) -> None:
        """What comes after the end of a story may reach its point, too, as long as the first may be held."""
        end = time.monotonic() + CALM_SECONDS
        while time.monotonic() < end and not (
            self._is_late() or all(lane.reached.is_set() for lane in self._lanes)
        ):
            time.sleep(POLL_SECONDS)

    def _compare(self) -> None:
        """What is left of each must become what was left of the undisturbed run, and stay so."""
        deadline = time.monotonic() + SCENE_SECONDS
        right_since: float | None = None
        while right_since is None or time.monotonic() < right_since + CALM_SECONDS:
            wrong = list(self._wrong(look(self._cluster)))
            right_since = None if wrong else right_since or time.monotonic()
            assert time.monotonic() < deadline, "\n".join(wrong)
            time.sleep(POLL_SECONDS)

    def _wrong(self, seen: dict[Key, Seen]) -> Iterator[str]:
        for lane in self._lanes:
            mine = seen.get(lane.key, Seen())
            found = left(mine, lane.namespace)
            where = f"{lane.story.name} at {lane.point} of {lane.writes}"
            for line in differences(self.wanted.get(lane.story.name), found):
                yield f"{where}: {line}"
            if lane.point is None:
                self.wanted[lane.story.name] = found  # which must be the same at every later look
            # See decision 12. An account that waited for another one to be written has an old version.
            is_lost = (lane.missed or lane.refused) and lane.story.name.startswith("delete")
            for line in () if is_lost else self._truth.wrong(mine, lane.key):
                yield f"{where}: {line}"

    def _states(self, seen: dict[Key, Seen]) -> str:
        lines: list[str] = []
        for lane in self._lanes:
            mine = seen.get(lane.key, Seen())
            words = [(one["type"], one["reason"]) for one in mine.status.get("conditions", [])]
            lines.append(f"{lane.story.name} {lane.point}: {len(mine.pods)} pods, {words}, {lane.writes}")
        return "\n".join(lines)


@contextlib.contextmanager
def theatre(cluster: ControlPlane, proxy: FaultProxy) -> Iterator[Theatre]:
    """A theatre with an operator on duty, for the length of a block."""
    with contextlib.ExitStack() as stack:
        cluster.apply(pool(STEADY, f"{PRICE}"))
        stack.callback(cluster.kubectl, "delete", "gpupool", "--all")
        stack.callback(cluster.kubectl, "delete", "node", *cluster.add_gpu_nodes(NODES, prefix="crash"))
        found = Theatre(cluster, proxy, stack.enter_context(Truth(cluster)))
        stack.enter_context(answering(SERVING_PORT, found.answer))
        stack.callback(found.clear, wait=True)  # also when a story went wrong: others need the GPUs
        stack.callback(found.duty.end)
        found.duty.begin()
        yield found
