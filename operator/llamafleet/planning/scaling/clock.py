"""Looks that are no interval apart: a clock that was set back, and counters that cover less than the gap."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from llamafleet.api.memory import Memory
from llamafleet.planning.scaling.signals import Signals

ROUNDED: Final = 1.0
"""The status knows whole seconds."""


def until(now: datetime, memory: Memory) -> Memory:
    """The memory without a future: after a clock was set back, what was to come has just been."""
    if memory.at is None or memory.at <= now:
        return memory
    steady, since = memory.steadiness, memory.steadiness.since
    return memory.model_copy(
        update={
            "at": now,
            "asks": tuple(ask.model_copy(update={"at": min(ask.at, now)}) for ask in memory.asks),
            "active_at": memory.active_at and min(memory.active_at, now),
            "zero_at": memory.zero_at and min(memory.zero_at, now),
            "steadiness": steady.model_copy(update={"since": since and min(since, now)}),
        }
    )


def over(gap: float, signals: Signals) -> Signals:
    """The signals with counters that stand for the whole gap.

    Where looks between could not be used, the counters cover the last stretch only; the rest was like it.
    """
    if not signals.seconds or gap <= signals.seconds + ROUNDED:
        return signals
    ratio = gap / max(signals.seconds, ROUNDED)
    return replace(
        signals,
        finished=_times(signals.finished, ratio),
        prompt_tokens=_times(signals.prompt_tokens, ratio),
        generation_tokens=_times(signals.generation_tokens, ratio),
        rejected=round(signals.rejected * ratio),
    )


def _times(count: int | None, ratio: float) -> int | None:
    return None if count is None else round(count * ratio)
