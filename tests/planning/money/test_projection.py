"""The month's end: what the windows that are still to come will cost, and the most that they can."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from llamafleet.api.cost import Cost
from llamafleet.planning.money.projection import Projection, ceiling, excess, projected
from llamafleet.planning.money.segments import segments
from planning.money.pods import DAY, HOUR, MINUTE, PRICE, utc
from planning.schedule.schedules import schedule

NOW = utc("2026-11-01 00:00")
END = utc("2026-12-01 00:00")
NIGHTS = schedule(("0 1 * * *", "4h"))
NONE = timedelta()


def usd(text: str) -> Decimal:
    return Decimal(text)


def test_30_days_of_one_replica_are_856_80_and_their_nights_142_80() -> None:
    assert projected(segments(None, NOW, END, 1, 1), PRICE, 1, NONE, NOW).usd == usd("856.80")
    assert projected(segments(NIGHTS, NOW, END, 1, 1), PRICE, 1, NONE, NOW).usd == usd("142.80")


def test_opening_early_is_told_apart() -> None:
    found = projected(segments(NIGHTS, NOW, END, 1, 1), PRICE, 1, 30 * MINUTE, NOW)
    assert found == Projection(usd("142.80"), usd("17.85"))


def test_nobody_opens_early_what_is_open() -> None:
    now = NOW + 3 * HOUR
    found = projected(segments(NIGHTS, now, NOW + DAY, 1, 1), PRICE, 1, 30 * MINUTE, now)
    assert found == Projection(2 * PRICE, usd("0"))


def test_opening_early_is_no_longer_than_the_time_before() -> None:
    found = projected(segments(NIGHTS, NOW, NOW + DAY, 1, 1), PRICE, 1, 9 * HOUR, NOW)
    assert found.early_usd == PRICE


def test_each_window_has_its_own_bounds() -> None:
    given_ = schedule(("0 1 * * *", "1h"))
    night, day = given_.windows[0], schedule(("0 5 * * *", "2h")).windows[0]
    both = given_.model_copy(
        update={
            "windows": (
                night.model_copy(update={"min_replicas": 3, "max_replicas": 5}),
                day.model_copy(update={"name": "day", "max_replicas": 1, "min_replicas": 0}),
            )
        }
    )
    parts = segments(both, NOW, NOW + DAY, 1, 10)
    assert [projected(parts, PRICE, count, NONE, NOW).usd / PRICE for count in (0, 2, 9)] == [3, 5, 7]
    top = ceiling(parts, PRICE, NONE, NOW)
    assert (top.replicas, top.hourly_usd, top.hours, top.month.usd) == (5, usd("5.95"), 3, 7 * PRICE)


def test_a_ceiling_above_the_limits_is_said_with_its_sums() -> None:
    top = ceiling(segments(NIGHTS, NOW, END, 0, 10), PRICE, NONE, NOW)
    limits = Cost.model_validate({"hourlyLimit": "10", "monthlyBudget": "900"})
    assert excess(limits, top, "November") == (
        "10 replicas cost 11.90 USD/h, more than spec.cost.hourlyLimit 10.00.",
        (
            "up to 10 replicas in 120.0 open hours of November cost 1428.00 USD, more than "
            "spec.cost.monthlyBudget 900.00."
        ),
    )
    assert excess(limits, top, "November", usd("100"))[1].startswith("100.00 USD spent and up to 10 replicas")

    assert excess(limits, top, "November", usd("0.004"))[1].startswith("up to 10 replicas")


def test_a_ceiling_says_what_of_its_sum_is_for_starting_early() -> None:
    top = ceiling(segments(NIGHTS, NOW, END, 0, 1), PRICE, HOUR, NOW)
    limits = Cost.model_validate({"hourlyLimit": "1", "monthlyBudget": "100"})
    assert excess(limits, top, "November") == (
        "1 replica costs 1.19 USD/h, more than spec.cost.hourlyLimit 1.00.",
        (
            "up to 1 replica in 120.0 open hours of November costs 178.50 USD, 35.70 of it for starting "
            "early, more than spec.cost.monthlyBudget 100.00."
        ),
    )


def test_a_ceiling_within_the_limits_is_no_news() -> None:
    top = ceiling(segments(NIGHTS, NOW, END, 0, 10), PRICE, NONE, NOW)
    assert (
        excess(Cost.model_validate({"hourlyLimit": "11.90", "monthlyBudget": "1428"}), top, "November") == ()
    )


def test_without_open_time_nothing_costs() -> None:
    assert projected((), PRICE, 3, HOUR, NOW).usd == 0
    assert ceiling((), PRICE, HOUR, NOW).hourly_usd == 0


@given(st.integers(0, 720), st.integers(0, 12), st.integers(0, 600))
def test_the_projection_lies_below_the_ceiling_and_falls_with_time(hour: int, demand: int, lead: int) -> None:
    now, early = NOW + hour * HOUR, lead * MINUTE
    parts = segments(NIGHTS, now, END, 1, 6)
    found = projected(parts, PRICE, demand, early, now)
    assert found.usd <= ceiling(parts, PRICE, early, now).month.usd
    later = now + HOUR
    assert projected(segments(NIGHTS, later, END, 1, 6), PRICE, demand, NONE, later).usd <= found.usd
