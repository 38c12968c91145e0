"""``spec.schedule``: when the fleet is open. This module states the windows; it does not evaluate them."""

import datetime as dt
import re
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import Field

from llamafleet.api.base import Obeys, Record, Rule
from llamafleet.api.lists import Once, in_order
from llamafleet.api.scalars import DURATION_SECONDS, AutoDuration, Date, Duration, Timestamp
from llamafleet.api.scaling import MAX_REPLICAS, Replicas
from llamafleet.api.texts import CRON, Cron, Name, TimeZone

LEAST_DURATION: Final = dt.timedelta(minutes=5)
"""Of a window: no replica of any Llama is loaded sooner, so that a shorter one would pay for nothing."""

MOST_TIME: Final = dt.timedelta(days=1)
"""For draining and for opening early: ten times what the longest of either takes."""

_FIVE_FIELDS: Final = Rule(
    f"self.matches(r'{CRON}')",
    "start of a window of spec.schedule.windows must be five cron fields with one space between two of them, "
    "as 0 22 * * 1-5: minute, hour, day of month, month, day of week",
    lambda start: re.fullmatch(CRON, start, re.ASCII) is not None,
)
_LONG_ENOUGH: Final = Rule(
    f"{DURATION_SECONDS} >= 300",
    "duration of a window of spec.schedule.windows must be at least 5m",
    lambda duration: duration >= LEAST_DURATION,
)
_A_DAY_OF_DRAINING: Final = Rule(
    f"{DURATION_SECONDS} <= 86400",
    "spec.schedule.drainTimeout must be at most 24h",
    lambda timeout: timeout <= MOST_TIME,
)
_A_DAY_OF_WARMING: Final = Rule(
    f"self == 'Auto' || {DURATION_SECONDS} <= 86400",
    "spec.schedule.preWarm must be Auto or at most 24h",
    lambda early: early == "Auto" or early <= MOST_TIME,
)


class WindowState(StrEnum):
    """What an exception makes of its time."""

    OPEN = "Open"
    CLOSED = "Closed"


class Window(Record):
    """A time that comes back, in which the fleet is open."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
            "minReplicas of a window of spec.schedule.windows must be at most its maxReplicas",
            lambda window: (
                None in (window.min_replicas, window.max_replicas)
                or window.min_replicas <= window.max_replicas
            ),
            at="minReplicas",
        ),
    )

    name: Name
    """The name of the window, which conditions and events repeat. Required."""

    start: Annotated[Cron, Obeys((_FIVE_FIELDS,))]
    """When the window opens: five cron fields (minute, hour, day of month, month, day of week) in the
    schedule's time zone. Required."""

    duration: Annotated[Duration, Obeys((_LONG_ENOUGH,))]
    """How long the window stays open, such as 6h: at least 5m, and at most until its next start. Required."""

    min_replicas: Replicas | None = None
    """The fewest replicas in this window. Absent: spec.scaling.minReplicas."""

    max_replicas: Annotated[int, Field(ge=1, le=MAX_REPLICAS)] | None = None
    """The most replicas in this window. Absent: spec.scaling.maxReplicas."""


class ScheduleException(Record):
    """A day or a span of time that the windows do not decide."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.date) ? !has(self.from) && !has(self.to) : has(self.from) && has(self.to)",
            "an exception of spec.schedule.exceptions must have either date, or both from and to",
            lambda exception: (
                (exception.date is None) == (exception.from_ is not None) == (exception.to is not None)
            ),
        ),
        Rule(
            "!has(self.from) || !has(self.to) || self.from < self.to",
            "from of an exception of spec.schedule.exceptions must be earlier than its to",
            lambda exception: None in (exception.from_, exception.to) or exception.from_ < exception.to,
            at="from",
        ),
    )

    date: Date | None = None
    """A whole day in the schedule's time zone, as 2026-12-24. Absent: from and to give the time."""

    from_: Timestamp | None = Field(default=None, alias="from")
    """The first instant, in RFC 3339 with an offset from UTC. Absent: date gives the time."""

    to: Timestamp | None = None
    """The first instant after the exception, in RFC 3339 with an offset from UTC. Absent: date gives the
    time."""

    state: WindowState
    """Whether the fleet is Open or Closed in this time, whatever the windows say. Required."""


class Schedule(Record):
    """When the fleet is open, and how it opens and closes."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(has(self.windows) && self.windows.size() > 0) || "
            "(has(self.exceptions) && self.exceptions.size() > 0)",
            "spec.schedule must have at least one of windows and exceptions; leave it out to be always open",
            lambda schedule: bool(schedule.windows or schedule.exceptions),
        ),
    )

    time_zone: TimeZone = "UTC"
    """The IANA time zone of every start and date. Default UTC."""

    windows: Annotated[tuple[Window, ...], Field(max_length=64), Once("name")] = ()
    """The times that come back, in which the fleet is open; where two overlap, the larger bounds count.
    Absent: open, but for the exceptions."""

    exceptions: Annotated[
        tuple[ScheduleException, ...], Field(max_length=366, json_schema_extra=in_order())
    ] = ()
    """Days and spans of time that the windows do not decide; of two at the same time the later listed counts.
    Absent: none."""

    pre_warm: Annotated[AutoDuration, Obeys((_A_DAY_OF_WARMING,))] = "Auto"
    """How long before a window its replicas are started, at most 24h. Default Auto: as long as 95 of 100 cold
    starts took."""

    drain_timeout: Annotated[Duration, Obeys((_A_DAY_OF_DRAINING,))] = dt.timedelta(minutes=5)
    """How long requests in flight may take to end when a window closes, at most 24h. Default 5m."""

    close_when_idle: bool = False
    """Whether a window closes early once its queue is empty. Default false."""
