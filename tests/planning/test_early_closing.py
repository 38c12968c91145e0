"""``closeWhenIdle``: what closes a window early, what never does, and what opens it again."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from llamafleet.planning.earlyclosing import CALM, LOOK, NOTHING, EarlyClosing
from llamafleet.planning.plan import Plan
from llamafleet.planning.schedule.opening import NO_OVERRIDES, Overrides
from planning.givens import spec
from planning.hours import decided, schedule, told, utc, window

START, END = utc("2026-11-21 00:00"), utc("2026-11-21 04:00")
NEXT = utc("2026-11-22 00:00")
MINUTE = timedelta(minutes=1)


class Night:
    """One fleet that closes when idle, and what it remembers from look to look."""

    def __init__(self, **given: Any) -> None:
        """Begin at the start of the window, or with another schedule."""
        self.asked = spec(replicas=2, schedule=schedule(**{"closeWhenIdle": True, **given}))
        self.early = NOTHING

    def look(self, now: datetime, *, idle: bool | None, overrides: Overrides = NO_OVERRIDES) -> Plan:
        """Decide, and remember."""
        text = f"{now:%Y-%m-%d %H:%M:%S}"
        found = decided(self.asked, text, replicas=2, early=self.early, idle=idle, overrides=overrides)
        self.early = found.case.early
        return found

    def minutes(self, idle: Iterable[bool | None], begin: datetime = START) -> list[int]:
        """The count at each minute from the start of the window on."""
        return [self.look(begin + minute * MINUTE, idle=each).replicas for minute, each in enumerate(idle)]


def closed() -> Night:
    """A night whose window closed early, five minutes after its start."""
    night = Night()
    assert night.minutes([True] * 6)[-1] == 0
    return night


def test_it_closes_after_five_calm_minutes_and_not_before() -> None:
    assert Night().minutes([True] * 6) == [2, 2, 2, 2, 2, 0]
    night = Night()
    night.look(START, idle=True)
    assert night.look(START + CALM - timedelta(seconds=1), idle=True).replicas == 2
    assert night.look(START + CALM, idle=True).replicas == 0


def test_it_says_until_when_and_why() -> None:
    night = closed()
    assert night.early == EarlyClosing(until=END)
    assert told(night.look(START + 6 * MINUTE, idle=None))[-1] == (
        "within_window",
        0,
        "Window nightly closed early, until Sat 2026-11-21 05:00 Europe/Berlin: its queue was empty.",
    )


@pytest.mark.parametrize(
    "interruption", [pytest.param(False, id="a request"), pytest.param(None, id="no reading")]
)
def test_the_calm_begins_again_after(interruption: bool | None) -> None:  # noqa: FBT001 - a reading
    assert Night().minutes([*[True] * 4, interruption, *[True] * 6]) == [*[2] * 10, 0]


def test_a_queue_that_cannot_be_read_never_closes_anything() -> None:
    assert set(Night().minutes([None] * 240)) == {2}


def test_a_queue_that_is_never_empty_keeps_the_window_open_to_its_end() -> None:
    assert Night().minutes([False] * 241) == [*[2] * 240, 0]


def test_it_stays_closed_to_the_end_of_the_window_whatever_is_read() -> None:
    night = closed()
    assert set(night.minutes([False, None, True] * 78, START + 6 * MINUTE)) == {0}
    assert night.early.until == END


def test_the_next_window_opens_and_must_be_calm_for_as_long() -> None:
    night = closed()
    assert night.look(END, idle=None).replicas == 0
    assert night.early == NOTHING
    assert night.minutes([True] * 6, NEXT) == [2, 2, 2, 2, 2, 0]


def test_the_next_window_is_started_early_as_ever() -> None:
    night = closed()
    before = night.look(NEXT - 2 * MINUTE, idle=None)
    assert before.case.opening.warming
    assert before.replicas == 2


def test_windows_that_touch_are_one_open_time() -> None:
    night = Night()
    night.asked = spec(
        replicas=2, schedule=schedule(window(), window("later", "0 5 * * *"), closeWhenIdle=True)
    )
    assert night.minutes([True] * 6)[-1] == 0
    assert night.early.until == utc("2026-11-21 08:00")


def test_a_person_opens_it_again_within_its_own_window() -> None:
    """Whoever asks for the fleet gets it, although the window was found to be idle."""
    night, by_hand = closed(), Overrides(open_until=START + timedelta(hours=2))
    again = night.look(START + 10 * MINUTE, idle=None, overrides=by_hand)
    assert again.replicas == 2
    assert night.early == NOTHING
    hour = night.minutes
    assert {
        night.look(START + minute * MINUTE, idle=True, overrides=by_hand).replicas
        for minute in range(11, 120)
    } == {2}
    assert hour([True] * 6, START + timedelta(hours=2)) == [2, 2, 2, 2, 2, 0], "then it must be calm anew"


def test_a_window_that_a_person_holds_open_does_not_close_early() -> None:
    night, by_hand = Night(), Overrides(open_until=END + timedelta(hours=1))
    looks = [
        night.look(START + minute * MINUTE, idle=True, overrides=by_hand).replicas for minute in range(300)
    ]
    assert set(looks) == {2}
    assert night.look(END + timedelta(hours=1), idle=True, overrides=by_hand).replicas == 0


def test_open_until_that_has_passed_holds_nothing_open() -> None:
    night, past = Night(), Overrides(open_until=START)
    looks = [night.look(START + minute * MINUTE, idle=True, overrides=past) for minute in range(6)]
    assert [look.replicas for look in looks] == [2, 2, 2, 2, 2, 0]


def test_a_person_who_closes_it_ends_the_calm() -> None:
    night = Night(preWarm="0s")
    night.minutes([True] * 4)
    pause = Overrides(closed_until=START + 10 * MINUTE)
    assert night.look(START + 4 * MINUTE, idle=True, overrides=pause).replicas == 0
    assert night.early == NOTHING
    assert night.minutes([True] * 6, START + 10 * MINUTE) == [2, 2, 2, 2, 2, 0]


def test_without_the_wish_an_empty_queue_changes_nothing() -> None:
    assert set(Night(closeWhenIdle=False).minutes([True] * 30)) == {2}


def test_the_wish_taken_back_opens_the_window_again() -> None:
    night = closed()
    night.asked = spec(replicas=2, schedule=schedule())
    assert night.look(START + 10 * MINUTE, idle=None).replicas == 2


def test_outside_its_windows_nothing_is_remembered() -> None:
    night = Night()
    night.early = EarlyClosing(idle_since=START)
    night.look(END, idle=True)
    assert night.early == NOTHING


def test_a_fleet_that_never_closes_does_not_close_early() -> None:
    """Without an end there is nothing until which it could stay closed."""
    past = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z", "state": "Closed"}
    night = Night()
    always = {"exceptions": [past], "closeWhenIdle": True}
    night.asked = spec(replicas=2, schedule=always)
    assert set(night.minutes([True] * 30)) == {2}


def test_the_queues_are_looked_at_each_minute_while_it_may_close_and_not_after() -> None:
    night = Night()
    assert night.look(START, idle=True).wake == START + LOOK
    assert closed().look(START + 10 * MINUTE, idle=None).wake == END
    assert night.look(END - timedelta(seconds=10), idle=False).wake == END
