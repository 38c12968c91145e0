"""What was spent today: from midnight on the wall, whoever restarts, and whether pods exist or are gone."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafleet.api.ledger import DaySpent, LastMonth, Ledger, Phases
from llamafleet.planning.money.days import last_month, this_month, today
from llamafleet.planning.money.ledger import REFRESH, spent
from llamafleet.planning.money.lifetime import Lifetime
from llamafleet.planning.schedule.localtime import day_begin
from planning.money.pods import DAY, HOUR, MINUTE, PRICE, SECOND, gone, life, look, utc

ROUNDING = Decimal("1e-7")
"""A settled sum has nine decimals, and a story here has some dozens of them."""

NOON = utc("2026-11-21 12:00")

STARTS = {
    "an autumn night in Berlin with a second 02:00": ("Europe/Berlin", "2026-10-24 10:00"),
    "a spring night in Berlin without a 02:00": ("Europe/Berlin", "2026-03-28 10:00"),
    "a spring day in Santiago that begins at 01:00": ("America/Santiago", "2026-09-05 10:00"),
    "the turn of a month in Kiritimati": ("Pacific/Kiritimati", "2026-11-29 20:00"),
    "days of UTC": ("UTC", "2026-11-20 10:00"),
}

pods = st.lists(st.tuples(st.integers(0, 70 * 60), st.integers(1, 40 * 60)), max_size=6)
"""Minutes until the pod has its node, and how many it lives then."""


@pytest.mark.parametrize(("zone", "start"), STARTS.values(), ids=STARTS)
@given(
    lives=pods, looks=st.lists(st.integers(0, 80 * 60), min_size=1, max_size=12), at=st.integers(0, 80 * 60)
)
def test_today_is_what_pods_have_cost_since_midnight(
    zone: str, start: str, lives: list[tuple[int, int]], looks: list[int], at: int
) -> None:
    begin = utc(start)
    spans = [(begin + bound * MINUTE, begin + (bound + lived) * MINUTE) for bound, lived in lives]
    ledger = story(
        spans, sorted({*looks, *(end for span in lives for end in (span[0], sum(span)))}), begin, zone
    )
    last = max(ledger.at, begin + at * MINUTE)
    assert abs(today(ledger, last).usd - since_midnight(spans, last, zone)) < ROUNDING
    assert today(ledger, last).since is None


def story(spans: list[tuple[datetime, datetime]], looks: list[int], begin: datetime, zone: str) -> Ledger:
    """The checkpoint after looks at these minutes; each goes through the API server, as at a restart."""
    ledger = look(None, [], begin, zone)
    for minute in looks:
        now = begin + minute * MINUTE
        there = [shown(f"p{index}", *span, now) for index, span in enumerate(spans) if span[0] <= now]
        ledger = look(ledger, [one for one in there if not one.over or knows(ledger, one)], now, zone)
    return ledger


def shown(uid: str, bound: datetime, end: datetime, now: datetime) -> Lifetime:
    """A pod as a look finds it: its removal is heard of in the instant in which it happens."""
    return gone(uid, bound, end) if end <= now else life(uid, bound, ready=bound)


def knows(ledger: Ledger, one: Lifetime) -> bool:
    return one.uid in {meter.uid for meter in ledger.meters}


def since_midnight(spans: list[tuple[datetime, datetime]], now: datetime, zone: str) -> Decimal:
    """The truth, by one multiplication for each pod."""
    midnight = day_begin(now.astimezone(ZoneInfo(zone)).date(), ZoneInfo(zone))
    lengths = [max(timedelta(), min(end, now) - max(bound, midnight)) for bound, end in spans]
    return sum((PRICE * int(one.total_seconds()) / 3600 for one in lengths), Decimal(0))


def test_the_days_of_a_month_come_to_the_month() -> None:
    zone, begin = "Europe/Berlin", utc("2026-09-30 22:00")
    ledger, days = look(None, [], begin, zone), Decimal(0)
    for number in range(31):
        start = day_begin(date(2026, 10, 1 + number), ZoneInfo(zone)) + 20 * HOUR
        ledger = look(ledger, [life(f"n{number}", start)], start, zone)
        midnight = day_begin(date(2026, 10, 1 + number) + DAY, ZoneInfo(zone))
        days += today(ledger, midnight - SECOND).usd + PRICE / 3600
        ledger = look(ledger, [gone(f"n{number}", start, midnight + HOUR)], midnight + HOUR, zone)
    assert ledger.last_month is not None
    assert abs(days - ledger.last_month.usd) < 31 * ROUNDING


def test_midnight_needs_no_write_and_begins_at_nothing() -> None:
    ledger = look(look(None, [life("a", NOON)], NOON), [gone("a", NOON, NOON + HOUR)], NOON + HOUR)
    assert ledger.day == DaySpent(date="2026-11-21", usd=PRICE)
    assert look(ledger, [], NOON + 13 * HOUR) is ledger
    assert (today(ledger, NOON + 11 * HOUR).usd, today(ledger, NOON + 12 * HOUR).usd) == (PRICE, 0)


def test_a_pod_that_runs_is_counted_to_the_second_without_a_write() -> None:
    ledger = look(None, [life("a", NOON, ready=NOON)], NOON)
    assert today(ledger, NOON + HOUR).usd == PRICE
    assert today(ledger, NOON + 12 * HOUR).usd == 0
    assert today(ledger, NOON + 14 * HOUR).usd == 2 * PRICE


def test_a_price_that_changes_at_noon_leaves_the_morning_as_it_was() -> None:
    midnight = NOON - 12 * HOUR
    ledger = look(None, [life("a", midnight - 5 * HOUR)], midnight - 5 * HOUR)
    ledger = look(ledger, [life("a", midnight - 5 * HOUR, hourly_usd=Decimal(2))], NOON)
    assert today(ledger, NOON + HOUR).usd == 12 * PRICE + 2


def test_a_clock_that_was_ahead_takes_back_what_was_not_lived() -> None:
    ledger = look(None, [life("a", NOON)], NOON)
    ledger = look(ledger, [life("a", NOON, hourly_usd=Decimal(2))], NOON + 3 * HOUR)
    ledger = look(ledger, [gone("a", NOON, NOON + HOUR, exact=NOON + HOUR)], NOON + HOUR)
    assert today(ledger, NOON + 4 * HOUR).usd == spent(ledger, NOON + 4 * HOUR) == PRICE


BEFORE = Ledger(month="2026-11", at=NOON, spent=Phases(serving=Decimal(5)))
"""What a release without days wrote."""


def test_what_an_older_release_summed_up_is_not_known_by_day_until_the_next_one() -> None:
    assert today(BEFORE, NOON + HOUR).since == NOON
    after = look(BEFORE, [life("a", NOON + HOUR)], NOON + HOUR)
    after = look(after, [gone("a", NOON + HOUR, NOON + 2 * HOUR)], NOON + 2 * HOUR)
    assert (today(after, NOON + 2 * HOUR).usd, today(after, NOON + 2 * HOUR).since) == (PRICE, NOON)
    assert today(after, NOON + DAY).since is None
    assert today(BEFORE, NOON + DAY).since is None


def test_an_upgrade_alone_is_no_news() -> None:
    assert look(BEFORE, [], NOON + HOUR) is BEFORE


def test_another_time_zone_begins_the_day_anew_and_says_since_when() -> None:
    ledger = look(look(None, [life("a", NOON)], NOON), [gone("a", NOON, NOON + HOUR)], NOON + HOUR)
    moved = look(ledger, [life("b", NOON + 2 * HOUR)], NOON + 2 * HOUR, "Asia/Tokyo")
    found = today(moved, NOON + 2 * HOUR + MINUTE)
    assert (found.date, found.since) == (date(2026, 11, 21), NOON + HOUR)


def test_the_month_turns_for_who_asks_though_nobody_has_written() -> None:
    end = utc("2026-12-01 00:00")
    quiet = look(look(None, [life("a", NOON)], NOON), [gone("a", NOON, NOON + HOUR)], NOON + HOUR)
    assert (this_month(quiet, end - SECOND).usd, this_month(quiet, end).usd) == (PRICE, 0)
    assert last_month(quiet, end) == LastMonth(month="2026-11", usd=PRICE)
    assert last_month(quiet, end + 31 * DAY) is None
    runs = look(None, [life("a", NOON)], end - REFRESH)
    assert this_month(runs, end + HOUR).usd == PRICE
    assert last_month(runs, end + HOUR) == LastMonth(month="2026-11", usd=PRICE * 228)
