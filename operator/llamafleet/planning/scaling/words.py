"""The reason for a count, in plain words and with its arithmetic."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Sum:
    """What a count is made of.

    Attributes:
        load: replicas that the requests keep busy.
        planned: the same with headroom.
        backlog: replicas that the waiting requests add.
    """

    load: float
    planned: float
    backlog: float


def asks(count: int, waiting: int, running: int, parts: Sum) -> str:
    """The sentence without its end."""
    requests = f"{waiting + running} requests, {waiting} of them waiting"
    text = f"The queue asks for {count}: {requests}, keep {parts.load:.1f} replicas busy"
    text += f", {parts.planned:.1f} with headroom"
    return f"{text}, and {parts.backlog:.1f} more for the backlog" if parts.backlog >= 0.05 else text  # noqa: PLR2004 - what rounds to 0.0


def queued(waiting: int, ready: int, depth: int) -> str:
    """Why the queue itself asks for more than the load does."""
    if waiting > depth * ready:
        return f"{waiting} wait at {ready}, where {depth} at each are tolerated"
    return f"a queue at each of {ready}, so none goes"


def held(count: int, since: datetime, hold: timedelta) -> str:
    """Why there are more than asked for."""
    return f"held at {count} since {since:%H:%M}, for {_length(hold)}"


def _length(time: timedelta) -> str:
    minutes, seconds = divmod(round(time.total_seconds()), 60)
    parts = (f"{minutes} min" if minutes else "", f"{seconds} s" if seconds or not minutes else "")
    return " ".join(part for part in parts if part)
