"""Fairness: whatever one namespace does, a key of another is worked on soon."""

import asyncio
from collections import Counter, defaultdict

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from llamafleet.api.observed import Key
from llamafleet.reconcile.allowance import AT_ONCE, LOOK_SECONDS
from llamafleet.reconcile.queue import WORKERS, WorkQueue
from llamafleet.reconcile.turns import Turns
from reconcile.jumping import JumpingLoop, tell

LOOK = 10.0
KEYS = [Key(f"team-{team}", name) for team in "abcd" for name in ("scout", "maverick", "small")]


def now() -> float:
    return asyncio.get_running_loop().time()


async def settled() -> None:
    """Let everybody do what can be done at this instant."""
    for _ in range(4):
        await asyncio.sleep(0)


class Machine(RuleBasedStateMachine):
    """Workers that take, end well, fail, are put off, and find things gone; wishes come in any order."""

    def __init__(self) -> None:
        """A loop of its own; :meth:`begin` makes the queue."""
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=JumpingLoop)
        self.owed: set[Key] = set()
        self.working: list[Key] = []
        self.turns_since: dict[str, Counter[str]] = {}
        self.taken_at: defaultdict[Key, list[float]] = defaultdict(list)

    @initialize(workers=st.integers(1, 6))
    def begin(self, workers: int) -> None:
        self.workers = workers
        self.queue = WorkQueue(workers)

    def teardown(self) -> None:
        """At the end everything that was wished for is worked on, however long that takes."""
        if hasattr(self, "queue"):
            self.runner.run(self._drain())
        self.runner.close()

    async def _drain(self) -> None:
        while self.working:
            self._end(0)
        while self.owed:
            await asyncio.wait_for(self._take(), 10_000)
            self._end(0)

    @rule(key=st.sampled_from(KEYS), how=st.sampled_from(["add", "add_soon", "add_after"]))
    def wish(self, key: Key, how: str) -> None:
        async def story() -> None:
            if how == "add_after":
                self.queue.add_after(key, 3.0)
            else:
                getattr(self.queue, how)(key)

        self.owed.add(key)
        self.runner.run(story())

    @rule(seconds=st.sampled_from([0.01, 0.2, 1.0, 30.0, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.runner.run(asyncio.sleep(seconds))

    @rule()
    def take(self) -> None:
        async def story() -> None:
            task = asyncio.create_task(self._take())
            await settled()
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            elif task.exception():
                await task

        if len(self.working) < self.workers:
            self.runner.run(story())

    async def _take(self) -> None:
        key = await self.queue.take()
        assert key not in self.working, "nobody else works on it"
        held = Counter(one.namespace for one in self.working)
        assert held[key.namespace] < self.workers - len(self.working), "as many are free as it has now"
        self._count_turn(key.namespace, held)
        self.taken_at[key].append(now())
        self.working.append(key)
        self.owed.discard(key)

    def _count_turn(self, namespace: str, held: Counter[str]) -> None:
        """While a namespace that holds nothing waits, nobody has a second turn."""
        self.turns_since.pop(namespace, None)
        for waiting, turns in self.turns_since.items():
            if not held[waiting]:
                turns[namespace] += 1
                assert turns[namespace] == 1, f"{waiting} waits, and {namespace} has its second turn"

    @rule(place=st.integers(0, 5), how=st.sampled_from(["done", "retry", "hold", "gone"]))
    def end(self, place: int, how: str) -> None:
        async def story() -> None:
            key = self.working[place]
            if how == "retry":
                self.owed.add(key)
                assert self.queue.retry(key) <= 300
            elif how == "hold":
                self.owed.add(key)
                assert self.queue.hold(key, 1.0) >= 1
            elif how == "gone":
                self.queue.forget(key)
            else:
                self.queue.succeeded(key)
            self._end(place)

        if place < len(self.working):
            self.runner.run(story())

    def _end(self, place: int) -> None:
        self.queue.done(self.working.pop(place))

    @invariant()
    def who_waits_is_known(self) -> None:
        if not hasattr(self, "queue"):
            return
        ready = {key.namespace for key in KEYS if key in self.queue._turns}  # noqa: SLF001 - from here they count
        held = {key.namespace for key in self.working}
        for namespace in ready - held:
            self.turns_since.setdefault(namespace, Counter())
        for namespace in set(self.turns_since) - (ready - held):
            del self.turns_since[namespace]

    @invariant()
    def no_key_is_looked_at_more_often_than_allowed(self) -> None:
        for times in self.taken_at.values():
            for first, last in zip(times, times[AT_ONCE + 1 :], strict=False):
                assert last - first >= LOOK_SECONDS * 0.99


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)


@pytest.mark.parametrize(
    ("noisy", "each"),
    [(1, WORKERS // 2), (2, 5), (3, 4), (WORKERS - 1, 1)],
    ids=["one has half", "two have a third each", "three a quarter", "fifteen leave one"],
)
def test_busy_namespaces_share_and_leave_as_much_as_each_has(noisy: int, each: int) -> None:
    turns, held = Turns(WORKERS), Counter[str]()
    waiting = [Key(f"noisy-{team}", str(number)) for number in range(100) for team in range(noisy)]
    working: list[Key] = []
    for key in waiting:
        turns.add(key, 0.0)
    for _ in range(20 * WORKERS):  # whoever has the most ends one, until everybody has the same
        while (key := turns.take()) is not None:
            working.append(key)
            turns.add(Key(key.namespace, f"{key.name}'"), 0.0)
        held = Counter(key.namespace for key in working)
        most = max(working, key=lambda one: held[one.namespace])
        working.remove(most)
        turns.give_back(most)
    assert set(held.values()) <= {each, each + 1}
    assert WORKERS - held.total() >= each - 1


@pytest.mark.parametrize(
    ("noisy", "most"),
    [(1, 0), (3, 0), (WORKERS - 1, 0), (40, 40 * LOOK / WORKERS + LOOK)],
    ids=["one", "three", "fifteen", "forty, and everybody has one turn before"],
)
def test_who_comes_rarely_is_served_soon_however_many_are_slow(noisy: int, most: float) -> None:
    """Each noisy namespace has sixty resources whose looks take ten seconds each and never end."""

    async def story() -> None:
        queue, waits, wished = WorkQueue(), list[float](), dict[Key, float]()

        async def work() -> None:
            while True:
                key = await queue.take()
                if key.namespace == "quiet":
                    waits.append(now() - wished[key])
                else:
                    await asyncio.sleep(LOOK)
                    queue.add(key)
                queue.done(key)

        workers = [asyncio.create_task(work()) for _ in range(WORKERS)]
        for number in range(60):
            for team in range(noisy):
                queue.add(Key(f"noisy-{team}", str(number)))
        await asyncio.sleep(5 * LOOK)  # those who came first had more for a while
        for number in range(100):
            key = Key("quiet", str(number))
            wished[key] = now()
            queue.add(key)
            await asyncio.sleep(47.3)
        assert len(waits) == 100
        assert max(waits) <= most
        for worker in workers:
            worker.cancel()

    tell(story())
