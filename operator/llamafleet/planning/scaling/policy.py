"""The policy: from the queue and what is remembered to a count and a reason. Pure.

``docs/scaling.md`` explains it on a page; where each constant comes from is in
``docs/decisions/0014-the-queue-policy.md``.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime

from llamafleet.api.memory import Memory
from llamafleet.api.scaling import MAX_REPLICAS
from llamafleet.planning.scaling.arrivals import arrived, with_span, woken_seconds
from llamafleet.planning.scaling.bursts import burst_at
from llamafleet.planning.scaling.clock import over, until
from llamafleet.planning.scaling.headroom import charged, excess, headroom
from llamafleet.planning.scaling.holding import with_ask
from llamafleet.planning.scaling.learning import learn
from llamafleet.planning.scaling.look import Look
from llamafleet.planning.scaling.signals import QUEUE_LOOK, Signals, Terms
from llamafleet.planning.scaling.steadiness import STEADY_HEADROOM, level, unsteady, with_level, with_load
from llamafleet.planning.scaling.words import Sum, asks, held, queued


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
    kept = terms.replicas if terms.replicas is not None else max(terms.low, 1)
    if signals is None:
        return Verdict(kept, f"There is no queue reading, so the fleet stays at {kept}.", memory)
    terms = replace(
        terms, now=terms.now.replace(microsecond=0)
    )  # as in the status: a restart changes nothing
    look = _counted(_begun(signals, until(terms.now, memory), terms))
    verdict = _asked(look)
    if not signals.partial:
        return verdict
    text = f"{verdict.message} Not every replica gave a reading, so the fleet does not shrink."
    return Verdict(max(kept, verdict.replicas), text, memory)  # what is not whole teaches nothing


def _begun(signals: Signals, memory: Memory, terms: Terms) -> Look:
    """The look, with what has arrived and what was learned."""
    gap = seconds = _since(signals, memory, terms)
    signals = over(gap, signals)
    none, came = not (signals.ready + signals.coming), arrived(signals, memory)
    zero_at = terms.now if none else memory.zero_at
    wakes = not signals.ready and bool(signals.waiting) and not memory.from_zero
    spans = () if wakes else memory.spans
    if wakes:
        seconds = woken_seconds(seconds)
    changed = {
        "at": terms.now,
        "waiting": signals.waiting,
        "running": signals.running,
        "ready": signals.ready,
        "zero_at": zero_at,
        "active_at": terms.now if signals.waiting or signals.running or came else memory.active_at,
        "spans": spans if came is None else with_span(spans, came, seconds),
        "learned": learn(signals, memory, terms, gap),
    }
    burst = burst_at(terms.now, on=memory.from_zero or wakes, zero_at=zero_at)
    return Look(signals, terms, memory.model_copy(update=changed), burst, gap, came or 0)


def _since(signals: Signals, memory: Memory, terms: Terms) -> float:
    """How long ago the last look was; the usual time when there was none."""
    if memory.at is not None:
        return (terms.now - memory.at).total_seconds()
    return signals.seconds if signals.seconds is not None else QUEUE_LOOK.total_seconds()


def _counted(look: Look) -> Look:
    """The look, with the account of late requests and the history of the load."""
    memory, wait, load = look.memory, look.wait, look.load
    burst = replace(look.burst, on=look.burst.on and not look.burst.ends(look.signals.ready, wait))
    account = memory.lateness
    if not burst.on:
        account = charged(account, look.arrived, look.late, look.gap)
    history = with_load(memory.steadiness, load, look.terms.now, look.seconds)
    history = with_level(history, load, look.terms.cold_start_seconds, look.seconds)
    changed = {"from_zero": burst.on, "lateness": account, "steadiness": history}
    return replace(look, memory=memory.model_copy(update=changed), burst=burst)


def _asked(look: Look) -> Verdict:
    """The count: load with headroom, and the backlog; held for a while."""
    memory, terms, hold = look.memory, look.terms, look.hold
    planned, backlog = _planned(look), look.backlog
    worked, queue = max(min(math.ceil(planned + backlog - 1e-9), MAX_REPLICAS), _least(look)), _queued(look)
    asked = max(worked, queue)
    memory = memory.model_copy(update={"asks": with_ask(memory.asks, asked, terms.now, hold)})
    count = memory.asks[0].replicas
    parts = Sum(look.load, planned, backlog)
    text = asks(asked, look.signals.waiting, look.signals.running, parts)
    if queue > worked:
        text += f"; {queued(look.signals.waiting, look.signals.ready, terms.queue_depth)}"
    if count > asked:
        text += f"; {held(count, memory.asks[0].at, hold)}"
    return Verdict(count, f"{text}.", memory)


def _planned(look: Look) -> float:
    """Replicas for the load: between the level of a steady one and the peaks of one that moves."""
    account = headroom(look.memory.lateness, look.terms.cold_start_seconds)
    if look.burst.on or not look.load:
        return min(1.0, account) * look.load
    steady = STEADY_HEADROOM * level(look.memory.steadiness)
    moving = max(unsteady(look.memory.steadiness), excess(look.memory.lateness))
    return steady + moving * (account * look.load - steady)


def _queued(look: Look) -> int:
    """What the queue itself asks for, whatever the load says.

    While more waits than is tolerated, all that are on their way, and one more than there are if none is;
    while every replica has a queue, all of them.
    """
    signals = look.signals
    if not signals.ready:
        return 0
    if signals.waiting > look.terms.queue_depth * signals.ready:
        return signals.ready + max(1, signals.coming)
    return signals.ready if signals.crowded == signals.ready else 0


def _least(look: Look) -> int:
    """Zero only where a request would bring the fleet back, and only once it has rested."""
    terms, now = look.terms, look.terms.now
    busy = look.signals.waiting or look.signals.running
    if busy or not terms.can_wake or terms.replicas is None:
        return 1
    return int(not _rested(now, look.memory.active_at, terms.idle_timeout_seconds) and terms.replicas > 0)


def _rested(now: datetime, active_at: datetime | None, timeout: float | None) -> bool:
    """Whether nothing came for as long as the author wants; without a wish the held counts decide."""
    if timeout is None or active_at is None:
        return True
    return (now - active_at).total_seconds() >= timeout
