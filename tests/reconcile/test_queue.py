"""The work queue: keys are worked on once at a time, never lost, and later after each failure."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafleet.api.observed import Key
from llamafleet.reconcile.queue import BURST_SECONDS, FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS, WorkQueue

A, B = Key("team-a", "scout"), Key("team-b", "maverick")


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 10))


def test_a_key_added_twice_is_worked_on_once() -> None:
    async def story() -> None:
        queue = WorkQueue()
        queue.add(A)
        queue.add(B)
        queue.add(A)
        assert [await queue.take(), await queue.take()] == [A, B]
        assert len(queue) == 0

    run(story())


def test_a_key_added_while_it_is_worked_on_comes_again_afterwards() -> None:
    async def story() -> None:
        queue = WorkQueue()
        queue.add(A)
        assert await queue.take() == A
        queue.add(A)
        assert len(queue) == 0, "no second worker may take it now"
        queue.done(A)
        assert await queue.take() == A

    run(story())


def test_the_earlier_of_two_delays_counts() -> None:
    async def story() -> None:
        queue = WorkQueue()
        queue.add_after(A, 60)
        queue.add_after(A, 0.01)
        queue.add_after(A, 90)
        assert await queue.take() == A

    run(story())


def test_failures_are_retried_later_each_time_and_success_forgets_them() -> None:
    async def story() -> None:
        queue = WorkQueue()
        pauses = [queue.retry(A) for _ in range(30)]
        for failures, pause in enumerate(pauses):
            base = min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0**failures)
            assert base <= pause <= base * 1.5
        assert queue.retry(B) < FIRST_RETRY_SECONDS * 2, "the failures of one key do not delay another"
        queue.succeeded(A)
        assert queue.retry(A) <= FIRST_RETRY_SECONDS * 1.5

    run(story())


def test_a_forgotten_key_does_not_return() -> None:
    async def story() -> None:
        queue = WorkQueue()
        queue.add_after(A, 0.01)
        queue.forget(A)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(queue.take(), 0.1)

    run(story())


def test_a_child_that_keeps_changing_is_repaired_ever_more_seldom() -> None:
    async def story() -> None:
        queue, waits = WorkQueue(), []
        loop = asyncio.get_running_loop()
        for _ in range(4):
            asked = loop.time()
            queue.add_soon(A)
            key = await queue.take()
            waits.append(loop.time() - asked)
            queue.pace(key, busy=True)
            queue.done(key)
        assert all(wait >= BURST_SECONDS * 2.0**repairs for repairs, wait in enumerate(waits))
        queue.pace(A, busy=False)
        queue.add_soon(A)
        assert await asyncio.wait_for(queue.take(), 1) == A, (
            "once nothing had to be repaired, all is calm again"
        )

    run(story())


@given(st.lists(st.sampled_from(["add a", "add b", "take", "done"]), max_size=40))
def test_no_key_is_lost_and_none_is_worked_on_twice_at_once(steps: list[str]) -> None:
    async def story() -> None:
        queue, working, owed = WorkQueue(), [], set[Key]()
        for step in steps:
            if step.startswith("add"):
                key = A if step == "add a" else B
                queue.add(key)
                owed.add(key)
            elif step == "take" and len(queue):
                key = await queue.take()
                assert key not in working
                working.append(key)
                owed.discard(key)
            elif step == "done" and working:
                queue.done(working.pop(0))
        for key in working:
            queue.done(key)
        taken = {await queue.take() for _ in range(len(queue))}
        assert owed <= taken

    run(story())
