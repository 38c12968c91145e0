"""The workers: when a key comes again, after what its look came to."""

import asyncio
import contextlib
import math
from typing import cast

import pytest

from llamafleet.api.observed import Key
from llamafleet.errors import Ending, Stale, Unavailable
from llamafleet.reconcile.queue import WorkQueue
from llamafleet.reconcile.reconciler import Outcome, Reconciler
from llamafleet.reconcile.workers import RESYNC_SECONDS, SOONEST_SECONDS, run_workers

KEY = Key("team-a", "scout")


class Scripted:
    """A reconciler whose looks come to what the test says, one after another; the last one again."""

    def __init__(self, *results: Outcome | Exception | None) -> None:
        """The results, in order."""
        self.results = list(results)
        self.looks = 0

    async def reconcile(self, key: Key) -> Outcome | None:
        assert key == KEY
        self.looks += 1
        result = self.results.pop(0) if len(self.results) > 1 else self.results[0]
        if isinstance(result, Exception):
            raise result
        return result


class Recorded(WorkQueue):
    """A queue that notes for when a key is asked for, and hands it out at once while it should."""

    def __init__(self, at_once: int) -> None:
        """So many wishes are granted at once, the others never."""
        super().__init__()
        self.waits: list[float] = []
        self.forgotten = 0
        self._at_once = at_once

    def add_after(self, key: Key, seconds: float) -> None:
        self.waits.append(seconds)
        if len(self.waits) <= self._at_once:
            self.add(key)

    def forget(self, key: Key) -> None:
        self.forgotten += 1
        super().forget(key)


def worked(*results: Outcome | Exception | None) -> tuple[Recorded, list[str]]:
    """What a worker did with a key until all results were used."""
    queue, words = Recorded(len(results) - 1), []
    reconciler = Scripted(*results)

    async def story() -> None:
        finished = asyncio.Event()

        def measure(result: str, _seconds: float) -> None:
            words.append(result)
            if len(words) == len(results):
                finished.set()

        queue.add(KEY)
        task = asyncio.create_task(run_workers(queue, cast("Reconciler", reconciler), measure, 2))
        await asyncio.wait_for(finished.wait(), 10)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(story())
    assert reconciler.looks == len(results)
    return queue, words


@pytest.mark.parametrize(
    ("wake", "wait"),
    [
        pytest.param(37.0, 37.0, id="at the end of the window"),
        pytest.param(0.0, SOONEST_SECONDS, id="now is in a second"),
        pytest.param(-5.0, SOONEST_SECONDS, id="and so is what has passed"),
    ],
)
def test_a_look_comes_again_when_time_changes_something(wake: float, wait: float) -> None:
    queue, words = worked(Outcome(0, wake))
    assert (queue.waits, words) == ([wait], ["done"])


@pytest.mark.parametrize("wake", [math.inf, 30 * 24 * 3600.0])
def test_a_look_comes_again_soon_enough_also_when_nothing_is_in_sight(wake: float) -> None:
    queue, _ = worked(Outcome(0, wake))
    (wait,) = queue.waits
    assert RESYNC_SECONDS <= wait <= 1.5 * RESYNC_SECONDS


def test_a_stale_look_is_repeated_at_once_and_is_no_failure_afterwards() -> None:
    queue, words = worked(Stale("HTTP 409"), Outcome(0, 60.0), Stale("HTTP 409"), Outcome(0, 60.0))
    assert words == ["stale", "done", "stale", "done"]
    assert max(queue.waits[0], queue.waits[2]) <= 0.3, "each time as if for the first time"
    assert queue.waits[1] == queue.waits[3] == 60.0


def test_failures_come_again_later_and_later() -> None:
    error = Unavailable("HTTP 500")
    queue, words = worked(*[error] * 6)
    assert words == ["failed"] * 6
    assert queue.waits == sorted(queue.waits)
    assert queue.waits[-1] >= 0.2 * 2**5


def test_a_child_that_cannot_be_written_does_not_hold_up_the_end_of_a_window() -> None:
    """Its back-off goes to minutes, and the window ends in seven seconds."""
    error = Unavailable("HTTP 409")
    error.wake_seconds = 7.0
    queue, _ = worked(error)
    retry, wake = queue.waits
    assert retry <= 0.3
    assert wake == 7.0
    error.wake_seconds = -1.0
    assert worked(error)[0].waits[1] == SOONEST_SECONDS


def test_a_bug_in_one_look_ends_no_worker() -> None:
    queue, words = worked(ZeroDivisionError("oh"), Outcome(0, 60.0))
    assert words == ["broken", "done"]
    assert queue.waits[-1] == 60.0


@pytest.mark.parametrize("result", [None, Ending("HTTP 403")])
def test_what_is_gone_is_forgotten(result: Exception | None) -> None:
    queue, words = worked(result)
    assert (queue.waits, queue.forgotten, words) == ([], 1, ["gone"])
