"""``spec.schedule.closeWhenIdle``: a window closes early once its queue is empty, until its end.

What this must remember lies in the status: else a fleet that has closed would find its window open again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from llamafleet.api.schedule import Schedule
from llamafleet.planning.schedule.opening import Opening, Overrides

CALM: Final = timedelta(minutes=5)
"""How long every queue must have been empty: the default of ``spec.scaling.scaleDownDelay``. A batch client
that pauses between two files must not lose its fleet."""

LOOK: Final = timedelta(minutes=1)
"""How often the queues are read while a window could close early."""


@dataclass(frozen=True, slots=True)
class EarlyClosing:
    """What is remembered of an empty queue.

    Attributes:
        idle_since: since when every replica was seen ready and without work; None when one was not.
        until: the end of the window that closed early; None when none has.
    """

    idle_since: datetime | None = None
    until: datetime | None = None


NOTHING: Final = EarlyClosing()


def early_closing(
    schedule: Schedule | None,
    opening: Opening,
    overrides: Overrides,
    *,
    before: EarlyClosing,
    idle: bool | None,
    now: datetime,
) -> EarlyClosing:
    """What to remember from now on; it is closed early while its ``until`` lies ahead.

    A queue that could not be read is not an empty one. A person who opens the fleet by hand is obeyed.

    Args:
        schedule: whether it is asked for.
        opening: whether the schedule is open, and until when.
        overrides: what a person asks for at once, also inside a window.
        before: what was remembered.
        idle: whether every replica is ready and has nothing to do; None without a reading of each.
        now: the instant, UTC.
    """
    asked = schedule is not None and schedule.close_when_idle and not overrides.opened(now)
    if not asked or not opening.open or opening.until is None:
        return NOTHING
    if before.until is not None and now < before.until:
        return EarlyClosing(until=opening.until)
    if not idle:
        return NOTHING
    since = before.idle_since or now
    return EarlyClosing(until=opening.until) if now - since >= CALM else EarlyClosing(idle_since=since)
