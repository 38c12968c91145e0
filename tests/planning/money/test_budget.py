"""The budget: what the money allows, in words and in sums, and a month that never costs more than it may."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafleet.api.cost import Cost
from llamafleet.planning.money.budget import Allowance, Counts, Kind, Purse, allow, mark, next_mark
from planning.money.pods import HOUR, MINUTE, PRICE, SECOND, utc

NOW = utc("2026-11-21 06:00")
DRAIN = Decimal("0.1")
START = Decimal("0.2")


def cost(**fields: str) -> Cost:
    return Cost.model_validate(fields)


def purse(spent: str = "0", hours: str = "100", **fields: Any) -> Purse:
    given_ = {
        "hourly_usd": PRICE,
        "spent_usd": Decimal(spent),
        "month": "November",
        "open_hours": Decimal(hours),
    }
    return Purse(**{**given_, **fields})


def counts(wanted: int = 8, decided: int = 1, paid: int | None = None, floor: int = 1) -> Counts:
    return Counts(wanted, decided, decided if paid is None else paid, floor)


def monthly(spent: str, hours: str, n: Counts, budget: str = "900", **fields: str) -> Allowance:
    return allow(cost(monthlyBudget=budget, **fields), purse(spent, hours), n, NOW)


def answer(allowance: Allowance) -> tuple[int, Kind]:
    return allowance.replicas, allowance.kind


def test_no_cost_is_no_limit() -> None:
    assert allow(None, purse(), counts(7), NOW) == Allowance(7, Kind.FREE, "")


def test_a_missing_price_lowers_nothing() -> None:
    found = allow(
        cost(monthlyBudget="1", hourlyLimit="1"), purse("5", hourly_usd=None), counts(7, decided=7), NOW
    )
    assert answer(found) == (7, Kind.UNPRICED)
    assert "No price" in found.message


def test_a_price_of_nothing_lowers_nothing() -> None:
    free = purse("5", hourly_usd=Decimal(0))
    assert answer(allow(cost(monthlyBudget="1", hourlyLimit="0.01"), free, counts(7), NOW)) == (7, Kind.FREE)


@pytest.mark.parametrize(
    ("limit", "wanted", "replicas", "message"),
    [
        ("12", 7, 7, ""),
        ("3.57", 7, 3, "budget 3.57/h allows 3 at 1.19/h."),
        ("3.56", 7, 2, "budget 3.56/h allows 2 at 1.19/h."),
        ("1.18", 7, 0, "budget 1.18/h allows 0, because one replica costs 1.19/h."),
        ("1.18", 0, 0, ""),
    ],
)
@pytest.mark.parametrize("exhausted", ["Shutdown", "Floor", "Warn"])
def test_the_hourly_limit_holds_whatever_is_exhausted(
    limit: str, wanted: int, replicas: int, message: str, exhausted: str
) -> None:
    found = allow(cost(hourlyLimit=limit, onExhausted=exhausted), purse(), counts(wanted, floor=5), NOW)
    assert (found.replicas, found.message) == (replicas, message)
    assert found.kind is (Kind.HOURLY_LIMIT if message else Kind.FREE)


def test_pacing_says_its_sum() -> None:
    found = monthly("412.10", "83", counts(8, decided=4))
    assert answer(found) == (4, Kind.PACED)
    assert found.message == (
        "412.10 of 900.00 USD are spent; the 83.0 open hours left in November share 487.90 USD: 5.87 USD/h, "
        "which allows 4 at 1.19 USD/h."
    )


@pytest.mark.parametrize(
    ("allowed", "decided", "replicas"),
    [
        ("4.00", 4, 4),
        ("3.81", 4, 4),
        ("3.79", 4, 3),
        ("4.19", 3, 3),
        ("4.21", 3, 4),
        ("0.30", 3, 1),
        ("0.30", 0, 1),
        ("8.50", 2, 8),
        ("4.01", 0, 4),
        ("9.90", 2, 9),
    ],
)
def test_pacing_keeps_a_count_within_5_percent(allowed: str, decided: int, replicas: int) -> None:
    hours = 100 + 1 / Decimal(60)
    left = Decimal(allowed) * PRICE * hours
    found = allow(cost(monthlyBudget="9999"), purse(str(9999 - left)), counts(20, decided), NOW)
    assert answer(found) == (replicas, Kind.PACED)


@pytest.mark.parametrize(
    ("spent", "decided", "replicas", "words"),
    [
        ("800", 4, 1, "0.99 USD/h, which pays for 0 at 1.19 USD/h; 1 may run while the money lasts."),
        ("545", 3, 3, "3.54 USD/h, which allows 2 at 1.19 USD/h; 3 stay, because less than 5% is missing."),
        ("660", 1, 1, "2.39 USD/h, which allows 2 at 1.19 USD/h, and 1 with 5% to spare."),
        ("650", 3, 2, "2.49 USD/h, which allows 2 at 1.19 USD/h."),
    ],
)
def test_pacing_says_why_the_count_is_not_the_quotient(
    spent: str, decided: int, replicas: int, words: str
) -> None:
    found = monthly(spent, "100", counts(8, decided))
    assert answer(found) == (replicas, Kind.PACED)
    assert found.message.endswith(words)


def test_pacing_says_how_much_goes_into_starts_and_drains() -> None:
    money = purse("412.10", "83", overhead_hours=Decimal("2.5"))
    found = allow(cost(monthlyBudget="900"), money, counts(8, decided=4), NOW)
    assert "the 83.0 open hours left in November and 2.5 h for starting and draining share" in found.message


def test_pacing_does_not_raise_what_is_wanted() -> None:
    found = monthly("0", "100", counts(2, decided=2))
    assert answer(found) == (2, Kind.FREE)
    assert "which allows" in found.message


def test_pacing_goes_below_the_fewest_replicas_but_not_with_floor() -> None:
    assert answer(monthly("600", "100", counts(8, 4, floor=4))) == (2, Kind.PACED)
    assert answer(monthly("600", "100", counts(8, 4, floor=4), onExhausted="Floor")) == (4, Kind.PACED)


@pytest.mark.parametrize(
    ("exhausted", "wanted", "replicas", "kind"),
    [
        ("Shutdown", 8, 0, Kind.EXHAUSTED),
        ("Shutdown", 0, 0, Kind.EXHAUSTED),
        ("Floor", 8, 2, Kind.FLOOR),
        ("Floor", 1, 1, Kind.FLOOR),
        ("Warn", 8, 8, Kind.WARNED),
    ],
)
@pytest.mark.parametrize("spent", ["900", "901.50"])
def test_when_the_money_is_spent(exhausted: str, wanted: int, replicas: int, kind: Kind, spent: str) -> None:
    found = monthly(spent, "100", counts(wanted, decided=2, floor=2), onExhausted=exhausted)
    assert answer(found) == (replicas, kind)
    assert found.message.startswith(f"{Decimal(spent):.2f} of 900.00 USD are spent")
    assert found.wake is None


def test_the_fleet_stops_while_it_can_pay_for_its_drain() -> None:
    reserve = 5 * PRICE * (DRAIN + 1 / Decimal(60))
    limits = cost(monthlyBudget="900")
    for left, kind in ((reserve + Decimal("0.01"), Kind.FREE), (reserve - Decimal("0.01"), Kind.EXHAUSTED)):
        money = purse(str(900 - left), "0", drain_hours=DRAIN)
        assert allow(limits, money, counts(2, decided=2, paid=5), NOW).kind is kind


@pytest.mark.parametrize(
    ("decided", "paid", "what"),
    [
        (2, 2, "the drain of what runs, 0.28 USD"),
        (0, 0, "one hour of one replica at 1.19 USD/h with its start and its drain, 1.57 USD"),
        (
            0,
            1,
            (
                "one hour of one replica at 1.19 USD/h with its start and its drain and the drain of what "
                "runs, 1.71 USD"
            ),
        ),
    ],
)
def test_a_stopped_fleet_says_what_its_money_does_not_pay_for(decided: int, paid: int, what: str) -> None:
    money = purse("899.90", "50", start_hours=START, drain_hours=DRAIN)
    found = allow(cost(monthlyBudget="900"), money, counts(3, decided, paid), NOW)
    assert found.message == (
        f"899.90 of 900.00 USD are spent; the rest does not pay for {what}. Zero replicas until November is "
        "over or spec.cost.monthlyBudget is raised: onExhausted Shutdown."
    )


def test_a_floor_that_opens_has_not_spent_money_that_it_has_a_moment_later() -> None:
    limits = cost(monthlyBudget="900", onExhausted="Floor")
    for left, kind in (("0.28", Kind.FREE), ("0.27", Kind.FLOOR)):  # two drains of 7 minutes are 0.2777
        money = purse(str(900 - Decimal(left)), "50", start_hours=START, drain_hours=DRAIN)
        for now_ in (counts(2, 0, 0, floor=2), counts(2, 2, 2, floor=2), counts(0, 0, 0, floor=2)):
            assert allow(limits, money, now_, NOW).kind is kind


def test_from_zero_it_starts_only_for_an_hour_with_start_and_drain() -> None:
    need = PRICE * (1 + START + DRAIN + 1 / Decimal(60))
    for left, found in ((need + Decimal("0.001"), 1), (need - Decimal("0.001"), 0)):
        money = purse(str(900 - left), "50", start_hours=START, drain_hours=DRAIN)
        assert allow(cost(monthlyBudget="900"), money, counts(3, decided=0), NOW).replicas == found


@pytest.mark.parametrize(
    ("spent", "percent"),
    [("449.99", 0), ("450", 50), ("720", 80), ("899.99", 80), ("900", 100), ("1000", 100)],
)
def test_marks(spent: str, percent: int) -> None:
    assert mark(Decimal(spent), Decimal(900)) == percent


@given(
    spent=st.decimals("0", "899", places=2),
    hours=st.integers(1, 700),
    decided=st.integers(0, 12),
    wanted=st.integers(1, 12),
    exhausted=st.sampled_from(["Shutdown", "Floor", "Warn"]),
)
def test_the_answer_changes_when_it_says_and_not_before(
    spent: Decimal, hours: int, decided: int, wanted: int, exhausted: str
) -> None:
    limits = cost(monthlyBudget="900", onExhausted=exhausted)

    def at(seconds: int, before: int, running: int) -> Allowance:
        past = Decimal(seconds) / 3600
        money = purse(str(spent + running * PRICE * past), str(hours - past), drain_hours=DRAIN)
        n = Counts(wanted, before, running, 1)
        return allow(limits, money, n, NOW + seconds * SECOND)

    first = at(0, decided, decided)
    settled = at(0, first.replicas, first.replicas)
    if settled.replicas != first.replicas or settled.wake is None:
        return
    seconds = int((settled.wake - NOW).total_seconds())
    if seconds >= hours * 3600:
        return
    if seconds > 2:
        assert answer(at(seconds - 2, settled.replicas, settled.replicas)) == answer(settled)
    assert answer(at(seconds + 1, settled.replicas, settled.replicas)) != answer(settled)


class Month:
    """A month of looks, every few minutes, at a fleet that starts and drains slowly."""

    def __init__(self, budget: Decimal, drain: timedelta, wanted: list[int], every: timedelta) -> None:
        """Replicas that leave cost for the whole drain; those that come cost at once."""
        self.limits = cost(monthlyBudget=f"{budget:f}")
        self.now: datetime = NOW
        self.end = NOW + 30 * 24 * HOUR
        self.spent, self.decided, self.changes, self.starts = Decimal(0), 0, 0, 0
        self.leaving: list[datetime] = []
        self.drain, self.wanted, self.every = drain, wanted, every

    def run(self) -> None:
        """All of it."""
        while self.now < self.end:
            self.look()
            step = min(self.every, self.end - self.now)
            for _ in range(self.decided):
                self.spent += PRICE * int(step.total_seconds()) / 3600
            for until in self.leaving:
                self.spent += (
                    PRICE * int(max(timedelta(), min(step, until - self.now)).total_seconds()) / 3600
                )
            self.now += step
        self.spent += sum(
            (PRICE * int((one - self.now).total_seconds()) / 3600 for one in self.leaving if one > self.now),
            Decimal(0),
        )

    def look(self) -> None:
        """One decision."""
        self.leaving = [until for until in self.leaving if until > self.now]
        left = Decimal(int((self.end - self.now).total_seconds())) / 3600
        drain = Decimal(int(self.drain.total_seconds())) / 3600
        money = purse(str(self.spent), str(left), start_hours=START, drain_hours=drain, overhead_hours=drain)
        hour = int((self.now - NOW) / HOUR)
        wanted = self.wanted[hour // 6 % len(self.wanted)]
        count = allow(
            self.limits, money, Counts(wanted, self.decided, self.decided + len(self.leaving), 1), self.now
        ).replicas
        self.leaving += [self.now + self.drain] * max(0, self.decided - count)
        self.changes += count != self.decided
        self.starts += count > 0 == self.decided
        self.decided = count


@given(
    budget=st.decimals("1", "3000", places=2),
    drain=st.integers(0, 60),
    wanted=st.lists(st.integers(0, 10), min_size=1, max_size=5),
)
def test_a_month_never_costs_more_than_its_budget(budget: Decimal, drain: int, wanted: list[int]) -> None:
    month = Month(budget, drain * MINUTE, wanted, MINUTE * 30)
    month.every = MINUTE
    month.end = NOW + 20 * HOUR
    month.run()
    assert month.spent <= budget


@pytest.mark.parametrize("budget", [100, 500, 900, 2000, 3000, 5000])
def test_a_fleet_does_not_flap_at_its_budget(budget: int) -> None:
    month = Month(Decimal(budget), 5 * MINUTE, [8], 10 * MINUTE)
    month.run()
    assert month.changes <= 30
    assert month.starts <= 2
    assert month.spent <= budget + 8 * PRICE / 6
    assert month.spent >= min(Decimal("0.98") * budget, 8 * 720 * PRICE)


@pytest.mark.parametrize(
    ("spent", "paid", "minutes"),
    [
        pytest.param("40", 2, 300, id="50 of 100 dollars, in five hours of two pods for one dollar each"),
        pytest.param("50", 2, 900, id="then 80"),
        pytest.param("80", 1, 1200, id="then all of it"),
        pytest.param("100", 1, None, id="then nothing more"),
        pytest.param("40", 0, None, id="nothing runs"),
    ],
)
def test_people_are_told_when_a_mark_is_reached_and_not_at_the_next_look(
    spent: str, paid: int, minutes: int | None
) -> None:
    cost = Cost(monthly_budget=Decimal(100))
    found = next_mark(cost, Purse(Decimal(1), Decimal(spent), "November", Decimal(100)), paid, NOW)
    later = None if minutes is None else NOW + timedelta(minutes=minutes, seconds=1)
    assert found == later
