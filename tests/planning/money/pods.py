"""What the tests of money start from: instants, lifetimes, and looks at them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from llamafleet.api.ledger import Ledger
from llamafleet.planning.money.ledger import settle
from llamafleet.planning.money.lifetime import Lifetime

PRICE = Decimal("1.19")
GRACE = timedelta(seconds=320)
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))


def utc(text: str) -> datetime:
    """An instant from ``2026-11-21 06:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def life(uid: str = "a", bound: datetime | None = None, **fields: Any) -> Lifetime:
    """A pod that was created when it was bound, for 1.19 USD per hour."""
    created = fields.pop("created", bound)
    return Lifetime(uid, created, bound, **{"hourly_usd": PRICE, **fields})


def gone(uid: str, bound: datetime, at: datetime, **fields: Any) -> Lifetime:
    """A pod whose removal the watch showed at an instant of our clock."""
    return life(uid, bound, heard=at, over=True, **fields)


def look(before: Ledger | None, pods: Sequence[Lifetime], now: datetime, zone: str = "UTC") -> Ledger:
    """The checkpoint after a look; it is what the API server would give back of it."""
    after = settle(before, pods, now, zone, GRACE)
    assert Ledger.model_validate(after.model_dump(by_alias=True, mode="json", exclude_none=True)) == after
    return after
