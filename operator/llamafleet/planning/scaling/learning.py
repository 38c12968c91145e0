"""What the requests of a fleet are like: how long one is served, how many at once, how fast."""

from dataclasses import dataclass
from typing import Final

from llamafleet.api.memory import Learned, Memory
from llamafleet.planning.scaling.fade import added, milli, share_left
from llamafleet.planning.scaling.signals import QUEUED, Pace, Signals, Terms

MIX_SECONDS: Final = 600.0
"""The mix of requests is an average over ten minutes: at two the count trembles with the long requests, at
twenty a burst of another kind is noticed too late."""

LONGEST_SECONDS: Final = 86_400.0
"""The longest time in service fades over a day, the period of most loads."""

ENOUGH: Final = 20
"""So many requests must have ended before they stand for the others."""

SLOTS_SECONDS: Final = 60.0
"""How far back full replicas are watched: the batch of a minute shows what fits into one."""

PACE_SECONDS: Final = 3600.0
"""How far back the pace is watched. It belongs to the hardware, and hardly changes with the requests."""

TRUST_SECONDS: Final = 60.0
"""The plan's pace weighs as much as so many replica-seconds that were watched: four looks at one replica."""

MOST_FACTOR: Final = 4.0
"""A replica is taken for four times as slow as planned at the most: one that hangs looks slower still."""

LONGEST_STEP: Final = 60.0
"""A look that comes late counts as four: what happened in the gap is not known."""


@dataclass(frozen=True, slots=True)
class Service:
    """One request of this fleet.

    Attributes:
        seconds: how long a full replica works on it; None before enough was seen.
        longest: the longest such time that is remembered; 0 when there is none.
        slots: how many a replica works on at once.
    """

    seconds: float | None
    longest: float
    slots: float


def learn(signals: Signals, memory: Memory, terms: Terms, seconds: float) -> Learned:
    """What is known after a look, so many seconds after the one before."""
    if signals.partial or signals.finished is None:
        return memory.learned
    time = min(seconds, LONGEST_STEP)
    known = _mixed(signals, memory.learned, time)
    if signals.ready and signals.ready == memory.ready and seconds <= LONGEST_STEP:
        known = _paced(_full(known, signals, memory, terms, time), signals, memory, terms, time)
    served = service(known, terms)
    faded = known.longest_milliseconds * share_left(seconds, LONGEST_SECONDS)
    longest = faded if served.seconds is None else max(faded, 1000 * served.seconds)
    return known.model_copy(update={"longest_milliseconds": round(longest)})


def service(known: Learned, terms: Terms) -> Service:
    """What a request takes, as far as it was learned.

    It is the larger of two: how long requests are in service now (Little's law: requests at work times
    seconds, over requests that ended), and how long their tokens will take in a full batch, which a
    half-empty one hides.
    """
    slots = known.milli_slots / 1000 or max(1.0, terms.slots)
    longest = known.longest_milliseconds / 1000
    if known.milli_done <= 1000 * ENOUGH:
        return Service(None, longest, slots)
    seconds = known.busy_milliseconds / known.milli_done
    work = _work(terms.pace, known, known.milli_prompt_tokens, known.milli_output_tokens, slots)
    seconds = max(seconds, work / known.milli_done * _factor(known) * slots)
    return Service(seconds or None, longest, slots)


def _work(pace: Pace, known: Learned, prompt: float, output: float, batch: float) -> float:
    """Seconds of a replica for so many tokens, when it works on so many requests."""
    tokens = known.milli_prompt_tokens + known.milli_output_tokens / 2
    context = tokens / max(known.milli_done, 1000)
    return prompt * pace.prompt_token + output * pace.token(batch, context)


def _factor(known: Learned) -> float:
    """How much slower the replicas are than the plan says."""
    trust = 1000 * TRUST_SECONDS
    factor = (known.worked_milliseconds + trust) / (known.planned_milliseconds + trust)
    return min(MOST_FACTOR, factor)


def _mixed(signals: Signals, known: Learned, time: float) -> Learned:
    if not (signals.running or signals.waiting or signals.finished):
        return known
    left = share_left(time, MIX_SECONDS)
    return known.model_copy(
        update={
            "milli_done": added(known.milli_done, left, signals.finished or 0),
            "busy_milliseconds": added(known.busy_milliseconds, left, signals.running * time),
            "milli_prompt_tokens": added(known.milli_prompt_tokens, left, signals.prompt_tokens or 0),
            "milli_output_tokens": added(known.milli_output_tokens, left, signals.generation_tokens or 0),
        }
    )


def _full(known: Learned, signals: Signals, memory: Memory, terms: Terms, time: float) -> Learned:
    """Requests waited the whole time: what the replicas worked on is what they can work on."""
    if not signals.crowded or min(signals.waiting, memory.waiting) < QUEUED * signals.crowded:
        return known
    slots = known.milli_slots / 1000 or max(1.0, terms.slots)
    left = share_left(time, SLOTS_SECONDS)
    slots = max(1.0, slots * left + signals.crowded_running / signals.crowded * (1 - left))
    return known.model_copy(update={"milli_slots": milli(slots)})


def _paced(known: Learned, signals: Signals, memory: Memory, terms: Terms, time: float) -> Learned:
    """How long the replicas worked, and how long that work takes by the plan, at the batch that they had."""
    if signals.prompt_tokens is None or signals.generation_tokens is None:
        return known
    running = (signals.running + memory.running) / 2
    batch = max(1.0, running / signals.ready)
    work = _work(terms.pace, known, signals.prompt_tokens, signals.generation_tokens, batch)
    left = share_left(time, PACE_SECONDS)
    return known.model_copy(
        update={
            "worked_milliseconds": added(known.worked_milliseconds, left, running / batch * time),
            "planned_milliseconds": added(known.planned_milliseconds, left, work),
        }
    )
