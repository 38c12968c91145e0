"""An Event that could not be written is told later; money and pods do not wait for it."""

import asyncio
import math
from datetime import timedelta

import pytest

from builders import NOW
from llamafleet.api.observed import Announcement
from llamafleet.errors import Forbidden, LlamafleetError, Rejected, Throttled, Unavailable, Unreachable
from llamafleet.reconcile.untold import FIRST_RETRY, LAST_RETRY, LASTING, MOST, Untold
from reconcile.memory import Memory
from reconcile.nights import KEY, nightly

SILENT = Unreachable("POST /events: TimeoutError")


class Ear:
    """Announcements of one resource, a world that may not take them, and a clock."""

    def __init__(self, refused: LlamafleetError | None = SILENT) -> None:
        """Refuse every Event, for this reason."""
        self.world = Memory(None)
        self.untold = Untold()
        self.now = NOW
        self.refuse(refused)

    def refuse(self, error: LlamafleetError | None) -> None:
        self.world.refused = {"Event": error} if error else {}

    def tell(self, again: str = "1", reason: str = "WindowClosed") -> None:
        event = Announcement(KEY, "uid", "Normal", reason, "It is closed.", self.now, again)
        asyncio.run(self.untold.tell(self.world, event, self.now))

    def tell_again(self, after: timedelta = timedelta()) -> float:
        self.now += after
        return asyncio.run(self.untold.tell_again(self.world, KEY, self.now))

    def heard(self) -> list[str]:
        return [event.again for event in self.world.announced]


def test_what_could_not_be_written_is_told_later_in_its_order_and_with_its_own_instant() -> None:
    ear = Ear()
    ear.tell("1")
    assert ear.tell_again() == FIRST_RETRY.total_seconds()
    ear.refuse(None)
    ear.tell("2")
    assert ear.heard() == [], "the second waits for the first"
    assert ear.tell_again(FIRST_RETRY) == math.inf
    assert ear.heard() == ["1", "2"]
    assert ear.world.announced[0].at == NOW
    ear.tell("3")
    assert ear.heard() == ["1", "2", "3"], "and everything is as ever"


def test_the_pause_doubles_and_a_look_before_its_end_sends_nothing() -> None:
    ear = Ear()
    ear.tell()
    pauses = [wait := ear.tell_again()]
    while wait < LAST_RETRY.total_seconds():
        assert ear.tell_again(timedelta(seconds=wait / 2)) == wait / 2
        pauses.append(wait := ear.tell_again(timedelta(seconds=wait / 2)))
    assert pauses == [2, 4, 8, 16, 32, 60]


def test_a_clock_that_is_set_back_does_not_silence_it() -> None:
    ear = Ear()
    ear.tell()
    ear.refuse(None)
    ear.tell_again(timedelta(days=-1))
    assert ear.heard() == ["1"]


def test_after_an_hour_nobody_wants_to_hear_it(caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear()
    ear.tell("old")
    ear.now += timedelta(seconds=1)
    ear.tell("young")
    ear.refuse(None)
    assert ear.tell_again(LASTING) == math.inf
    assert ear.heard() == ["young"]
    assert caplog.messages[-1] == "team-a/llama: the event WindowClosed is never written: it is too old"


@pytest.mark.parametrize("error", [Forbidden("HTTP 403"), Rejected("HTTP 422")])
def test_a_refusal_is_final(error: LlamafleetError, caplog: pytest.LogCaptureFixture) -> None:
    ear = Ear(error)
    ear.tell()
    ear.refuse(None)
    assert ear.tell_again(LASTING / 2) == math.inf
    assert ear.heard() == []
    assert caplog.messages == [f"team-a/llama: the event WindowClosed is refused: {error}"]


def test_one_refusal_does_not_keep_the_others() -> None:
    ear = Ear()
    ear.tell("1")
    ear.tell("2")
    ear.refuse(Forbidden("HTTP 403"))
    assert ear.tell_again(FIRST_RETRY) == math.inf


def test_the_last_ones_are_kept_each_once() -> None:
    ear = Ear()
    for number in range(MOST + 5):
        ear.tell(str(number))
        ear.tell(str(number))
    ear.refuse(None)
    ear.tell_again(FIRST_RETRY)
    assert ear.heard() == [str(number) for number in range(5, MOST + 5)]


def test_in_a_storm_it_is_kept_and_the_look_waits() -> None:
    ear = Ear()
    ear.tell()
    ear.refuse(Throttled("HTTP 429", 3.0))
    with pytest.raises(Throttled):
        ear.tell_again(FIRST_RETRY)
    ear.refuse(None)
    assert ear.tell_again() == math.inf
    assert ear.heard() == ["1"]


def test_what_is_gone_has_nothing_to_tell() -> None:
    ear = Ear()
    ear.tell()
    ear.untold.forget(KEY)
    assert ear.tell_again(FIRST_RETRY) == math.inf


def test_a_window_closes_at_once_and_its_event_follows() -> None:
    night = nightly().look("2026-11-21 01:00")
    night.world.refused["Event"] = Unavailable("HTTP 500")
    night.look("2026-11-21 04:00")
    assert (night.replicas, night.conditions()["WindowOpen"]) == (0, ("False", "Closed"))
    assert night.told() == ["WindowOpened"]
    assert night.wake == night.now + FIRST_RETRY
    del night.world.refused["Event"]
    night.look("2026-11-21 04:00:02")
    assert night.told() == ["WindowOpened", "WindowClosed"]
    assert night.world.announced[-1].at == night.now - FIRST_RETRY
    assert night.wake is not None
    assert night.wake > night.now + LASTING


def test_a_write_that_fails_does_not_keep_it_from_being_told() -> None:
    night = nightly().look("2026-11-21 01:00")
    night.world.refused |= {"Event": SILENT, "Service": Unavailable("HTTP 500")}
    with pytest.raises(Unavailable, match="HTTP 500") as failed:
        night.look("2026-11-21 04:00")
    assert failed.value.wake_seconds == FIRST_RETRY.total_seconds()
