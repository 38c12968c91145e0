"""The sums behind ``llamafleet windows``, held against a second way to count them: minute by minute."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from llamafleet.api.schedule import Schedule, Window
from llamafleet.cli.windows_hours import hours_of, open_spans, usd
from llamafleet.planning.money.segments import segments
from llamafleet.planning.schedule.windows import Interval, open_intervals

START = datetime(2026, 3, 27, tzinfo=UTC)
STEP = timedelta(minutes=5)

times = st.integers(0, 287).map(lambda number: f"{number * 5 % 60} {number * 5 // 60} * * *")
counts = st.integers(0, 6)


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, ...]:
    """Up to three windows, each with bounds of its own or none; all times in steps of five minutes."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        own = sorted([draw(counts), draw(counts)])
        bounds = {"minReplicas": own[0], "maxReplicas": max(own[1], 1)} if draw(st.booleans()) else {}
        duration = f"{draw(st.integers(1, 288)) * 5}m"
        found.append({"name": f"w{number}", "start": draw(times), "duration": duration, **bounds})
    return tuple(Window.model_validate(one) for one in found)


def bounds_at(instant: datetime, opened: tuple[Interval, ...], low: int, high: int) -> tuple[int, int] | None:
    """The bounds at an instant, by looking at every interval; None while closed."""
    here = [one for one in opened if one.start <= instant < one.end]
    if not here:
        return None
    ceiling = max(high if one.max_replicas is None else one.max_replicas for one in here)
    floor = max(low if one.min_replicas is None else one.min_replicas for one in here)
    return max(1, min(floor, ceiling)), max(1, ceiling)


@given(
    windows=windows(),
    zone=st.sampled_from(["UTC", "Europe/Berlin"]),
    days=st.integers(1, 4),
    bounds=st.tuples(counts, counts).map(lambda pair: (min(pair), max(*pair, 1))),
    lead=st.integers(0, 40).map(lambda number: number * STEP),
)
def test_the_sums_are_those_of_every_five_minutes(
    windows: tuple[Window, ...], zone: str, days: int, bounds: tuple[int, int], lead: timedelta
) -> None:
    schedule = Schedule(time_zone=zone, windows=windows)
    end = START + timedelta(days=days)
    opened = open_intervals(schedule, START - timedelta(days=1), end)
    levels = {
        START + number * STEP: bounds_at(START + number * STEP, opened, *bounds)
        for number in range(-288, days * 288)
    }
    found = hours_of(schedule, (START, end), bounds, lead)
    within = [level for instant, level in levels.items() if instant >= START]
    assert found.length == timedelta(days=days)
    assert found.open == STEP * sum(level is not None for level in within)
    assert found.floor == STEP * sum(level[0] for level in within if level)
    assert found.ceiling == STEP * sum(level[1] for level in within if level)
    opening = [at for at, level in levels.items() if at >= START and level and not levels[at - STEP]]
    early = sum(
        level[0]
        for at in opening
        if (level := levels[at])
        for number in range(1, lead // STEP + 1)
        if not any(levels[at - back * STEP] for back in range(1, number + 1))
    )
    assert (found.openings, found.early) == (len(opening), STEP * early)


@given(windows=windows(), days=st.integers(1, 4))
def test_two_halves_of_a_time_sum_up_to_the_whole(windows: tuple[Window, ...], days: int) -> None:
    schedule = Schedule(time_zone="Europe/Berlin", windows=windows)
    lead, bounds = timedelta(minutes=25), (1, 4)
    middle, end = START + timedelta(days=days), START + timedelta(days=2 * days)
    whole = hours_of(schedule, (START, end), bounds, lead)
    halves = [hours_of(schedule, within, bounds, lead) for within in ((START, middle), (middle, end))]
    for name in ("length", "open", "floor", "ceiling", "early"):
        assert sum((getattr(half, name) for half in halves), timedelta()) == getattr(whole, name)
    assert sum(half.openings for half in halves) == whole.openings


@given(windows=windows(), bounds=st.integers(0, 5))
def test_a_fleet_costs_at_least_its_floor_and_at_most_its_ceiling(
    windows: tuple[Window, ...], bounds: int
) -> None:
    schedule = Schedule(windows=windows)
    found = hours_of(schedule, (START, START + timedelta(days=3)), (bounds, bounds + 1))
    assert found.open <= found.floor <= found.ceiling
    assert found.open * found.fewest <= found.floor <= found.open * found.most
    assert found.ceiling <= found.open * found.highest


@given(windows=windows())
def test_spans_reach_from_an_opening_to_its_closing(windows: tuple[Window, ...]) -> None:
    end = START + timedelta(days=3)
    schedule = Schedule(windows=windows)
    spans = open_spans(segments(schedule, START, end, 1, 4))
    assert all(start < stop for start, stop in spans)
    assert all(one[1] < other[0] for one, other in pairwise(spans))
    open_for = sum((stop - start for start, stop in spans), timedelta())
    assert open_for == hours_of(schedule, (START, end), (1, 4)).open


@given(
    price=st.decimals("0", "99999", places=6),
    length=st.integers(0, 10**15).map(lambda number: timedelta(microseconds=number)),
)
def test_money_is_the_exact_product_to_a_billionth_of_a_cent(price: Decimal, length: timedelta) -> None:
    exact = Fraction(price) * (length // timedelta(microseconds=1)) / Fraction(3600 * 10**6)
    assert abs(Fraction(usd(price, length)) - exact) < Fraction(1, 10**11)


def test_whole_cents_stay_whole() -> None:
    assert usd(Decimal("1.19"), timedelta(days=30)) == Decimal("856.80")
    assert usd(Decimal("1.19"), 30 * timedelta(hours=4)) == Decimal("142.80")
    assert usd(Decimal("0.03"), timedelta(minutes=20)) == Decimal("0.01")
