"""Random months of the whole decision, from the spec to the bill, held against the pods and the calendar.

What is checked is in ``truths``, each for itself:

* The Deployment follows the status; the Service selects pods exactly while replicas are wanted.
* The count stays within the bounds of the hour and below the hourly limit, and does not flap.
* Outside windows, and the time before them, nothing is wanted; at their start, what could be ready is ready.
* A window closes early only after five minutes without work.
* The bill in the status is that of the pods, and below the budget at the end of the month.
* An opening, a closing and a part of the budget are told once; a quiet fleet writes nothing.
* A second look at the same instant decides the same, and changes no child.
"""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from llamafleet.planning.money.months import month_of
from llamafleet.planning.schedule.localtime import zone_of
from reconcile.months import Month
from reconcile.stories import HOUR, Story, chance, story
from reconcile.truths import wrong

pytestmark = pytest.mark.timeout(3600)
"""Eight stories take minutes of the processor, of which a busy machine gives us a tenth."""

FEW = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a smaller seed is no simpler month
)
SEEDS = st.integers(0, 2**31)


@FEW
@given(SEEDS)
def test_the_last_days_of_a_month_in_which_nobody_meddles(seed: int) -> None:
    assert list(wrong(story(chance(seed), calm=True, days=4).live())) == []


@FEW
@given(SEEDS)
def test_the_last_days_of_a_month_with_edits_downtimes_prices_and_nodes_that_go(seed: int) -> None:
    assert list(wrong(story(chance(seed), days=4).live())) == []


@pytest.mark.parametrize("share", ["0.1", "0.6"])
def test_a_whole_month_uses_its_budget_and_stays_below_it(share: str) -> None:
    """In March 2026 clocks change in Berlin; three replicas in every night of it cost about 450 USD."""
    budget = Decimal(share) * 450
    nightly = {
        "timeZone": "Europe/Berlin",
        "windows": [{"name": "n", "start": "0 1 * * *", "duration": "4h"}],
    }
    spec = {"replicas": 3, "schedule": nightly, "cost": {"monthlyBudget": f"{budget:.2f}"}}
    calendar = month_of(datetime(2026, 3, 15, tzinfo=UTC), zone_of("Europe/Berlin"))
    month = Month(calendar.begin, spec, Decimal("1.19"), chance(7))
    lived = Story(month, calendar, calendar.end + HOUR, budget, is_calm=True).live()
    assert list(wrong(lived)) == []
    true = month.truth(calendar.begin, calendar.end)
    assert Decimal("0.95") * budget <= true <= budget
