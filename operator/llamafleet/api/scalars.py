"""Money, durations and instants as the API writes them: strings outside, exact values inside.

A float never touches them. Every refusal is a ``ValueError`` that says what the value must be.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BeforeValidator, PlainSerializer, WithJsonSchema

MONEY_PATTERN: Final = r"^[0-9]{1,9}(\.[0-9]{1,6})?$"
"""Up to 999,999,999.999999 USD: more than any fleet costs, finer than any cloud bills."""

DURATION_PATTERN: Final = r"^([0-9]{1,6}(s|m|h|d))+$"
AUTO_DURATION_PATTERN: Final = f"^Auto$|{DURATION_PATTERN}"
DURATION_LENGTH: Final = 32
DATE_PATTERN: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
TIMESTAMP_PATTERN: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"
)
"""RFC 3339. The format date-time alone would let the API server take an instant without its offset."""

DURATION_SECONDS: Final = (
    "self.findAll('[0-9]+[smhd]').map(part, int(part.substring(0, part.size() - 1)) * "
    "(part.endsWith('d') ? 86400 : part.endsWith('h') ? 3600 : part.endsWith('m') ? 60 : 1)).sum()"
)
"""A duration in seconds as a CEL expression, because the durations of CEL know no days."""

_SECONDS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def parse_money(value: object) -> Decimal:
    """An amount in USD from its decimal string, exactly.

    Raises:
        ValueError: the value is no string, or no plain decimal number with at most nine digits before the
            point and six after.
    """
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or not re.fullmatch(MONEY_PATTERN, value, re.ASCII):
        message = (
            'must be a decimal string such as "1.19", at most nine digits before the point and six after'
        )
        raise ValueError(message)
    return Decimal(value)


def format_money(amount: Decimal, places: int = 2) -> str:
    """An amount in USD with that many decimals; half a unit of the last place goes up."""
    return f"{amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"


def parse_duration(value: object) -> timedelta:
    """A length of time from its text, such as ``90s``, ``10m``, ``1h30m`` or ``2d``; a day has 24 hours.

    Raises:
        ValueError: the value is no string of whole numbers, each with its unit s, m, h or d.
    """
    if isinstance(value, timedelta):
        return value
    if (
        not isinstance(value, str)
        or len(value) > DURATION_LENGTH
        or not re.fullmatch(DURATION_PATTERN, value, re.ASCII)
    ):
        message = (
            'must be a duration string such as "90s", "10m" or "1h30m": whole numbers of at most six digits, '
            f"each with its unit s, m, h or d, {DURATION_LENGTH} characters in all"
        )
        raise ValueError(message)
    parts = re.findall(r"([0-9]+)([smhd])", value)
    return timedelta(seconds=sum(int(number) * _SECONDS[unit] for number, unit in parts))


def format_duration(length: timedelta) -> str:
    """The shortest text of a length of time, largest unit first: 90 minutes are ``1h30m``, zero is ``0s``.

    Raises:
        ValueError: the length is negative or not a whole number of seconds.
    """
    if length < timedelta(0) or length.microseconds:
        message = f"{length} must be a whole number of seconds, zero or more"
        raise ValueError(message)
    rest, parts = length.days * _SECONDS["d"] + length.seconds, []
    for unit, seconds in _SECONDS.items():
        number, rest = divmod(rest, seconds)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"


def parse_auto_duration(value: object) -> timedelta | Literal["Auto"]:
    """A duration, or the word ``Auto``, which leaves the choice to the operator.

    Raises:
        ValueError: the value is neither.
    """
    return "Auto" if value == "Auto" else parse_duration(value)


def parse_date(value: object) -> date:
    """A day from its text, such as ``2026-12-24``.

    Raises:
        ValueError: the value is no string of that form, or no day of the calendar.
    """
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(_matching(DATE_PATTERN, value))
    except ValueError:
        message = "must be a day of the calendar, such as 2026-12-24"
        raise ValueError(message) from None


def parse_timestamp(value: object) -> datetime:
    """An aware instant from its RFC 3339 text, such as ``2026-12-24T18:00:00+01:00``.

    Raises:
        ValueError: the value is no string of that form, no instant of the calendar, or without offset.
    """
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(_matching(TIMESTAMP_PATTERN, value))
    except ValueError:
        message = "must be an instant with its offset from UTC, such as 2026-12-24T18:00:00+01:00"
        raise ValueError(message) from None


def _matching(pattern: str, value: object) -> str:
    if isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII):
        return value
    raise ValueError


def format_auto_duration(value: timedelta | Literal["Auto"]) -> str:
    """The text of a duration, or ``Auto``."""
    return format_duration(value) if isinstance(value, timedelta) else value


def format_timestamp(instant: datetime) -> str:
    """An aware instant as Kubernetes writes it: UTC, whole seconds, ``2026-11-21T06:00:00Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Money = Annotated[
    Decimal,
    BeforeValidator(parse_money),
    PlainSerializer("{:f}".format, return_type=str),
    WithJsonSchema({"type": "string", "maxLength": 16, "pattern": MONEY_PATTERN}),
]
"""USD as a decimal string."""

Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "maxLength": DURATION_LENGTH, "pattern": DURATION_PATTERN}),
]
"""A length of time as text with units."""

AutoDuration = Annotated[
    timedelta | Literal["Auto"],
    BeforeValidator(parse_auto_duration),
    PlainSerializer(format_auto_duration, return_type=str),
    WithJsonSchema({"type": "string", "maxLength": DURATION_LENGTH, "pattern": AUTO_DURATION_PATTERN}),
]
"""A length of time, or ``Auto``."""

Date = Annotated[
    date,
    BeforeValidator(parse_date),
    WithJsonSchema({"type": "string", "maxLength": 10, "format": "date"}),
]
"""A day without a zone."""

Timestamp = Annotated[
    AwareDatetime,
    BeforeValidator(parse_timestamp),
    PlainSerializer(format_timestamp, return_type=str),
    WithJsonSchema({"type": "string", "maxLength": 40, "format": "date-time", "pattern": TIMESTAMP_PATTERN}),
]
"""An instant in RFC 3339, with its offset from UTC."""
