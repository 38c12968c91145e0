"""What is put together before any rule decides: lead, early start, refusals, the price."""

from datetime import timedelta
from decimal import Decimal

import pytest

from llamafleet.errors import InvalidSpec
from llamafleet.planning.coldstart import ColdStarts
from llamafleet.planning.money.budget import Kind
from llamafleet.planning.schedule.opening import Overrides
from planning.givens import Json, pool, spec, unpriced
from planning.hours import MINUTE_STARTS, counts, decided, schedule, told, utc, window

OPENING = utc("2026-11-21 00:00")


def test_replicas_start_by_what_was_learned_as_soon_as_anything_was() -> None:
    asked = spec("llama-3.1-8b", replicas=1, schedule=schedule())
    assert decided(asked, "2026-11-20 12:00").case.lead == timedelta(minutes=16, seconds=7)
    assert decided(asked, "2026-11-20 12:00", cold_starts=MINUTE_STARTS).case.lead == timedelta(minutes=5)


def test_what_was_started_early_stays_when_the_learned_lead_becomes_shorter() -> None:
    """The first that is ready teaches that all could have started later; they are not taken away for it."""
    asked = spec("llama-3.1-8b", replicas=1, schedule=schedule())
    quick = ColdStarts((60,))
    when = "2026-11-20 23:50"
    assert decided(asked, when, replicas=0).replicas == 1
    kept = decided(asked, when, replicas=1, cold_starts=quick, warming_for=OPENING)
    assert kept.case.opening.warming
    assert kept.replicas == 1
    assert decided(asked, when, replicas=0, cold_starts=quick).replicas == 0, "nothing had been started"


def test_what_was_started_for_another_opening_does_not_stay() -> None:
    asked = spec("llama-3.1-8b", replicas=1, schedule=schedule())
    other = decided(
        asked,
        "2026-11-20 23:50",
        replicas=1,
        cold_starts=ColdStarts((60,)),
        warming_for=utc("2026-11-20 00:00"),
    )
    assert other.replicas == 0


def test_what_was_started_early_ends_when_a_person_closes_beyond_the_opening() -> None:
    asked = spec("llama-3.1-8b", replicas=1, schedule=schedule())
    closed = Overrides(closed_until=utc("2026-11-21 02:00"))
    found = decided(asked, "2026-11-20 23:50", replicas=1, warming_for=OPENING, overrides=closed)
    assert found.replicas == 0
    assert found.wake == utc("2026-11-21 01:43:53"), "and it starts early for the instant of reopening"


def test_a_fleet_that_is_closed_for_less_than_a_start_takes_stays_up() -> None:
    asked = spec("llama-3.1-8b", replicas=1, schedule=schedule(window(), window("later", "10 5 * * *", "1h")))
    found = decided(asked, "2026-11-21 04:00", replicas=1)
    assert not found.case.opening.open
    assert counts(found)[-1] == ("within_window", 1)


HOUR_OF_ONE = "must pay for one hour of one replica at least, which is 1.19 USD"


@pytest.mark.parametrize("running", [None, 0])
def test_a_budget_below_one_hour_of_one_replica_is_refused_while_nothing_runs(running: int | None) -> None:
    asked = spec(replicas=1, cost={"monthlyBudget": "1.18"})
    with pytest.raises(InvalidSpec) as refusal:
        decided(asked, "2026-11-21 12:00", replicas=running)
    assert str(refusal.value) == f"spec.cost.monthlyBudget = 1.18: {HOUR_OF_ONE}"


def test_a_budget_that_was_cut_below_an_hour_ends_the_fleet_that_runs() -> None:
    """A refusal would keep it running."""
    found = decided(spec(replicas=1, cost={"monthlyBudget": "1.18"}), "2026-11-21 12:00", replicas=1, paid=1)
    assert found.money.kind is not Kind.EXHAUSTED, "it may run while its money lasts"
    spent = decided(
        spec(replicas=1, cost={"monthlyBudget": "1.18"}),
        "2026-11-21 12:00",
        replicas=1,
        paid=1,
        spent_usd=Decimal("1.17"),
    )
    assert counts(spent)[-1] == ("within_budget", 0)


def test_a_budget_of_exactly_one_hour_is_taken() -> None:
    decided(spec(replicas=1, cost={"monthlyBudget": "1.19"}), "2026-11-21 12:00")


@pytest.mark.parametrize(
    ("sections", "field"),
    [
        ({"schedule": {**schedule(), "timeZone": "Europe/Bonn"}}, "spec.schedule.timeZone"),
        ({"schedule": schedule(window(start="0 1 30 2 *"))}, "spec.schedule.windows[0].start"),
        ({"schedule": schedule(window(duration="25h"))}, "spec.schedule.windows[0].duration"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused_before_anything_is_decided(
    sections: dict[str, Json], field: str
) -> None:
    with pytest.raises(InvalidSpec) as refusal:
        decided(spec(**sections), "2026-11-21 12:00")
    assert refusal.value.field == field


def test_without_a_price_nothing_is_limited_refused_or_projected() -> None:
    asked = spec(replicas=3, cost={"hourlyLimit": "0.01", "monthlyBudget": "0.01"})
    found = decided(asked, "2026-11-21 12:00", unpriced(), spent_usd=Decimal(5))
    assert found.replicas == 3
    assert found.hourly_usd is None
    assert found.case.outlook.projected_usd is None
    assert found.money.kind is Kind.UNPRICED
    assert told(found)[-1] == (
        "within_budget",
        3,
        "No price of this shape is known, so spec.cost limits nothing. Give its GpuPool a spec.price.",
    )


def test_a_price_of_nothing_is_a_price() -> None:
    found = decided(
        spec(replicas=3, cost={"monthlyBudget": "0.01"}), "2026-11-21 12:00", pool(price="0"), replicas=3
    )
    assert found.replicas == 3
    assert found.hourly_usd == 0
    assert found.case.outlook.projected_usd == 0
