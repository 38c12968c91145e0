"""The table of fleets as values: what is told of each, and their sums. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from llamafleet.api.status import LlamaDeploymentStatus, StatusQueue
from llamafleet.cli.live.account import NO_ACCOUNT, Account, account
from llamafleet.cli.live.state import WARN, State, state
from llamafleet.cli.live.times import UTC_NAME

UNREADABLE: Final = State("Unreadable", WARN)
"""The status is of a release that says things otherwise."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Whether a fleet is open, and what comes next.

    Attributes:
        open: whether it is open.
        window: what holds it open; empty when it is closed.
        next_transition: when that ends, UTC; None: no such time is known.
        time_zone: the zone in which its author thinks.
    """

    open: bool = True
    window: str = "always"
    next_transition: datetime | None = None
    time_zone: str = UTC_NAME


@dataclass(frozen=True, slots=True)
class Fleet:
    """One fleet.

    Attributes:
        namespace: its namespace.
        name: its name.
        state: how it is.
        ready: replicas that answer requests.
        wanted: replicas that the last decision wants.
        queue: the queue at the last look; None: it is not read, or could not be.
        hours: whether it is open; None: that is not known yet.
        account: what it has cost.
    """

    namespace: str
    name: str
    state: State
    ready: int = 0
    wanted: int = 0
    queue: StatusQueue | None = None
    hours: Hours | None = None
    account: Account = NO_ACCOUNT

    @property
    def full_name(self) -> str:
        """``NAMESPACE/NAME``."""
        return f"{self.namespace}/{self.name}"


def fleet(raw: Mapping[str, Any], now: datetime) -> Fleet:
    """What is told of a LlamaDeployment as the API server shows it."""
    namespace, name = raw["metadata"]["namespace"], raw["metadata"]["name"]
    status = read_status(raw)
    if status is None:
        return Fleet(namespace, name, UNREADABLE)
    return Fleet(
        namespace=namespace,
        name=name,
        state=state(raw, status),
        ready=status.ready_replicas,
        wanted=status.desired_replicas,
        queue=status.queue,
        hours=hours(raw, status),
        account=account(status, now),
    )


def read_status(raw: Mapping[str, Any]) -> LlamaDeploymentStatus | None:
    """The status of a resource; None when it is not as this release knows it."""
    try:
        return LlamaDeploymentStatus.model_validate(raw.get("status") or {})
    except ValidationError:
        return None


def hours(raw: Mapping[str, Any], status: LlamaDeploymentStatus) -> Hours | None:
    """When it is open; a fleet that was never decided on has no hours yet."""
    told = status.schedule
    if told is None:
        return Hours() if status.plan else None
    zone = (raw["spec"].get("schedule") or {}).get("timeZone") or UTC_NAME
    return Hours(told.open, told.window, told.next_transition, zone)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over fleets; what is not known of one is left out of them.

    Attributes:
        fleets: how many they are.
        ready: replicas that answer.
        wanted: replicas that are wanted.
        waiting: requests that wait; None: of no fleet is that known.
        running: requests that are worked on; likewise.
        account: the sums of money; likewise.
    """

    fleets: int
    ready: int
    wanted: int
    waiting: int | None
    running: int | None
    account: Account


def totals(fleets: Sequence[Fleet]) -> Totals:
    """The sums."""
    queues = [one.queue for one in fleets if one.queue]
    accounts = [one.account for one in fleets]
    return Totals(
        fleets=len(fleets),
        ready=sum(one.ready for one in fleets),
        wanted=sum(one.wanted for one in fleets),
        waiting=sum(one.waiting for one in queues) if queues else None,
        running=sum(one.running for one in queues) if queues else None,
        account=Account(
            today=_sum(one.today for one in accounts),
            month=_sum(one.month for one in accounts),
            projected=_sum(one.projected for one in accounts),
            hourly=_sum(one.hourly for one in accounts),
        ),
    )


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def remarks(fleets: Sequence[Fleet]) -> list[str]:
    """Sentences under the table: where a figure is less than its name says."""
    return [f"{one.full_name}: {what}" for one in fleets for what in _remarks(one.account)]


def _remarks(told: Account) -> Iterator[str]:
    if told.partial_since is not None:
        yield (
            f"TODAY lacks pods that were gone before {told.partial_since:%H:%M} UTC: what was written before"
            " that does not tell days apart."
        )
    if told.until is not None:
        yield (
            "the operator has not written when that was due. The money is counted until"
            f" {told.until:%Y-%m-%d %H:%M} UTC."
        )
    if told.unpriced:
        yield "pods without a known price ran this month. They count for nothing."
