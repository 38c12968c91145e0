"""The answer of ``kubectl llama status`` for programs: one record, whose keys and types stay as they are.

``docs/kubectl-llama.md`` is its reference. A key is never left out: what has no value is null. Decimals are
strings, because a float would not say what was meant.
"""

from decimal import Decimal

from llamafleet.api.base import Record
from llamafleet.api.scalars import Timestamp, format_money
from llamafleet.cli.live.account import Account
from llamafleet.cli.live.fleets import Fleet, totals
from llamafleet.cli.live.fleets_view import Picture


class Money(Record):
    """What was spent, in USD, and what will have been. What nobody knows is null."""

    today_usd: str | None
    """Since midnight in the time zone of the schedule."""

    month_usd: str | None
    """Since the month turned there."""

    projected_month_usd: str | None
    """What the month will have cost, by the operator's last decision."""

    hourly_usd: str | None
    """What the wanted replicas cost per hour."""


class FleetStatus(Record):
    """One fleet."""

    namespace: str
    """Its namespace."""

    name: str
    """Its name."""

    state: str
    """How it is: Ready, Pending, Deleting, Suspended, or the reason that its conditions give."""

    ready_replicas: int
    """Replicas that answer requests."""

    desired_replicas: int
    """Replicas that the last decision wants."""

    waiting: int | None
    """Requests that wait. Null where the queue is not read."""

    running: int | None
    """Requests that are worked on. Null where the queue is not read."""

    open: bool | None
    """Whether it is open. Null before the first decision."""

    window: str | None
    """What holds it open: names of windows, always, exception or override. Null while it is closed."""

    next_transition: Timestamp | None
    """When it closes if it is open, when it opens if it is closed. Null: no such time is known."""

    cost: Money
    """What it has cost."""

    today_partial_since: Timestamp | None
    """todayUsd lacks pods that were gone before. Null: it lacks none."""

    counted_until: Timestamp | None
    """Until when pods are counted, because the operator has not written since. Null: until at."""

    unpriced: bool
    """Whether pods ran this month without a known price; they count for nothing."""


class Total(Record):
    """Sums over the fleets; what is not known of one is left out of them."""

    fleets: int
    """How many fleets."""

    ready_replicas: int
    """Replicas that answer requests."""

    desired_replicas: int
    """Replicas that are wanted."""

    waiting: int | None
    """Requests that wait. Null: of no fleet is that known."""

    running: int | None
    """Requests that are worked on. Null: likewise."""

    cost: Money
    """What they have cost."""


class StatusOutput(Record):
    """The answer."""

    at: Timestamp
    """The instant of the figures, by the clock of this machine."""

    fleets: tuple[FleetStatus, ...]
    """Every fleet that was asked for, by namespace and name."""

    total: Total
    """Their sums."""


def document(picture: Picture) -> StatusOutput:
    """The picture as its record: each figure under its public name, none computed."""
    sums = totals(picture.fleets)
    return StatusOutput(
        at=picture.now,
        fleets=tuple(_fleet(one) for one in picture.fleets),
        total=Total(
            fleets=sums.fleets,
            ready_replicas=sums.ready,
            desired_replicas=sums.wanted,
            waiting=sums.waiting,
            running=sums.running,
            cost=_money(sums.account),
        ),
    )


def _fleet(one: Fleet) -> FleetStatus:
    return FleetStatus(
        namespace=one.namespace,
        name=one.name,
        state=one.state.word,
        ready_replicas=one.ready,
        desired_replicas=one.wanted,
        waiting=one.queue.waiting if one.queue else None,
        running=one.queue.running if one.queue else None,
        open=one.hours.open if one.hours else None,
        window=(one.hours.window or None) if one.hours else None,
        next_transition=one.hours.next_transition if one.hours else None,
        cost=_money(one.account),
        today_partial_since=one.account.partial_since,
        counted_until=one.account.until,
        unpriced=one.account.unpriced,
    )


def _money(account: Account) -> Money:
    return Money(
        today_usd=_usd(account.today),
        month_usd=_usd(account.month),
        projected_month_usd=_usd(account.projected),
        hourly_usd=_usd(account.hourly),
    )


def _usd(amount: Decimal | None) -> str | None:
    return None if amount is None else format_money(amount)
