"""The work queue: keys are worked on once at a time, never lost, and later after each failure."""

import asyncio
import random

import pytest

from llamafleet.api.observed import Key
from llamafleet.reconcile.allowance import AT_ONCE, FEWEST, LOOK_SECONDS, Allowance
from llamafleet.reconcile.queue import (
    BURST_SECONDS,
    FIRST_RETRY_SECONDS,
    LAST_BURST_SECONDS,
    LAST_HOLD_SECONDS,
    LAST_RETRY_SECONDS,
    WorkQueue,
)
from reconcile.jumping import tell

A, B = Key("team-a", "scout"), Key("team-b", "maverick")


def now() -> float:
    return asyncio.get_running_loop().time()


async def nothing_within(queue: WorkQueue, seconds: float) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.take(), seconds)


def test_a_key_added_twice_is_worked_on_once() -> None:
    async def story() -> None:
        queue = WorkQueue()
        queue.add(A)
        queue.add(B)
        queue.add(A)
        assert len(queue) == 2
        assert [await queue.take(), await queue.take()] == [A, B]
        assert len(queue) == 0

    tell(story())


def test_a_key_added_while_it_is_worked_on_comes_again_afterwards() -> None:
    async def story() -> None:
        queue = WorkQueue()
        queue.add(A)
        assert await queue.take() == A
        queue.add(A)
        assert len(queue) == 0, "no second worker may take it now"
        queue.done(A)
        assert await queue.take() == A

    tell(story())


def test_the_earlier_of_two_delays_counts() -> None:
    async def story() -> None:
        queue = WorkQueue()
        queue.add_after(A, 60)
        queue.add_after(A, 5)
        queue.add_after(A, 90)
        assert await queue.take() == A
        assert now() == pytest.approx(5)
        queue.done(A)
        await nothing_within(queue, 100)

    tell(story())


def test_failures_are_retried_later_each_time_and_success_forgets_them() -> None:
    async def story() -> None:
        queue = WorkQueue()
        pauses = [queue.retry(A) for _ in range(30)]
        for failures, pause in enumerate(pauses):
            most = min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0**failures)
            assert most / 2 <= pause <= most
        assert queue.retry(B) <= FIRST_RETRY_SECONDS, "the failures of one key do not delay another"
        queue.succeeded(A)
        assert queue.retry(A) <= FIRST_RETRY_SECONDS
        for _ in range(30):
            assert queue.retry(A, 60.0) <= 60.0

    tell(story())


def test_a_forgotten_key_has_no_past_and_what_came_during_its_last_look_counts() -> None:
    """It may be the first sign of a namesake."""

    async def story() -> None:
        queue = WorkQueue()
        queue.add(A)
        await queue.take()
        for _ in range(10):
            queue.retry(A)
            queue.pace(A, busy=True)
        queue.add_soon(A)
        queue.forget(A)
        queue.done(A)
        assert await queue.take() == A
        queue.done(A)
        await nothing_within(queue, 1000)
        asked = now()
        queue.add_soon(A)
        await queue.take()
        assert now() - asked == pytest.approx(BURST_SECONDS)
        assert queue.retry(A) <= FIRST_RETRY_SECONDS

    tell(story())


def test_a_child_that_keeps_changing_is_repaired_ever_more_seldom() -> None:
    async def story() -> None:
        queue, waits = WorkQueue(), []
        for _ in range(12):
            asked = now()
            queue.add_soon(A)
            key = await queue.take()
            waits.append(now() - asked)
            queue.pace(key, busy=True)
            queue.done(key)
        assert waits[0] == pytest.approx(BURST_SECONDS)
        bursts = [min(LAST_BURST_SECONDS, BURST_SECONDS * 2.0**repairs) for repairs in range(1, 12)]
        assert waits[1:] == pytest.approx([max(LOOK_SECONDS, burst) for burst in bursts])
        queue.pace(A, busy=False)
        await asyncio.sleep(1)
        asked = now()
        queue.add_soon(A)
        assert await queue.take() == A
        assert now() - asked == pytest.approx(BURST_SECONDS), "once nothing was repaired, all is calm again"

    tell(story())


def test_a_key_that_was_put_off_is_left_alone_for_that_time_whatever_else_happens() -> None:
    async def story() -> None:
        queue = WorkQueue()
        queue.hold(A, 10)
        for ask in (queue.add, queue.add_soon, lambda key: queue.add_after(key, 1)):
            ask(A)
        queue.add(B)
        assert await queue.take() == B, "nobody else waits for it"
        assert await queue.take() == A
        assert 10 <= now() <= 20

    tell(story())


def test_a_key_that_is_put_off_time_and_again_asks_ever_more_seldom_and_that_is_no_failure() -> None:
    async def story() -> None:
        queue = WorkQueue()
        pauses = [queue.hold(A, 1) for _ in range(12)]
        for times, pause in enumerate(pauses):
            least = min(LAST_HOLD_SECONDS, 2.0**times)
            assert least <= pause <= 2 * least
        assert queue.hold(B, 90) >= 90, "what the server names is the least"
        assert queue.retry(A) <= FIRST_RETRY_SECONDS
        queue.succeeded(A)
        assert queue.hold(A, 1) <= 2

    tell(story())


def test_a_storm_of_changes_of_one_resource_is_a_few_looks() -> None:
    """Ten thousand changes in a minute, and a worker that needs no time."""

    async def story() -> None:
        queue, looks = WorkQueue(), list[float]()

        async def work() -> None:
            while True:
                key = await queue.take()
                looks.append(now())
                queue.done(key)

        worker = asyncio.create_task(work())
        for _ in range(10_000):
            await asyncio.sleep(0.006)
            queue.add(A)
        last = now()
        await asyncio.sleep(100)
        assert AT_ONCE + 60 / LOOK_SECONDS - 2 <= len(looks) <= AT_ONCE + 60 / LOOK_SECONDS + 1
        assert last <= looks[-1] <= last + LOOK_SECONDS, "the last change was looked at"
        worker.cancel()

    tell(story())


def test_who_was_quiet_has_all_looks_in_hand_and_needs_no_memory() -> None:
    allowance = Allowance()
    for _ in range(AT_ONCE):
        assert allowance.wait(A, 0.0) == 0
        allowance.spend(A, 0.0)
    assert allowance.wait(A, 0.0) == pytest.approx(LOOK_SECONDS)
    assert allowance.wait(B, 0.0) == 0
    for number in range(10 * FEWEST):
        allowance.spend(Key("n", str(number)), float(number))
    assert len(allowance._paid_at) <= FEWEST + 1  # noqa: SLF001 - what is held is the claim


def test_many_keys_that_failed_together_come_back_apart() -> None:
    """After an hour's outage each is back within a minute, and no second brings more than 6 %."""
    random.seed(7)  # of a few thousand throws one has 60 keys in a second, by chance alone

    async def story() -> None:
        queue, back = WorkQueue(workers=1000), list[int]()
        for number in range(1000):
            for _ in range(20):
                queue.retry(Key(f"team-{number}", "scout"), 60.0)
                queue._cancel_timer(Key(f"team-{number}", "scout"))  # noqa: SLF001 - each has passed, but the last
            queue.retry(Key(f"team-{number}", "scout"), 60.0)
        for _ in range(1000):
            await queue.take()
            back.append(int(now()))
        assert 30 <= min(back) < max(back) < 60
        assert max(back.count(second) for second in back) < 60

    tell(story())


def test_how_long_the_oldest_waits_is_told() -> None:
    async def story() -> None:
        queue = WorkQueue()
        assert queue.oldest_seconds() == 0
        queue.add(A)
        assert queue.oldest_seconds() > 0
        await queue.take()
        assert queue.oldest_seconds() == 0

    asyncio.run(story())
