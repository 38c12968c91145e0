"""The rule of the hour within the whole chain: its place, its counts and its words."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llamafleet.planning.schedule.opening import Overrides
from planning.givens import spec
from planning.hours import MINUTE_STARTS, Json, counts, decided, schedule, told, utc, window
from planning.wishes import patient

OPEN = "2026-11-21 01:00"
CLOSED = "2026-11-21 12:00"
SCALING = {"minReplicas": 2, "maxReplicas": 6}


def test_why_three_is_answered_in_the_order_of_the_policy() -> None:
    asked = spec(
        scaling={"minReplicas": 1, "maxReplicas": 10},
        schedule=schedule(window(maxReplicas=8)),
        cost={"hourlyLimit": "3.60"},
    )
    assert told(decided(asked, OPEN, replicas=9)) == [
        ("demand", 9, "There is no queue reading, so the fleet stays at 9."),
        ("within_bounds", 9, "spec.scaling allows 1 to 10."),
        ("within_window", 8, "Open until Sat 2026-11-21 05:00 Europe/Berlin (nightly), which allows 1 to 8."),
        ("within_budget", 3, "budget 3.60/h allows 3 at 1.19/h."),
    ]


def test_suspension_has_the_last_word_over_hour_and_money() -> None:
    asked = spec(
        scaling=SCALING, schedule=schedule(window(minReplicas=4)), cost={"hourlyLimit": "9"}, suspend=True
    )
    assert counts(decided(asked, OPEN, replicas=6)) == [
        ("demand", 6),
        ("within_bounds", 6),
        ("within_window", 6),
        ("suspended", 0),
    ]


def test_closed_is_zero_whatever_is_asked_for_and_the_money_has_nothing_to_add() -> None:
    asked = spec(replicas=7, schedule=schedule(), cost={"hourlyLimit": "0.01", "monthlyBudget": "10"})
    assert told(decided(asked, CLOSED, replicas=7)) == [
        ("demand", 7, "spec.replicas asks for 7."),
        ("within_window", 0, "Closed until Sun 2026-11-22 01:00 Europe/Berlin (nightly)."),
    ]


@pytest.mark.parametrize(
    ("now", "count"),
    [
        ("2026-11-20 23:59:59", 0),
        ("2026-11-21 00:00:00", 2),
        ("2026-11-21 03:59:59", 2),
        ("2026-11-21 04:00:00", 0),
    ],
)
def test_the_start_of_a_window_is_open_and_its_end_is_closed(now: str, count: int) -> None:
    asked = spec(replicas=2, schedule=schedule(preWarm="0s"))
    assert counts(decided(asked, now, replicas=2))[-1] == ("within_window", count)


@pytest.mark.parametrize(
    ("bounds", "had", "bounded", "count"),
    [
        pytest.param({}, 4, 4, 4, id="no bounds of its own"),
        pytest.param({}, 9, 6, 6, id="those of spec.scaling from above"),
        pytest.param({}, 1, 2, 2, id="those of spec.scaling from below"),
        pytest.param({"maxReplicas": 3}, 6, 6, 3, id="a narrower ceiling"),
        pytest.param({"minReplicas": 5}, 3, 3, 5, id="a narrower floor"),
        pytest.param({"maxReplicas": 12}, 12, 12, 12, id="a wider ceiling"),
        pytest.param({"maxReplicas": 12}, 20, 12, 12, id="more than a wider ceiling"),
        pytest.param({"minReplicas": 0}, 1, 1, 1, id="a wider floor"),
        pytest.param({"minReplicas": 8, "maxReplicas": 9}, 3, 3, 8, id="more than spec.scaling allows"),
        pytest.param({"minReplicas": 0, "maxReplicas": 1}, 3, 3, 1, id="less than spec.scaling insists on"),
    ],
)
def test_the_bounds_of_a_window_count_over_those_of_scaling(
    bounds: dict[str, int], had: int, bounded: int, count: int
) -> None:
    asked = spec(scaling=SCALING, schedule=schedule(window(**bounds)))
    assert counts(decided(asked, OPEN, replicas=had)) == [
        ("demand", had),
        ("within_bounds", bounded),
        ("within_window", count),
    ]


def test_bounds_beyond_those_of_scaling_are_told_where_they_count() -> None:
    asked = spec(scaling=SCALING, schedule=schedule(window(maxReplicas=12)))
    assert told(decided(asked, OPEN, replicas=9))[1][2] == "spec.scaling allows 2 to 6, nightly 2 to 12."
    assert told(decided(asked, CLOSED, replicas=9))[1][2] == "spec.scaling allows 2 to 6."
    lower = spec(scaling=SCALING, schedule=schedule(window(minReplicas=0)))
    (_, (_, count, message), _) = told(decided(lower, OPEN, replicas=1))
    assert (count, message) == (1, "spec.scaling allows 2 to 6, nightly 0 to 6.")


@pytest.mark.parametrize(
    ("now", "until", "windows", "bounds"),
    [
        pytest.param("2026-11-21 00:30", "08:00", "nightly", "2 to 3", id="the first alone"),
        pytest.param("2026-11-21 02:30", "08:00", "batch, nightly", "2 to 9", id="both"),
        pytest.param("2026-11-21 05:00", "08:00", "batch", "0 to 9", id="the second alone"),
    ],
)
def test_where_windows_overlap_the_larger_bounds_count_and_both_are_named(
    now: str, until: str, windows: str, bounds: str
) -> None:
    batch = window("batch", "0 3 * * *", "5h", minReplicas=0, maxReplicas=9)
    asked = spec(scaling=SCALING, schedule=schedule(window(maxReplicas=3), batch))
    assert told(decided(asked, now, replicas=2))[-1] == (
        "within_window",
        2,
        f"Open until Sat 2026-11-21 {until} Europe/Berlin ({windows}), which allows {bounds}.",
    )


def test_a_window_limits_a_fixed_count_too() -> None:
    asked = spec(replicas=5, schedule=schedule(window(maxReplicas=2)))
    assert counts(decided(asked, OPEN, replicas=5)) == [("demand", 5), ("within_window", 2)]


def test_a_window_without_bounds_says_that_it_sets_none() -> None:
    asked = spec(replicas=5, schedule=schedule())
    assert told(decided(asked, OPEN, replicas=5))[-1][2].endswith("(nightly), which sets no bounds.")


def test_a_window_may_ask_for_more_than_a_fixed_count() -> None:
    asked = spec(replicas=1, schedule=schedule(window(minReplicas=3)))
    found = decided(asked, OPEN, replicas=3)
    assert told(found)[-1][1:] == (
        3,
        "Open until Sat 2026-11-21 05:00 Europe/Berlin (nightly), which asks for 3 or more.",
    )


def test_replicas_start_early_by_the_bounds_of_the_window_that_comes() -> None:
    asked = spec(scaling=SCALING, schedule=schedule(window(minReplicas=8, maxReplicas=9)))
    early = decided(asked, "2026-11-20 23:55", cold_starts=MINUTE_STARTS)
    assert told(early) == [
        ("demand", 1, "There is no queue reading, so the fleet starts with 1."),
        ("within_bounds", 2, "spec.scaling allows 2 to 6, nightly 8 to 9."),
        (
            "within_window",
            8,
            "Starting 5m before Sat 2026-11-21 01:00 Europe/Berlin (nightly), which allows 8 to 9.",
        ),
    ]
    before = decided(asked, "2026-11-20 23:54:59", cold_starts=MINUTE_STARTS)
    assert counts(before)[-1] == ("within_window", 0)


def test_nothing_starts_early_where_the_author_wants_that() -> None:
    asked = spec(scaling=SCALING, schedule=schedule(preWarm="0s"))
    assert counts(decided(asked, "2026-11-20 23:59:59"))[-1] == ("within_window", 0)


def test_a_fleet_that_was_closed_opens_with_the_demand_of_a_new_one() -> None:
    """What it had before it closed is nobody's demand any more, and zero is no demand either."""
    asked = spec(scaling={"minReplicas": 0, "maxReplicas": 6}, schedule=schedule())
    assert counts(decided(asked, OPEN, replicas=0))[-1] == ("within_window", 1)
    floor = spec(scaling={"minReplicas": 0, "maxReplicas": 6}, schedule=schedule(window(minReplicas=3)))
    assert counts(decided(floor, OPEN, replicas=0))[-1] == ("within_window", 3)


OPEN_BY_HAND = Overrides(open_until=utc("2026-11-21 20:00"))
CLOSED_BY_HAND = Overrides(closed_until=utc("2026-11-21 20:00"))


@pytest.mark.parametrize(
    ("sections", "now", "overrides", "count", "message"),
    [
        pytest.param(
            {"schedule": schedule()},
            CLOSED,
            OPEN_BY_HAND,
            4,
            "Open until Sat 2026-11-21 21:00 Europe/Berlin (override), which allows 2 to 6.",
            id="opened beside the windows",
        ),
        pytest.param(
            {"schedule": schedule()},
            OPEN,
            CLOSED_BY_HAND,
            0,
            "Closed by its annotation until Sat 2026-11-21 21:00 Europe/Berlin; "
            "it opens Sun 2026-11-22 01:00 Europe/Berlin (nightly).",
            id="closed within a window",
        ),
        pytest.param(
            {},
            CLOSED,
            CLOSED_BY_HAND,
            0,
            "Closed by its annotation until Sat 2026-11-21 20:00 UTC.",
            id="closed without a schedule",
        ),
        pytest.param(
            {},
            CLOSED,
            Overrides(OPEN_BY_HAND.open_until, CLOSED_BY_HAND.closed_until),
            0,
            "Closed by its annotation until Sat 2026-11-21 20:00 UTC.",
            id="closed beats open",
        ),
        pytest.param(
            {"schedule": schedule(window(minReplicas=0, maxReplicas=1))},
            CLOSED,
            OPEN_BY_HAND,
            4,
            "Open until Sat 2026-11-21 21:00 Europe/Berlin (override), which allows 2 to 6.",
            id="opened by hand it has the bounds of spec.scaling",
        ),
    ],
)
def test_what_a_person_asks_for_at_once_has_the_last_word(
    sections: dict[str, Json], now: str, overrides: Overrides, count: int, message: str
) -> None:
    asked = spec(scaling=SCALING, **sections)
    found = decided(asked, now, replicas=4, overrides=overrides)
    assert told(found)[-1] == ("within_window", count, message)


def test_opened_by_hand_without_a_schedule_there_is_nothing_to_say() -> None:
    found = decided(spec(replicas=2), CLOSED, replicas=2, overrides=OPEN_BY_HAND)
    assert counts(found) == [("demand", 2)]


def test_what_a_person_asked_for_is_over_at_its_instant() -> None:
    asked = spec(replicas=2, schedule=schedule())
    assert counts(decided(asked, "2026-11-21 20:00", overrides=OPEN_BY_HAND))[-1] == ("within_window", 0)
    assert counts(decided(spec(replicas=2), "2026-11-21 20:00", overrides=CLOSED_BY_HAND)) == [("demand", 2)]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles", "UTC"])
def test_closed_for_ever_can_be_said_in_every_zone(zone: str) -> None:
    last = datetime.max.replace(tzinfo=UTC)
    asked = spec(schedule={**schedule(), "timeZone": zone})
    (*_, (_, count, message)) = told(decided(asked, OPEN, overrides=Overrides(closed_until=last)))
    assert (count, message[:42]) == (0, "Closed by its annotation until Fri 9999-12")


def test_without_a_window_ahead_it_says_so() -> None:
    past = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "state": "Open"}
    closed = {"from": "2026-01-03T00:00:00Z", "to": "2899-12-31T00:00:00Z", "state": "Closed"}
    asked = spec(schedule=schedule(exceptions=[past, closed]))
    assert told(decided(asked, CLOSED))[-1] == ("within_window", 0, "Closed, and no window is ahead.")


BOUND = st.none() | st.integers(0, 12)


@patient
@given(
    low=st.integers(0, 6),
    more=st.integers(1, 6),
    floor=BOUND,
    ceiling=st.none() | st.integers(1, 12),
    had=st.integers(0, 20),
)
def test_whatever_the_bounds_an_open_window_keeps_its_own(
    low: int, more: int, floor: int | None, ceiling: int | None, had: int
) -> None:
    """Its ceiling and its floor; without one of its own, that of spec.scaling."""
    assume((low if floor is None else floor) <= (low + more if ceiling is None else ceiling))
    given_ = {"minReplicas": floor, "maxReplicas": ceiling}
    bounds = {name: value for name, value in given_.items() if value is not None}
    asked = spec(scaling={"minReplicas": low, "maxReplicas": low + more}, schedule=schedule(window(**bounds)))
    count = decided(asked, OPEN, replicas=had).replicas
    top = low + more if ceiling is None else ceiling
    bottom = low if floor is None else floor
    assert count == min(max(had or 1, bottom), top)


@patient
@given(minutes=st.integers(0, 60 * 24 * 3), lead=st.integers(0, 60 * 24))
def test_a_fleet_runs_in_its_windows_and_so_long_before_them_and_never_else(minutes: int, lead: int) -> None:
    now = utc("2026-11-20 00:00") + timedelta(minutes=minutes)
    asked = spec(replicas=1, schedule=schedule(preWarm=f"{lead}m"))
    starts = [utc(f"2026-11-{day} 00:00") for day in range(20, 26)]
    is_up = any(-timedelta(minutes=lead) <= now - start < timedelta(hours=4) for start in starts)
    assert decided(asked, f"{now:%Y-%m-%d %H:%M}").replicas == int(is_up)
