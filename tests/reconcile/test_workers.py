"""The workers: when a key comes again, after what its look came to."""

import asyncio
import contextlib
import logging
import math
from typing import cast

import pytest

from llamafleet.api.observed import Key
from llamafleet.errors import Conflict, Ending, Forbidden, Rejected, Stale, Throttled, Unavailable
from llamafleet.reconcile.queue import WorkQueue
from llamafleet.reconcile.reconciler import Outcome, Reconciler
from llamafleet.reconcile.workers import RESYNC_SECONDS, SOONEST_SECONDS, run_workers
from reconcile.jumping import tell

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
    """A queue that notes for when the workers ask for a key."""

    def __init__(self) -> None:
        """Nothing was asked for."""
        super().__init__()
        self.waits: list[float] = []
        self.forgotten = 0

    def add_after(self, key: Key, seconds: float) -> None:
        if key in self._working:
            self.waits.append(seconds)
        super().add_after(key, seconds)

    def forget(self, key: Key) -> None:
        self.forgotten += 1
        super().forget(key)


def worked(*results: Outcome | Exception | None) -> tuple[Recorded, list[str]]:
    """What a worker did with a key until all results were used."""
    words: list[str] = []
    reconciler = Scripted(*results)

    async def story() -> Recorded:
        finished, queue = asyncio.Event(), Recorded()

        def measure(result: str, _seconds: float) -> None:
            words.append(result)
            if len(words) == len(results):
                finished.set()

        queue.add(KEY)
        task = asyncio.create_task(run_workers(queue, cast("Reconciler", reconciler), measure))
        await finished.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return queue

    queue = tell(story())
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
    assert queue.waits[-1] >= 0.1 * 2**5


@pytest.mark.parametrize(
    ("error", "longest"),
    [
        pytest.param(Unavailable("HTTP 500"), 60.0, id="an outage ends for everybody at once"),
        pytest.param(Forbidden("HTTP 403"), 300.0, id="a quota changes when somebody changes it"),
        pytest.param(Conflict("HTTP 409"), 300.0, id="and so does a name"),
        pytest.param(Rejected("HTTP 422"), 300.0, id="and a webhook"),
    ],
)
def test_the_longest_pause_depends_on_who_can_mend_it(error: Unavailable, longest: float) -> None:
    queue, _ = worked(*[error] * 15)
    assert longest / 2 <= queue.waits[-1] <= longest


def test_who_is_told_to_wait_waits_and_has_not_failed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    throttled = Throttled("HTTP 429", 7.0)
    queue, words = worked(throttled, throttled, Unavailable("HTTP 500"))
    assert words == ["throttled", "throttled", "failed"]
    assert 7.0 <= queue.waits[0] <= 14.0 <= queue.waits[1]
    assert queue.waits[2] <= 0.2, "its first failure"
    assert [line for line in caplog.messages if "429" in line] == [], "the gate says it, once for all"


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
