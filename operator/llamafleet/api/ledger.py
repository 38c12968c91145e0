"""``status.cost.ledger``: the checkpoint from which the month's bill is recomputed. Values only.

The bill of a pod that exists is computed from its own instants whenever it is asked for. Kept here is what
cannot be seen again: the sums of pods that are gone, and from when on the others are still to be billed.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from llamafleet.api.base import Record
from llamafleet.api.lists import keyed_by
from llamafleet.api.scalars import DATE_PATTERN, Timestamp
from llamafleet.api.texts import LARGEST, TimeZone

MAX_METERS: Final = 2000
"""As many pods as a fleet of the largest size has while each of them is being replaced."""

AMOUNT_PATTERN: Final = r"^[0-9]{1,15}(\.[0-9]{1,9})?$"
"""Nine decimals, so that a thousand roundings a month come to less than a millionth of a dollar."""

MONTH_PATTERN: Final = r"^[0-9]{4}-[0-9]{2}$"

Month = Annotated[str, Field(max_length=7, pattern=MONTH_PATTERN)]
"""A month of the calendar, such as 2026-11."""

Date = Annotated[str, Field(max_length=10, pattern=DATE_PATTERN)]
"""A day of the calendar, such as 2026-11-22. Days sort as their texts do."""


def _decimal(value: object) -> Decimal:
    """An amount from its decimal string, exactly.

    Raises:
        ValueError: the value is no such string.
    """
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or not re.fullmatch(AMOUNT_PATTERN, value, re.ASCII):
        message = 'must be a decimal string such as "1.19", at most 15 digits before the point and nine after'
        raise ValueError(message)
    return Decimal(value)


Amount = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    Field(ge=0, allow_inf_nan=False),
    PlainSerializer("{:f}".format, return_type=str),
    WithJsonSchema({"type": "string", "maxLength": 25, "pattern": AMOUNT_PATTERN}),
]
"""USD as a decimal string, with up to nine decimals."""

ZERO: Final = Decimal(0)


class Phases(Record):
    """What was spent, in USD, by what the GPUs did for it."""

    loading: Amount = ZERO
    """From the node until the pod was ready for the first time."""

    serving: Amount = ZERO
    """While the pod was ready, and nothing says that it was idle."""

    idle: Amount = ZERO
    """While the pod was ready, and its reading showed no request."""

    draining: Amount = ZERO
    """From the request to delete the pod until it was gone."""

    failed_start: Amount = ZERO
    """All of the time of pods that ended or crashed before they were ever ready."""

    @property
    def usd(self) -> Decimal:
        """All of it, in USD."""
        return self.loading + self.serving + self.idle + self.draining + self.failed_start


class Meter(Record):
    """One pod that is paid for."""

    uid: Annotated[str, Field(max_length=64)]
    """The uid of the pod. Required."""

    since: Timestamp
    """From when on the pod is still to be billed; what was before is in the sums. Required."""

    hourly_usd: Amount | None = None
    """What the pod costs per hour, in USD. Absent: no price is known, and its time is not billed."""

    earlier_usd: Amount | None = None
    """What it cost per hour before since, in USD. Absent: the same."""

    ready: Timestamp | None = None
    """When it was ready for the first time. Absent: not yet."""

    requested: Timestamp | None = None
    """When its deletion was asked for. Absent: it was not."""

    until: Timestamp | None = None
    """When it is gone at the latest, as far as the API server knows. Absent: nobody deletes it."""

    idle_since: Timestamp | None = None
    """Since when it has had no request. Absent: it has some, or there is no reading."""

    idle_seconds: Annotated[int, Field(ge=0, le=LARGEST)] = 0
    """How long it had no request before that, in seconds."""

    crashed: bool = False
    """Whether its container has ended at least once."""

    tokens: Annotated[int, Field(ge=0, le=LARGEST)] | None = None
    """The token counter of its server at the last reading. Absent: there was none."""


class LastMonth(Record):
    """What the month before came to."""

    month: Month
    """The month, such as 2026-10. Required."""

    usd: Amount
    """What was spent in it, in USD. Required."""


class DaySpent(Record):
    """What went into the sums of the month on one day of the calendar."""

    date: Date
    """The day, such as 2026-11-22, in the time zone of the ledger. Required."""

    usd: Amount = ZERO
    """How much of the month's sums is of time on that day, in USD. Default 0."""

    since: Timestamp | None = None
    """From when on that is known. Absent: all of the day."""


class Told(Record):
    """The part of the budget that people were told to be spent."""

    budget: Amount
    """The budget that it is a part of, in USD. Required."""

    percent: Annotated[int, Field(ge=0, le=100)]
    """How much of it, in percent. Required."""


class Ledger(Record):
    """The checkpoint of the month's bill."""

    month: Month
    """The month that the sums are of, in the time zone of the schedule. Required."""

    time_zone: TimeZone = "UTC"
    """The zone in which the month turns. Default UTC."""

    at: Timestamp
    """The last look that is in the sums. Required."""

    pods_version: Annotated[int, Field(ge=0, le=LARGEST)] | None = None
    """Up to which resource version everything about pods is in the sums. Absent: nobody said."""

    spent: Phases = Phases()
    """What was spent this month before the meters' own beginnings."""

    uncertain_usd: Amount = ZERO
    """By how much this month's sum may be wrong, because pods vanished while nobody looked, in USD."""

    last_month: LastMonth | None = None
    """What the month before came to. Absent: it was not watched."""

    tokens: Annotated[int, Field(ge=0, le=LARGEST)] = 0
    """The tokens that were worked through this month, prompts and answers together."""

    day: DaySpent | None = None
    """What of the sums is of the day on which they changed last. Absent: they did not change yet."""

    told: Told | None = None
    """What people were told of this month, so that each part is told once. Absent: nothing yet."""

    unpriced: bool = False
    """Whether pods ran this month without a known price, so that the sum is too low."""

    meters: Annotated[tuple[Meter, ...], Field(max_length=MAX_METERS, json_schema_extra=keyed_by("uid"))] = ()
    """The pods that are paid for right now."""

    def covers(self, begin: datetime, version: int | None) -> bool:
        """Whether the end of a pod that has no meter was known when this was written.

        Args:
            begin: when it got its node, or was created, if it got none; UTC.
            version: the resource version of its last state; None: that does not tell.
        """
        if version is None or self.pods_version is None:
            # One that got its node in the very second of the look may have come after it.
            return begin < self.at
        return begin <= self.at and version <= self.pods_version
