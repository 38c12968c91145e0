"""How fast requests come, over the last looks."""

from typing import Final

from llamafleet.api.memory import MOST_SPANS, Memory, Span
from llamafleet.api.texts import LARGEST
from llamafleet.planning.scaling.fade import milli
from llamafleet.planning.scaling.signals import QUEUE_LOOK, Signals

RATE_SECONDS: Final = 60.0
"""The rate is a mean over four looks: over two it costs 2 % more GPU-hours for the same waits."""


def arrived(signals: Signals, memory: Memory) -> int | None:
    """Requests that came since the last look: what there is more of, and what ended or was refused.

    None when nobody knows: at the first look, and at the first one of an operator that was started anew: it
    has no counters to compare with. Where no replica is ready, none ends.
    """
    if memory.at is None or (signals.finished is None and signals.ready):
        return None
    more = signals.waiting + signals.running - memory.waiting - memory.running
    return min(max(0, more + (signals.finished or 0) + signals.rejected), LARGEST)


def with_span(spans: tuple[Span, ...], requests: int, seconds: float) -> tuple[Span, ...]:
    """The last looks with this one, as far back as the mean goes."""
    kept = [*spans, Span(milliseconds=milli(seconds), requests=requests)]
    while len(kept) > 1 and sum(span.milliseconds for span in kept[1:]) >= 1000 * RATE_SECONDS:
        del kept[0]
    if len(kept) > MOST_SPANS:
        first, second, *rest = kept
        both = Span(
            milliseconds=min(first.milliseconds + second.milliseconds, LARGEST),
            requests=min(first.requests + second.requests, LARGEST),
        )
        kept = [both, *rest]
    return tuple(kept)


def per_second(spans: tuple[Span, ...]) -> float:
    """Requests per second."""
    seconds = sum(span.milliseconds for span in spans) / 1000
    return sum(span.requests for span in spans) / max(1.0, seconds)


def woken_seconds(seconds: float) -> float:
    """A burst that found the fleet at zero began a look ago at the most: before it, nothing came."""
    return min(seconds, QUEUE_LOOK.total_seconds())
