"""Segments: the open time once, with the larger bounds where windows overlap."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from llamafleet.planning.money.segments import Segment, flat, open_hours, openings, segments
from llamafleet.planning.schedule.windows import Interval, open_time
from planning.money.pods import HOUR, utc
from planning.schedule.schedules import schedule

NOW = utc("2026-11-01 00:00")


def span(start: int, end: int, low: int | None = None, high: int | None = None) -> Interval:
    return Interval(NOW + start * HOUR, NOW + end * HOUR, "w", low, high)


def part(start: int, end: int, low: int, high: int, *, opens: bool = True) -> Segment:
    return Segment(NOW + start * HOUR, NOW + end * HOUR, low, high, opens)


def test_overlapping_windows_share_their_time_and_the_larger_bounds_count() -> None:
    assert flat([span(1, 5, 2, 4), span(3, 8, 1, 9)], 0, 10) == (
        part(1, 3, 2, 4),
        part(3, 5, 2, 9, opens=False),
        part(5, 8, 1, 9, opens=False),
    )


def test_windows_without_bounds_have_those_of_the_scaling() -> None:
    assert flat([span(1, 5), span(5, 6, 3, 4)], 1, 4) == (part(1, 5, 1, 4), part(5, 6, 3, 4, opens=False))


def test_equal_neighbours_are_one() -> None:
    assert flat([span(1, 3, 1, 2), span(3, 5, 1, 2), span(2, 4, 1, 2)], 0, 9) == (part(1, 5, 1, 2),)


def test_where_bounds_contradict_the_ceiling_counts() -> None:
    assert flat([span(1, 2, None, 3)], 7, 7) == (part(1, 2, 3, 3),)


def test_a_window_that_asks_for_more_than_there_is_without_it_gets_that() -> None:
    assert flat([span(1, 2, 7, None)], 1, 1) == (part(1, 2, 7, 7),)
    assert flat([span(1, 2, 7, None), span(1, 2, None, 2)], 1, 1) == (part(1, 2, 7, 7),)


def test_no_schedule_is_always_open() -> None:
    assert segments(None, NOW, NOW + 5 * HOUR, 1, 2) == (part(0, 5, 1, 2),)
    assert segments(None, NOW, NOW, 1, 2) == ()


def test_a_month_of_nights_across_a_change_of_the_clock() -> None:
    nights = segments(schedule(("0 1 * * *", "4h"), zone="Europe/Berlin"), NOW, utc("2026-12-01 00:00"), 1, 2)
    assert open_hours(nights) == 120
    assert openings(nights, NOW + HOUR) == 29


def test_a_segment_moves_a_count_into_its_bounds() -> None:
    assert [part(0, 1, 2, 4).clamp(count) for count in (0, 3, 9)] == [2, 3, 4]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40),
            st.integers(1, 10),
            st.none() | st.integers(0, 5),
            st.none() | st.integers(1, 9),
        ),
        max_size=6,
    )
)
def test_every_hour_has_the_larger_bounds_of_what_is_open_in_it(
    spans: list[tuple[int, int, int | None, int | None]],
) -> None:
    intervals = [span(start, start + length, low, high) for start, length, low, high in spans]
    found = flat(intervals, 1, 6)
    assert open_hours(found) == Decimal(open_time(intervals) // HOUR)
    for hour in range(50):
        instant = NOW + hour * HOUR
        here = [one for one in intervals if one.start <= instant < one.end]
        holding = [one for one in found if one.start <= instant < one.end]
        assert len(holding) == bool(here)
        if here:
            high = max(
                max(6, one.min_replicas or 1) if one.max_replicas is None else one.max_replicas
                for one in here
            )
            low = max(1 if one.min_replicas is None else one.min_replicas for one in here)
            assert (holding[0].min_replicas, holding[0].max_replicas) == (min(low, high), high)
