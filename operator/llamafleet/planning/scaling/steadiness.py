"""How steady the load was for two hours: a steady load needs no headroom."""

from datetime import datetime, timedelta
from typing import Final

from llamafleet.api.memory import MOST_MEANS, Steadiness
from llamafleet.planning.scaling.fade import added, milli, share_left

SPAN: Final = timedelta(minutes=10)
"""Long enough that chance is averaged away at a request per second, and no longer than the slowest start."""

STEADY: Final = 1.5
MOVING: Final = 2.0
"""When the busiest ten minutes have up to 1.5 times the load of the quietest, the load is steady, as in the
two public traces of one hour; from twice on it moves, as those of many days do."""

STEADY_HEADROOM: Final = 1.03
"""What a steady load gets: the noise that ten minutes hide."""

SEEN: Final = 0.6
"""So much of a span must have been seen for its mean to count."""

SMOOTHED: Final = 0.15
LEAST_SMOOTHED: Final = 45.0
"""The level is smoothed over a seventh of a cold start, 45 s at least: what is shorter is over before a
replica would be there."""


def with_load(steady: Steadiness, load: float, now: datetime, seconds: float) -> Steadiness:
    """The history with the load of this look, in replicas."""
    if steady.since is not None and now - steady.since < SPAN:
        return steady.model_copy(
            update={
                "load_milliseconds": added(steady.load_milliseconds, 1, load * seconds),
                "milliseconds": added(steady.milliseconds, 1, seconds),
            }
        )
    means = (*steady.means, *_mean(steady))[-MOST_MEANS:]
    return steady.model_copy(
        update={
            "means": means,
            "since": now,
            "load_milliseconds": milli(load * seconds),
            "milliseconds": milli(seconds),
        }
    )


def with_level(steady: Steadiness, load: float, cold_start_seconds: float, seconds: float) -> Steadiness:
    """The history with the smoothed load moved by this look."""
    new = 1 - share_left(seconds, max(LEAST_SMOOTHED, SMOOTHED * cold_start_seconds))
    return steady.model_copy(
        update={
            "milli_level": added(steady.milli_level, 1 - new, load * new),
            "milli_level_weight": min(1000, added(steady.milli_level_weight, 1 - new, new)),
        }
    )


def level(steady: Steadiness) -> float:
    """The smoothed load, in replicas; from the first looks on without the lag of an empty start."""
    return steady.milli_level / steady.milli_level_weight if steady.milli_level_weight else 0.0


def unsteady(steady: Steadiness) -> float:
    """How much the load moves: 0 when it is steady, 1 when it is not."""
    means = (*steady.means, *_mean(steady)) or (0,)
    ratio = max(means) / max(1, min(means))
    return min(1.0, max(0.0, (ratio - STEADY) / (MOVING - STEADY)))


def _mean(steady: Steadiness) -> tuple[int, ...]:
    enough = steady.milliseconds >= SEEN * 1000 * SPAN.total_seconds()
    return (round(1000 * steady.load_milliseconds / steady.milliseconds),) if enough else ()
