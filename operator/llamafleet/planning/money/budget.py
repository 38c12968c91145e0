"""The budget: how many replicas the money still allows, and until when that answer holds.

Pacing shares what is left among the open hours that are left, and is a matter of comfort: what keeps the bill
below the budget is that the fleet stops while it can still pay for its own draining.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from enum import StrEnum
from typing import Final

from llamafleet.api.cost import Cost, OnExhausted
from llamafleet.api.scalars import format_money

SLACK: Final = Decimal("0.05")
"""By how much, as a share of the rate, the allowance must differ before pacing changes the count.

A count that is lowered at 95 % comes back at 105 %. Until then a tenth of the rate must be saved up for each
hour that is left: with n replicas, of which one was taken away, in about n/10 of those hours. That is three
days at the beginning of a month for one of one. A smaller figure lets the count swing at every look; a larger
one holds too high a count for longer, until the money is spent early."""

LATE_HOURS: Final = Decimal(1) / 60
"""How late a look may come, in hours: the fleet stops so much earlier than the sum says."""

RESTART_HOURS: Final = Decimal(1)
"""What the money must pay for, beside start and drain, before a fleet comes back from zero, in hours: with
less it would load more than it serves."""

MARKS: Final = (100, 80, 50)
"""Of how many percent of the budget people are told."""

_ZERO: Final = Decimal(0)
_MONTHS_OF_WAKING: Final = Decimal(24 * 62)
"""Nobody waits longer than that for an answer, in hours: the month has turned before."""


class Kind(StrEnum):
    """Why the money allows what it allows."""

    FREE = "Free"
    """All that is wanted."""

    HOURLY_LIMIT = "HourlyLimit"
    """As many as spec.cost.hourlyLimit pays for."""

    PACED = "Paced"
    """As many as the rest of the month's money pays for until its end."""

    EXHAUSTED = "Exhausted"
    """None: the money is spent."""

    FLOOR = "Floor"
    """The money is spent, and spec.scaling.minReplicas stay."""

    WARNED = "Warned"
    """All that is wanted: the money is spent, and the author wants to be told, no more."""

    UNPRICED = "Unpriced"
    """All that is wanted: no price is known."""


@dataclass(frozen=True, slots=True)
class Purse:
    """The money, and the hours that it must last for. All amounts in US dollars.

    Attributes:
        hourly_usd: what one replica costs per hour; None: no price is known.
        spent_usd: what was spent this month.
        month: what people call the month.
        open_hours: the open hours that are left in it.
        overhead_hours: for how long one replica costs in it beside those: every start and drain that is left.
        start_hours: how long one replica takes from its node to its first answer.
        drain_hours: how long one replica may take from the request to delete it until it is gone.
    """

    hourly_usd: Decimal | None
    spent_usd: Decimal
    month: str
    open_hours: Decimal
    overhead_hours: Decimal = _ZERO
    start_hours: Decimal = _ZERO
    drain_hours: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class Counts:
    """Replicas.

    Attributes:
        wanted: what the steps before ask for.
        decided: what was decided last.
        paid: the pods that are paid for right now, also those on their way out.
        floor: spec.scaling.minReplicas; 1 without spec.scaling.
    """

    wanted: int
    decided: int
    paid: int
    floor: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the money allows.

    Attributes:
        replicas: how many of the wanted replicas.
        kind: why.
        message: why, in plain words with the sums; empty when there is no limit.
        wake: when spending alone will change the answer, UTC; None: never. The turn of the month does, too.
    """

    replicas: int
    kind: Kind
    message: str
    wake: datetime | None = None


def allow(cost: Cost | None, purse: Purse, counts: Counts, now: datetime) -> Allowance:
    """What the money allows.

    Args:
        cost: spec.cost; None: no limit.
        purse: the money and the time.
        counts: the replicas.
        now: the instant, UTC, at which purse and counts were read.
    """
    if cost is None:
        return Allowance(counts.wanted, Kind.FREE, "")
    if purse.hourly_usd is None:
        return Allowance(
            counts.wanted,
            Kind.UNPRICED,
            "No price of this shape is known, so spec.cost limits nothing. Give its GpuPool a spec.price.",
        )
    paced = _by_month(cost, purse, purse.hourly_usd, counts, now)
    return _by_hour(cost, purse.hourly_usd, paced)


def mark(spent_usd: Decimal, budget_usd: Decimal) -> int:
    """The highest of :data:`MARKS` that was reached, in percent; 0 for none. Nothing is always reached."""
    return next((percent for percent in MARKS if 100 * spent_usd >= percent * budget_usd), 0)


def next_mark(cost: Cost | None, purse: Purse, paid: int, now: datetime) -> datetime | None:
    """When the next of :data:`MARKS` is reached while so many pods are paid for, UTC; None when it is not."""
    budget, rate = cost.monthly_budget if cost else None, paid * (purse.hourly_usd or _ZERO)
    if budget is None or not rate:
        return None
    reached = mark(purse.spent_usd, budget)
    higher = min((percent for percent in MARKS if percent > reached), default=None)
    return None if higher is None else _after(now, (budget * higher / 100 - purse.spent_usd) / rate)


def _by_hour(cost: Cost, price: Decimal, given: Allowance) -> Allowance:
    """The hard cap of spec.cost.hourlyLimit."""
    if cost.hourly_limit is None or not price or cost.hourly_limit >= given.replicas * price:
        return given
    most = int(cost.hourly_limit // price)
    limit, one = f"{format_money(cost.hourly_limit)}/h", f"{format_price(price)}/h"
    if not most:
        return Allowance(0, Kind.HOURLY_LIMIT, f"budget {limit} allows 0, because one replica costs {one}.")
    return Allowance(most, Kind.HOURLY_LIMIT, f"budget {limit} allows {most} at {one}.", given.wake)


def _by_month(cost: Cost, purse: Purse, price: Decimal, counts: Counts, now: datetime) -> Allowance:
    """The share of spec.cost.monthlyBudget."""
    if cost.monthly_budget is None or not price:
        return Allowance(counts.wanted, Kind.FREE, "")
    left = cost.monthly_budget - purse.spent_usd
    if cost.on_exhausted is OnExhausted.WARN:
        return _warned(cost.monthly_budget, left, price, counts, now)
    if left < _needed(cost, purse, price, counts):
        return _exhausted(cost, cost.monthly_budget, purse, price, counts)
    fleet = _Pace(left, price, purse, counts, counts.floor if cost.on_exhausted is OnExhausted.FLOOR else 1)
    replicas = min(counts.wanted, fleet.most)
    kind = Kind.PACED if replicas < counts.wanted else Kind.FREE
    return Allowance(replicas, kind, fleet.message(cost.monthly_budget), fleet.wake(replicas, now))


def _reserve_hours(purse: Purse) -> Decimal:
    return purse.drain_hours + LATE_HOURS


def _needed(cost: Cost, purse: Purse, price: Decimal, counts: Counts) -> Decimal:
    """What must be left so that a replica may run on, or start: the drain of all, at the least.

    While none is wanted, the question is whether one may start later, when the drain of what still runs is
    over and paid: so closing says the same at its first look as at the next ones.
    With ``Floor`` some start whatever is left, so their drain is all that is asked for: else the money would
    be spent when a fleet opens, and not a moment later.
    """
    drain = price * _reserve_hours(purse)
    start = price * (RESTART_HOURS + purse.start_hours) + drain
    kept = counts.floor if cost.on_exhausted is OnExhausted.FLOOR else 0
    if not counts.wanted:
        return kept * drain or start
    drains = max(counts.paid, counts.decided, min(counts.wanted, kept)) * drain
    return drains if counts.decided or kept else drains + start


def _exhausted(cost: Cost, budget: Decimal, purse: Purse, price: Decimal, counts: Counts) -> Allowance:
    spent = f"{format_money(purse.spent_usd)} of {format_money(budget)} USD are spent"
    if cost.on_exhausted is OnExhausted.FLOOR:
        count = min(counts.wanted, counts.floor)
        return Allowance(
            count,
            Kind.FLOOR,
            f"{spent}; spec.scaling.minReplicas keeps up to {counts.floor}: onExhausted Floor.",
        )
    needed = f"{_unpaid(price, counts)}, {_cents_up(_needed(cost, purse, price, counts))} USD"
    return Allowance(
        0,
        Kind.EXHAUSTED,
        f"{spent}; the rest does not pay for {needed}. Zero replicas until {purse.month} is over or "
        "spec.cost.monthlyBudget is raised: onExhausted Shutdown.",
    )


def _unpaid(price: Decimal, counts: Counts) -> str:
    """What the rest of the money does not pay for: the parts of what is needed."""
    drains = "the drain of what runs"
    if counts.wanted and counts.decided:
        return drains
    another = f"one hour of one replica at {format_price(price)} USD/h with its start and its drain"
    return f"{another} and {drains}" if counts.wanted and counts.paid else another


def _warned(budget: Decimal, left: Decimal, price: Decimal, counts: Counts, now: datetime) -> Allowance:
    spent = f"{format_money(budget - left)} of {format_money(budget)} USD are spent"
    if left <= 0:
        return Allowance(counts.wanted, Kind.WARNED, f"{spent}, and nothing is limited: onExhausted Warn.")
    rate = max(counts.wanted, counts.paid) * price
    return Allowance(counts.wanted, Kind.FREE, f"{spent}.", _after(now, left / rate if rate else None))


@dataclass(frozen=True, slots=True)
class _Pace:
    """The sum of pacing: the money left, the price of a replica-hour, and the fewest replicas."""

    left: Decimal
    price: Decimal
    purse: Purse
    counts: Counts
    least: int

    @property
    def hours(self) -> Decimal:
        """What shares the money: the open hours, and starts and drains, at least one drain."""
        return self.purse.open_hours + max(self.purse.overhead_hours, self.purse.drain_hours) + LATE_HOURS

    @property
    def replicas(self) -> Decimal:
        """How many replicas the money pays for until the end, with a fraction."""
        return self.left / self.hours / self.price

    @property
    def most(self) -> int:
        """How many pacing allows, given what was decided last. A fleet that starts cannot swing."""
        higher = math.floor(self.replicas / (1 + SLACK if self.counts.decided else 1))
        if higher > self.counts.decided:
            count = higher
        elif self.replicas >= (1 - SLACK) * self.counts.decided:
            count = self.counts.decided
        else:
            count = math.floor(self.replicas)
        return max(count, self.least)

    def message(self, budget: Decimal) -> str:
        """The sum in words."""
        spare = self.hours - self.purse.open_hours
        more = f" and {spare:.1f} h for starting and draining" if spare >= Decimal("0.05") else ""
        return (
            f"{format_money(self.purse.spent_usd)} of {format_money(budget)} USD are spent; "
            f"the {self.purse.open_hours:.1f} open hours left in {self.purse.month}{more} share "
            f"{format_money(self.left)} USD: {_cents(self.left / self.hours)} USD/h, which {self._verdict}."
        )

    @property
    def _verdict(self) -> str:
        """What the allowance comes to, and why the count is another one."""
        exact, price = math.floor(self.replicas), f"{format_price(self.price)} USD/h"
        if self.most < exact:
            return f"allows {exact} at {price}, and {self.most} with {SLACK:.0%} to spare"
        if self.most == exact:
            return f"allows {exact} at {price}"
        if self.most == self.least:
            return f"pays for {exact} at {price}; {self.least} may run while the money lasts"
        return f"allows {exact} at {price}; {self.most} stay, because less than {SLACK:.0%} is missing"

    def wake(self, replicas: int, now: datetime) -> datetime | None:
        """When it is another count, or the end, if so many replicas are paid for from now on."""
        rate = max(replicas, self.counts.paid) * self.price
        waits = [self._until_stopped(rate), self._until_fewer(replicas, rate)]
        if replicas < self.counts.wanted:
            waits.append(self._until_more(replicas, rate))
        return _after(now, min((wait for wait in waits if wait is not None), default=None))

    def _until_stopped(self, rate: Decimal) -> Decimal | None:
        """Hours until only the drain can be paid."""
        return (self.left - rate * _reserve_hours(self.purse)) / rate if rate else None

    def _until_fewer(self, replicas: int, rate: Decimal) -> Decimal | None:
        """Hours until the allowance has fallen to 95 % of this count."""
        if replicas <= self.least:
            return None
        return self._until_it_pays((1 - SLACK) * replicas * self.price, rate)

    def _until_more(self, replicas: int, rate: Decimal) -> Decimal | None:
        """Hours until the allowance has risen to 105 % of one more."""
        return self._until_it_pays((1 + SLACK) * (replicas + 1) * self.price, rate)

    def _until_it_pays(self, hourly: Decimal, rate: Decimal) -> Decimal | None:
        """Hours t until (left - rate t) / (hours - t) is an amount; None when it never is, or was."""
        if rate == hourly:
            return None
        wait = (self.left - hourly * self.hours) / (rate - hourly)
        return wait if 0 < wait < self.purse.open_hours else None


def _after(now: datetime, wait_hours: Decimal | None) -> datetime | None:
    """The first whole second after so many hours; none when that is beyond the month."""
    if wait_hours is None or wait_hours > _MONTHS_OF_WAKING:
        return None
    return now + timedelta(seconds=math.floor(max(_ZERO, wait_hours) * 3600) + 1)


def _cents(amount: Decimal) -> str:
    """An amount that is not rounded up, because it must pay for something."""
    return f"{amount.quantize(Decimal('0.01'), ROUND_DOWN):f}"


def _cents_up(amount: Decimal) -> str:
    """An amount that is not rounded down, because less does not do."""
    return f"{amount.quantize(Decimal('0.01'), ROUND_UP):f}"


def format_price(price: Decimal) -> str:
    """A price per hour: two decimals, or as many as it has."""
    exponent = price.normalize().as_tuple().exponent
    return format_money(price, max(2, min(6, -exponent if isinstance(exponent, int) else 2)))
