"""Opening: whether the fleet is open at an instant, until when, and when it opens next.

Only the level is told, as in ``windows``: an operator that was away at the start of a window finds it open.
What is asked for at once, by annotations of the resource, has the last word over the schedule.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from llamafleet.api.names import CLOSED_UNTIL_ANNOTATION, OPEN_UNTIL_ANNOTATION
from llamafleet.api.problem import LONGEST_VALUE
from llamafleet.api.schedule import Schedule
from llamafleet.errors import InvalidSpec
from llamafleet.planning.schedule.timeline import (
    ALWAYS,
    OPEN,
    Bounds,
    Level,
    Stretch,
    cell_end,
    cell_of,
    timeline,
)
from llamafleet.planning.schedule.windows import LONGEST

OVERRIDE: Final = Level("override", OPEN)

_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the author asks for at once, whatever the schedule says; closed beats open.

    Attributes:
        open_until: open before this instant, UTC; None: nothing is asked for.
        closed_until: closed before this instant, UTC; None: nothing is asked for.
    """

    open_until: datetime | None = None
    closed_until: datetime | None = None

    def opened(self, now: datetime) -> bool:
        """Whether a person holds the fleet open, where none holds it closed."""
        return self.open_until is not None and now < self.open_until

    def closed(self, now: datetime) -> bool:
        """Whether a person holds the fleet closed."""
        return self.closed_until is not None and now < self.closed_until


NO_OVERRIDES: Final = Overrides()


@dataclass(frozen=True, slots=True)
class Opening:
    """The level at an instant, and what is known of the next ones. All instants in UTC.

    Attributes:
        open: whether the fleet is open.
        window: the names of the windows that hold it open, joined by a comma; ``exception`` or ``override``
            when only one of these does, ``always`` without windows; empty when closed.
        bounds: those of what holds it open, while warming those of what opens next; else none.
        since: when this open time began; None when closed, and when that is not known: an override says no
            start, and nobody looks back for more than a year.
        until: when this open time ends; None when closed, and when no end is known for more than a year.
        next_open: when the next open time begins, after this one; None when none is ahead.
        coming: ``window`` of the next open time; empty when none is ahead.
        warm_from: when replicas are to be started for next_open; None when open, and when none is ahead.
        warming: whether that time has come: it is closed, but replicas are to be started.
        wake: until then, at the longest, nothing of this changes; a month ahead at most.
    """

    open: bool
    window: str
    bounds: Bounds
    since: datetime | None
    until: datetime | None
    next_open: datetime | None
    coming: str
    warm_from: datetime | None
    warming: bool
    wake: datetime

    @property
    def next_transition(self) -> datetime | None:
        """When it closes, or when it opens; None when no such instant is known."""
        return self.until if self.open else self.next_open


def read_overrides(annotations: Mapping[str, str]) -> Overrides:
    """What the annotations of a resource ask for at once.

    Raises:
        InvalidSpec: one of them is no instant.
    """
    return Overrides(
        _instant(annotations, OPEN_UNTIL_ANNOTATION), _instant(annotations, CLOSED_UNTIL_ANNOTATION)
    )


def opening(
    schedule: Schedule | None, overrides: Overrides, now: datetime, lead: timedelta = timedelta()
) -> Opening:
    """Whether the fleet is open, and what comes next.

    Args:
        schedule: its windows and exceptions; None: always open.
        overrides: what is asked for at once.
        now: the instant, UTC.
        lead: how long before an open time its replicas are to be started.

    Raises:
        InvalidSpec: the schedule cannot be evaluated; see ``open_intervals``.
    """
    here = _overridden(schedule, overrides, now)
    level = here.level
    warm_from = here.next_open - lead if level is None and here.next_open is not None else None
    warming = warm_from is not None and warm_from <= now
    bounded = here.coming if warming else level
    return Opening(
        open=level is not None,
        window=level.window if level else "",
        bounds=bounded.bounds if bounded else Bounds(),
        since=here.since,
        until=here.until,
        next_open=here.next_open,
        coming=here.coming.window if here.coming else "",
        warm_from=warm_from,
        warming=warming,
        wake=here.end if warm_from is None or warming else min(here.end, warm_from),
    )


def _instant(annotations: Mapping[str, str], key: str) -> datetime | None:
    """The instant in an annotation; one that the calendar of UTC does not have any more is its last one."""
    text = annotations.get(key)
    if text is None:
        return None
    try:
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:  # no such day or time
        pass
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
    rule = "must be an instant with its offset from UTC, such as 2026-11-21T20:00Z"
    field, shown = f"metadata.annotations[{key}]", text if text.isprintable() else ascii(text)
    raise InvalidSpec(field, shown[:LONGEST_VALUE], rule)


def _overridden(schedule: Schedule | None, overrides: Overrides, now: datetime) -> Stretch:
    """The stretch of now, cut to where what is known of it may change."""
    here = _planned(schedule, now)
    closed, opened = overrides.closed_until, overrides.open_until
    if closed is not None and now < closed:
        return _closed(schedule, overrides, closed, cell_end(cell_of(now)))
    if closed is not None and here.level and (here.since is None or here.since < closed):
        here = replace(here, since=closed)
    if opened is not None and now < opened:
        return _opened(schedule, opened, here, cell_end(cell_of(now)))
    return here


def _planned(schedule: Schedule | None, now: datetime) -> Stretch:
    """What the schedule says of an instant, cut to its cell."""
    cell = cell_of(now)
    end = cell_end(cell)
    if schedule is None:
        return Stretch(end, Level(ALWAYS, OPEN))
    found = timeline(schedule, cell).at(now)
    return found if found.end <= end else replace(found, end=end)


def _closed(schedule: Schedule | None, overrides: Overrides, closed: datetime, end: datetime) -> Stretch:
    """Closed until that instant; end is that of the cell of now."""
    if closed > end + LONGEST:
        return Stretch(end, None)
    after, opened = _planned(schedule, closed), overrides.open_until
    then = after.level or (OVERRIDE if opened is not None and closed < opened else None)
    if then:
        return Stretch(min(closed, end), None, next_open=closed, coming=then)
    return Stretch(min(closed, end), None, next_open=after.next_open, coming=after.coming)


def _opened(schedule: Schedule | None, opened: datetime, here: Stretch, end: datetime) -> Stretch:
    """Open until that instant, and longer where the schedule is open then; end is that of the cell of now."""
    level = here.level or OVERRIDE
    if opened > end + LONGEST:
        return Stretch(here.end, level, here.since)
    after = _planned(schedule, opened)
    until = after.until if after.level else opened
    return Stretch(min(here.end, opened), level, here.since, until, after.next_open, after.coming)
