"""The policy: from the queue and what is remembered to a count and a reason. Pure."""

import math
from dataclasses import dataclass

from llamafleet.api.memory import Memory
from llamafleet.planning.scaling.signals import Signals, Terms


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the queue asks for.

    Attributes:
        replicas: how many replicas, before any bound of the spec.
        message: why, in plain words.
        memory: what to remember.
    """

    replicas: int
    message: str
    memory: Memory


def decide(signals: Signals | None, memory: Memory, terms: Terms) -> Verdict:
    """How many replicas the queue asks for.

    Args:
        signals: what was read; None when nothing could be read, and then the fleet keeps what it has.
        memory: what was remembered at the last look.
        terms: the rest.
    """
    held = terms.replicas if terms.replicas is not None else max(terms.low, 1)
    if signals is None:
        return Verdict(held, f"There is no queue reading, so the fleet stays at {held}.", memory)
    asked = math.ceil((signals.waiting + signals.running) / (0.8 * terms.slots))
    hold = terms.scale_down_delay_seconds or terms.cold_start_seconds
    past = memory.peak_at is None or (terms.now - memory.peak_at).total_seconds() >= hold
    if asked >= memory.peak or past:
        memory = Memory(at=terms.now, peak=asked, peak_at=terms.now)
    count = max(asked, memory.peak)
    if signals.partial:
        count = max(count, held)
    return Verdict(count, f"The queue asks for {count}.", memory)
