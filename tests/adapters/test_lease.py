"""Of all processes that stand for a lease, at most one may write, whatever happens; soon one does."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters import elections
from adapters.elections import Leases, Process, candidacy
from llamafleet.adapters import lease
from reconcile.jumping import tell

A, B, C = "pod-a", "pod-b", "pod-c"


@pytest.fixture(autouse=True)
def processes_that_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "sleep", elections.sleep)


class Story:
    """Processes over one set of leases. Twenty times a second it is looked that not two of them may write."""

    def __init__(self) -> None:
        """Nobody is there yet."""
        self.leases = Leases()
        self.processes: list[Process] = []

    def start(self, identity: str, **options: Any) -> Process:
        wish = options.pop("wish", None) or candidacy(identity)
        process = Process(self.leases, wish, **options)
        self.processes.append(process)
        process.start()
        return process

    async def go(self, seconds: float) -> None:
        for _ in range(round(seconds * 20)):
            await asyncio.sleep(0.05)
            writers = [one.candidacy for one in self.processes if one.may_write]
            assert len(writers) <= 1, f"at {asyncio.get_running_loop().time():.2f} s: {writers}"

    async def until(self, condition: Callable[[], object], seconds: float) -> float:
        """For how many seconds it took until something was so."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not condition():
            assert loop.time() - began <= seconds, f"not within {seconds} s"
            await self.go(0.05)
        return loop.time() - began

    @property
    def spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.leases.objects["llamafleet"]["spec"]
        return spec


def run(story: Callable[[Story], Awaitable[None]]) -> None:
    async def told() -> None:
        given_story = Story()
        await story(given_story)
        for process in given_story.processes:
            if process.task is not None:
                process.task.cancel()

    tell(told())


def test_the_first_leads_at_once_and_the_next_stands_by() -> None:
    async def story(it: Story) -> None:
        a = it.start(A)
        await it.until(lambda: a.may_write, 0.5)
        b = it.start(B)
        await it.go(60)
        assert (a.won, b.won) == (1, 0)
        assert it.spec["holderIdentity"] == A
        assert it.spec["leaseDurationSeconds"] == 4
        assert it.spec["leaseTransitions"] == 0
        assert it.spec["renewTime"] > it.spec["acquireTime"]

    run(story)


def test_a_leader_that_is_killed_is_replaced_within_five_seconds() -> None:
    async def story(it: Story) -> None:
        a = it.start(A)
        await it.go(10)
        b, _ = it.start(B), it.start(C)
        await it.go(10)
        a.kill()
        took = await it.until(lambda: any(one.may_write for one in it.processes), 5)
        assert took > 2, "its lease is respected"
        assert it.spec["leaseTransitions"] == 1
        assert sum(one.may_write for one in it.processes) == 1
        assert b.won or it.processes[2].won

    run(story)


def test_a_lease_that_was_released_is_taken_at_once() -> None:
    async def story(it: Story) -> None:
        a = it.start(A)
        await it.go(3)
        b = it.start(B)
        await it.go(3)
        a.end()
        assert not a.may_write
        await it.until(lambda: b.may_write, 0.5)
        assert it.spec["leaseTransitions"] == 1

    run(story)


def test_a_leader_that_wakes_after_its_lease_was_taken_may_not_write_and_ends() -> None:
    async def story(it: Story) -> None:
        a = it.start(A)
        await it.go(3)
        b = it.start(B)
        a.stopped_until = asyncio.get_running_loop().time() + 60
        assert await it.until(lambda: b.may_write, 5) > 2
        await it.go(60)
        assert a.lost == "the lease was not renewed in time"
        assert not a.may_write
        assert b.may_write

    run(story)


def test_a_leader_that_could_not_renew_in_time_ends_though_nobody_else_leads() -> None:
    async def story(it: Story) -> None:
        a = it.start(A)
        await it.go(3)
        a.stopped_until = asyncio.get_running_loop().time() + 60
        await it.go(30)
        assert not a.may_write, "the lease is over, as far as it can know"
        await it.go(32)
        assert a.lost
        assert not a.may_write

    run(story)


def test_a_leader_that_is_cut_off_stops_writing_before_another_begins() -> None:
    async def story(it: Story) -> None:
        a = it.start(A)
        await it.go(3)
        b = it.start(B)
        await it.go(3)
        a.cut_until = asyncio.get_running_loop().time() + 30
        stopped = await it.until(lambda: not a.may_write, 3.1)
        began = await it.until(lambda: b.may_write, 5 - stopped)
        assert began > 0.5, "a quarter of the lease lies between"
        await it.go(30)
        assert a.lost

    run(story)


def test_a_container_that_starts_again_has_its_lease_back_at_once() -> None:
    async def story(it: Story) -> None:
        a, _ = it.start(A), it.start(B)
        await it.go(3)
        a.kill()
        again = it.start(A)
        await it.until(lambda: again.may_write, 0.5)
        assert it.spec["leaseTransitions"] == 1, "another process of the same name"

    run(story)


def test_a_renewal_of_which_nobody_heard_is_no_loss() -> None:
    async def story(it: Story) -> None:
        a = it.start(A)
        await it.go(2)
        slow = iter([0.01, 2.0])
        a.latency = lambda _luck: next(slow, 0.01)
        await it.go(10)
        assert a.may_write
        assert not a.lost

    run(story)


def test_a_lease_of_a_longer_duration_is_respected() -> None:
    async def story(it: Story) -> None:
        a = it.start(A, wish=elections.Candidacy(elections.NAMESPACE, "llamafleet", A, 20))
        await it.go(2)
        a.kill()
        b = it.start(B)
        assert await it.until(lambda: b.may_write, 22) > 19

    run(story)


def test_who_cannot_see_the_cluster_does_not_stand() -> None:
    async def story(it: Story) -> None:
        a = it.start(A, is_fit=False)
        await it.go(20)
        assert not it.leases.objects
        a.is_fit = True
        await it.until(lambda: a.may_write, 0.6)

    run(story)


def test_a_lease_that_vanishes_is_nobodys_before_its_time_is_over() -> None:
    async def story(it: Story) -> None:
        a = it.start(A)
        await it.go(2)
        b = it.start(B)
        await it.go(2)
        a.stopped_until = asyncio.get_running_loop().time() + 2
        del it.leases.objects["llamafleet"]
        await it.go(2.5)
        assert a.lost.endswith("was deleted")
        assert await it.until(lambda: b.may_write, 3) > 0.5

    run(story)


def test_two_leases_for_the_same_namespaces_do_not_both_lead() -> None:
    async def story(it: Story) -> None:
        a = it.start(A, wish=candidacy(A, name="one", namespaces=("team-a", "team-b")))
        await it.go(2)
        b = it.start(B, wish=candidacy(B, name="two", namespaces=("team-b", "team-c")))
        await it.go(30)
        assert a.may_write
        assert not b.won
        a.kill()
        assert await it.until(lambda: b.may_write, 12) > 2

    run(story)


def test_shards_that_share_no_namespace_lead_side_by_side() -> None:
    async def story(it: Story) -> None:
        a = it.start(A, wish=candidacy(A, name="one", namespaces=("team-a",)))
        b = it.start(B, wish=candidacy(B, name="two", namespaces=("team-b",)))
        await asyncio.sleep(1)
        assert a.may_write
        assert b.may_write
        marks = [one["metadata"]["annotations"] for one in it.leases.objects.values()]
        assert marks == [{"llamafleet.io/namespaces": "team-a"}, {"llamafleet.io/namespaces": "team-b"}]

    run(story)


def test_a_rival_that_was_taken_for_dead_finds_out_when_it_wakes() -> None:
    async def story(it: Story) -> None:
        a = it.start(A, wish=candidacy(A, name="one"))
        await it.go(2)
        a.stopped_until = asyncio.get_running_loop().time() + 60
        b = it.start(B, wish=candidacy(B, name="two"))
        await it.until(lambda: b.may_write, 15)
        await it.go(60)
        assert a.lost == "the lease was not renewed in time", "its own lease nobody has taken"
        assert not a.may_write
        assert b.may_write

    run(story)


FAULTS = st.lists(
    st.tuples(
        st.floats(0.05, 6),  # after so many seconds
        st.integers(0, 2),  # to this process
        st.sampled_from(["stop", "cut", "kill", "end"]),
        st.floats(0.05, 12),  # for so many seconds
    ),
    max_size=12,
)
RATES = st.tuples(*[st.floats(0.95, 1.05)] * 3)


Fault = tuple[float, int, str, float]


@dataclass
class Troubles:
    """Three processes, and what happens to them."""

    it: Story
    rates: tuple[float, ...]
    slowness: float
    luck: random.Random

    def __post_init__(self) -> None:
        """Start them."""
        self.processes = [self.start(number, name) for number, name in enumerate((A, B, C))]

    def start(self, number: int, name: str) -> Process:
        def latency(luck: random.Random) -> float:
            return 0.005 + self.slowness * luck.random()

        return self.it.start(name, clock_rate=self.rates[number], luck=self.luck, latency=latency)

    def strike(self, number: int, fault: str, seconds: float) -> None:
        """Whoever is stopped can be neither told anything nor found to have died."""
        process, now = self.processes[number], asyncio.get_running_loop().time()
        if fault == "stop":
            process.stopped_until = now + seconds
        elif fault == "cut":
            process.cut_until = now + seconds
        elif process.stopped_until <= now:
            process.kill() if fault == "kill" else process.end()
            self.replace(number)

    def replace(self, number: int) -> None:
        self.processes[number] = self.start(number, f"{self.processes[number].candidacy.identity}+")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(FAULTS, RATES, st.floats(0, 0.6), st.integers(0, 2**32))
def test_never_two_and_in_the_end_one(
    faults: list[Fault], rates: tuple[float, ...], slowness: float, seed: int
) -> None:
    """Clocks run differently, requests are slow or lost, processes stop and die, in any order."""

    async def story(it: Story) -> None:
        troubles = Troubles(it, rates, slowness, random.Random(seed))  # noqa: S311 - told again by its seed
        for after, number, fault, seconds in faults:
            await it.go(after)
            troubles.strike(number, fault, seconds)
        await it.go(13)  # whoever was stopped or cut off is not any more
        for number, process in enumerate(troubles.processes):
            process.latency = lambda _luck: 0.005
            if process.lost:
                troubles.replace(number)
        await it.until(lambda: any(one.may_write for one in it.processes), 12)

    run(story)
