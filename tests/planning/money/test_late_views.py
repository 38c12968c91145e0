"""Two processes keep one account, and each sees the pods as late as it likes: no second is lost or doubled.

What each knows of the pods is a piece of the cluster's history from its beginning; a silent watch makes it
shorter than that of the other. Whoever leads looks at what it sees; who stands by reads the account.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from builders import NOW, pod
from llamafleet.adapters.departures import Departures
from llamafleet.api.ledger import Ledger
from llamafleet.api.observed import Departed, Key, PodSeen
from llamafleet.planning.money.ledger import settle, spent
from llamafleet.planning.money.lifetime import lifetime
from planning.money.pods import GRACE, PRICE, SECOND

FLEET = Key("team-a", "scout")
Move = tuple[str, int, int]

# Sixty waits of twelve seconds are less than what a view may be behind.
moves = st.lists(
    st.tuples(
        st.sampled_from(["born", "bound", "gone", "wait", "sees", "leads"]),
        st.integers(0, 3),
        st.integers(1, 9),
    ),
    min_size=20,
    max_size=60,
)


@dataclass
class Process:
    """One process.

    Attributes:
        known: how much of the history it has heard.
        pods: what exists, as far as it knows.
        past: the pods that it saw go.
    """

    known: int = 0
    pods: dict[str, PodSeen] = field(default_factory=dict)
    past: Departures = field(default_factory=Departures)

    def hear(self, history: Sequence[tuple[PodSeen, bool]], now: datetime) -> None:
        """What its watch brings."""
        for state, exists in history:
            self.known += 1
            if exists:
                self.pods[state.uid] = state
            else:
                del self.pods[state.uid]
                self.past.add(FLEET, Departed(state, now))


class Story:
    """A cluster and two processes."""

    def __init__(self) -> None:
        """Nobody has looked yet."""
        self.now = NOW
        self.history: list[tuple[PodSeen, bool]] = []
        self.states: dict[str, PodSeen] = {}
        self.bills: dict[str, timedelta] = {}
        self.processes = (Process(), Process())
        self.ledger: Ledger | None = None

    def play(self, story: Sequence[Move]) -> None:
        """All of it, and in the end everybody knows everything."""
        for what, which, count in story:
            getattr(self, what)(which, count)
        for which in (0, 1, 0):
            self.sees(which, len(self.history))
            self.leads(which, 0)

    def born(self, which: int, count: int) -> None:
        """Pods are created; some of them get their node at once."""
        for number in range(count % 3 + 1):
            uid = f"pod-{len(self.bills) + len(self.states)}-{len(self.history)}"
            self._happens(uid, created=self.now, bound=self.now if (which + number) % 2 else None)

    def bound(self, which: int, count: int) -> None:
        """A pod gets its node."""
        del count
        for state in self._nth(which, [one for one in self.states.values() if one.bound is None]):
            self._happens(state.uid, created=state.created, bound=self.now)

    def gone(self, which: int, count: int) -> None:
        """A pod is gone, and the API server says when; none is gone in the second in which it came."""
        self.wait(0, count)
        for state in self._nth(which, list(self.states.values())):
            if state.bound:
                self.bills[state.uid] = self.now - state.bound
            words = {"deleting": True, "deadline": self.now, "grace_seconds": 0}
            self._happens(state.uid, exists=False, created=state.created, bound=state.bound, **words)

    def wait(self, which: int, count: int) -> None:
        """Time goes by."""
        self.now += (which + count) * SECOND

    def sees(self, which: int, count: int) -> None:
        """A process hears a little more."""
        process = self.processes[which % 2]
        process.hear(self.history[process.known : process.known + count], self.now)

    def leads(self, which: int, count: int) -> None:
        """A process looks and writes; the other one reads what it wrote."""
        del count
        writer, reader = self.processes[which % 2], self.processes[1 - which % 2]
        departed = writer.past.of(FLEET)
        lives = [lifetime(one, PRICE) for one in (*writer.pods.values(), *departed)]
        self.ledger = settle(self.ledger, lives, self.now, "UTC", GRACE, writer.known)
        writer.past.settle(FLEET, [one.pod.uid for one in departed])
        written = self.ledger.model_dump(by_alias=True, mode="json", exclude_none=True)
        reader.past.accounted(FLEET, written)
        self.ledger = Ledger.model_validate(written)

    def truth(self) -> timedelta:
        """For how long the pods had nodes, all together."""
        there = (self.now - one.bound for one in self.states.values() if one.bound)
        return sum((*self.bills.values(), *there), timedelta())

    def _nth(self, which: int, found: Sequence[PodSeen]) -> Iterator[PodSeen]:
        yield from found[which % len(found) : which % len(found) + 1] if found else ()

    def _happens(self, uid: str, *, exists: bool = True, **fields: object) -> None:
        state = pod(uid=uid, name=uid, resource_version=str(len(self.history) + 1), **fields)
        self.history.append((state, exists))
        if exists:
            self.states[uid] = state
        else:
            del self.states[uid]


@given(moves)
@settings(max_examples=300)
def test_every_second_is_paid_once(story: list[Move]) -> None:
    world = Story()
    world.play(story)
    assert world.ledger is not None
    seconds = Decimal(int(world.truth().total_seconds()))
    assert world.ledger.uncertain_usd == 0, "nobody was away"
    assert abs(spent(world.ledger, world.now) - seconds * PRICE / 3600) < Decimal("0.000001")
    assert {meter.uid for meter in world.ledger.meters} == {
        one.uid for one in world.states.values() if one.bound
    }
