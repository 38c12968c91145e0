"""The one place that reads the clock."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware and in UTC, in whole seconds: what the API's timestamps can hold."""
    return datetime.now(UTC).replace(microsecond=0)


def precisely() -> datetime:
    """The present instant, aware and in UTC, as fine as the clock is."""
    return datetime.now(UTC)
