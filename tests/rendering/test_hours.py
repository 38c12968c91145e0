"""What people are told of the hours: the condition, the figures, and the events of opening and closing."""

from typing import Any

import pytest

from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.planning.earlyclosing import EarlyClosing
from llamafleet.planning.schedule.opening import Overrides
from llamafleet.planning.situation import Situation
from llamafleet.rendering.hours import asleep, figures, is_used, notices, window_open
from planning.givens import spec
from planning.hours import MINUTE_STARTS, decided, schedule, utc, window

OPEN, CLOSED, EARLY = "2026-11-21 01:00", "2026-11-21 12:00", "2026-11-20 23:57"
CLOSED_BY_HAND = Overrides(closed_until=utc("2026-11-21 20:00"))
OPENED_BY_HAND = Overrides(open_until=utc("2026-11-21 20:00"))
CLOSED_EARLY = EarlyClosing(until=utc("2026-11-21 04:00"))


def case(now: str, hours: dict[str, Any] | None = None, **seen: Any) -> Situation:
    """A fleet of one with a start of four minutes behind it."""
    sections = {} if hours is None else {"schedule": hours}
    found = decided(spec(replicas=1, **sections), now, **{"cold_starts": MINUTE_STARTS, **seen})
    return found.case


NIGHT = schedule()
IDLE = schedule(closeWhenIdle=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(
            case(OPEN, NIGHT),
            (True, "Open", "It closes Sat 2026-11-21 05:00 Europe/Berlin (nightly)."),
            id="open",
        ),
        pytest.param(
            case(CLOSED, NIGHT),
            (False, "Closed", "Closed until Sun 2026-11-22 01:00 Europe/Berlin (nightly)."),
            id="closed",
        ),
        pytest.param(
            case(EARLY, NIGHT),
            (
                False,
                "PreWarming",
                (
                    "Closed until Sat 2026-11-21 01:00 Europe/Berlin (nightly). Replicas start 5m early, to "
                    "be ready in time."
                ),
            ),
            id="starting early",
        ),
        pytest.param(
            case("2026-11-21 01:10", IDLE, early=CLOSED_EARLY),
            (
                False,
                "ClosedEarly",
                (
                    "The queue was empty, so it closed early; it stays closed until Sat 2026-11-21 05:00 "
                    "Europe/Berlin."
                ),
            ),
            id="closed early",
        ),
        pytest.param(
            case(CLOSED, NIGHT, overrides=OPENED_BY_HAND),
            (True, "OpenedByHand", "It closes Sat 2026-11-21 21:00 Europe/Berlin (override)."),
            id="opened by hand",
        ),
        pytest.param(
            case(OPEN, NIGHT, overrides=CLOSED_BY_HAND),
            (
                False,
                "ClosedByHand",
                (
                    "Closed by its annotation until Sat 2026-11-21 21:00 Europe/Berlin; it opens Sun "
                    "2026-11-22 01:00 Europe/Berlin (nightly)."
                ),
            ),
            id="closed by hand",
        ),
        pytest.param(
            case(CLOSED, overrides=CLOSED_BY_HAND),
            (False, "ClosedByHand", "Closed by its annotation until Sat 2026-11-21 20:00 UTC."),
            id="closed by hand without a schedule",
        ),
        pytest.param(
            case(
                OPEN, schedule(window(duration="5m"), preWarm="0s"), cold_starts=type(MINUTE_STARTS)((301,))
            ),
            (
                False,
                "Closed",
                (
                    "Closed until Sun 2026-11-22 01:00 Europe/Berlin (nightly). Window nightly is open for "
                    "5m, which is shorter than a cold start (5m1s)."
                ),
            ),
            id="a window that is over before a replica is ready",
        ),
    ],
)
def test_the_condition_says_whether_why_and_until_when(given: Situation, said: tuple[bool, str, str]) -> None:
    found = window_open(given)
    assert (found.type, found.holds, found.reason, found.message) == ("WindowOpen", *said)


def test_a_window_that_never_closes_is_told_so() -> None:
    past = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z", "state": "Closed"}
    assert window_open(case(OPEN, {"exceptions": [past]})).message == "It never closes (always)."


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (case(OPEN), False),
        (case(OPEN, overrides=OPENED_BY_HAND), False),
        (case(OPEN, overrides=CLOSED_BY_HAND), True),
        (case(OPEN, NIGHT), True),
    ],
    ids=["neither", "open is open", "closed by hand", "a schedule"],
)
def test_a_fleet_that_always_is_open_has_no_such_condition(given: Situation, *, used: bool) -> None:
    assert is_used(given) is used


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            case(OPEN, NIGHT),
            {"open": True, "window": "nightly", "nextTransition": "2026-11-21T04:00:00Z"},
        ),
        (case(EARLY, NIGHT), {"open": False, "window": "", "nextTransition": "2026-11-21T00:00:00Z"}),
        (
            case("2026-11-21 01:10", IDLE, early=CLOSED_EARLY),
            {
                "open": False,
                "window": "",
                "nextTransition": "2026-11-22T00:00:00Z",
                "closedEarlyUntil": "2026-11-21T04:00:00Z",
            },
        ),
        (
            case("2026-11-21 01:10", IDLE, idle=True),
            {
                "open": True,
                "window": "nightly",
                "nextTransition": "2026-11-21T04:00:00Z",
                "idleSince": "2026-11-21T01:10:00Z",
            },
        ),
    ],
    ids=["open", "starting early", "closed early", "idle"],
)
def test_the_figures_are_the_level_and_what_must_be_remembered(
    given: Situation, said: dict[str, Any]
) -> None:
    assert figures(given) == said


def before(*, is_open: bool | None, turned: str | None = None, end: str = "2026-11-21T04:00:00Z") -> Any:
    """The last status; None: nothing was said of hours."""
    level = {} if is_open is None else {"schedule": {"open": is_open, "nextTransition": end}}
    said = {"type": "WindowOpen", "status": str(is_open), "reason": "R", "lastTransitionTime": turned}
    conditions = [] if turned is None else [said]
    return LlamaDeploymentStatus.model_validate({**level, "conditions": conditions, "observedGeneration": 3})


def told(given: Situation, last: LlamaDeploymentStatus) -> list[tuple[str, str]]:
    return [(notice.reason, notice.again) for notice in notices(given, last)]


def test_only_a_turn_is_told() -> None:
    assert told(case(OPEN, NIGHT), before(is_open=True)) == []
    assert told(case(CLOSED, NIGHT), before(is_open=False)) == []
    assert told(case(EARLY, NIGHT), before(is_open=False)) == [], "an early start is no opening"
    assert told(case(OPEN, NIGHT), before(is_open=False)) == [("WindowOpened", "2026-11-21T00:00:00Z")]
    assert told(case(CLOSED, NIGHT), before(is_open=True)) == [("WindowClosed", "2026-11-21T04:00:00Z")]
    assert told(case(OPEN), before(is_open=None)) == [], "without a schedule nothing opens"


def test_the_same_turn_is_the_same_announcement_whenever_it_is_seen() -> None:
    late = "2026-11-21 03:59"
    last = before(is_open=False, turned="2026-11-20T04:00:07Z")
    assert told(case(OPEN, NIGHT), last) == told(case(late, NIGHT), last)
    closed = before(is_open=True, turned="2026-11-21T00:00:00Z")
    assert told(case(CLOSED, NIGHT), closed) == told(case("2026-11-21 04:00", NIGHT), closed)


def test_the_second_closing_of_one_window_is_another_announcement() -> None:
    first = told(
        case(OPEN, NIGHT, overrides=CLOSED_BY_HAND), before(is_open=True, turned="2026-11-21T00:00:00Z")
    )
    second = told(case(CLOSED, NIGHT), before(is_open=True, turned="2026-11-21T02:00:00Z"))
    assert [reason for reason, _ in first + second] == ["WindowClosed"] * 2
    assert first != second


def test_an_opening_without_a_beginning_does_not_depend_on_the_instant_of_the_look() -> None:
    past = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z", "state": "Closed"}
    last = before(is_open=False)
    opened = [told(case(now, {"exceptions": [past]}), last) for now in (OPEN, CLOSED)]
    assert opened == [[("WindowOpened", "generation 3")]] * 2


def test_a_refused_fleet_that_is_put_to_sleep_closes_once() -> None:
    assert [notice.reason for notice in asleep(before(is_open=True))] == ["WindowClosed"]
    assert not [*asleep(before(is_open=False))]
    assert not [*asleep(before(is_open=None))]
