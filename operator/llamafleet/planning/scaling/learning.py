"""What the requests of a fleet are like: how long one is served, how many at once, how fast."""

from dataclasses import dataclass
from typing import Final

from llamafleet.api.memory import Learned, Memory
from llamafleet.planning.scaling.fade import milli, share_left
from llamafleet.planning.scaling.signals import Pace, Signals, Terms

MIX_SECONDS: Final = 600.0
"""The mix of requests is an average over ten minutes: at two the count trembles with the long requests, at
twenty a burst of another kind is noticed too late."""

LONGEST_SECONDS: Final = 86_400.0
"""The longest time in service fades over a day, the period of most loads."""

ENOUGH: Final = 20
"""So many requests must have ended before they stand for the others."""

SLOTS_STEP: Final = 0.2
"""How far one look at full replicas moves the learned slots: five looks, about a minute."""

FULL_KEPT: Final = 0.98
"""What a look at full replicas leaves of the ones before: fifty looks count."""

TRUST_SECONDS: Final = 1200.0
"""The plan's pace weighs as much as so many replica-seconds of full work that was watched."""

LEAST_FACTOR: Final = 0.5
MOST_FACTOR: Final = 2.0
"""What was watched corrects the plan's pace by a factor of two at the most: beyond that it errs."""

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
    if signals.waiting and memory.waiting and signals.ready and signals.ready == memory.ready:
        known = _full(known, signals, memory, terms, time)
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
    if terms.pace is not None:
        prompt, output = known.milli_prompt_tokens, known.milli_output_tokens
        work = _work(terms.pace, prompt, output, slots) / known.milli_done * _factor(known)
        seconds = max(seconds, work * slots)
    return Service(seconds or None, longest, slots)


def _work(pace: Pace, prompt: float, output: float, slots: float) -> float:
    """Seconds of a full replica for so many tokens."""
    return prompt * pace.prompt_token + output * (pace.step / slots + pace.sequence)


def _factor(known: Learned) -> float:
    """How much slower the replicas are than the plan says."""
    trust = 1000 * TRUST_SECONDS
    factor = (known.full_milliseconds + trust) / (known.full_work_milliseconds + trust)
    return min(MOST_FACTOR, max(LEAST_FACTOR, factor))


def _mixed(signals: Signals, known: Learned, time: float) -> Learned:
    if not (signals.running or signals.waiting or signals.finished):
        return known
    left = share_left(time, MIX_SECONDS)
    return known.model_copy(
        update={
            "milli_done": round(known.milli_done * left) + milli(signals.finished or 0),
            "busy_milliseconds": round(known.busy_milliseconds * left) + milli(signals.running * time),
            "milli_prompt_tokens": round(known.milli_prompt_tokens * left)
            + milli(signals.prompt_tokens or 0),
            "milli_output_tokens": round(known.milli_output_tokens * left)
            + milli(signals.generation_tokens or 0),
        }
    )


def _full(known: Learned, signals: Signals, memory: Memory, terms: Terms, time: float) -> Learned:
    """Requests waited the whole time: what the replicas did is what they can do."""
    slots = known.milli_slots / 1000 or max(1.0, terms.slots)
    if min(signals.waiting, memory.waiting) >= signals.ready:
        slots = max(1.0, slots + SLOTS_STEP * (signals.running / signals.ready - slots))
    changed = {"milli_slots": milli(slots)}
    if terms.pace is not None and signals.prompt_tokens is not None and signals.generation_tokens is not None:
        work = _work(terms.pace, signals.prompt_tokens, signals.generation_tokens, slots)
        changed["full_milliseconds"] = round(known.full_milliseconds * FULL_KEPT) + milli(
            signals.ready * time
        )
        changed["full_work_milliseconds"] = round(known.full_work_milliseconds * FULL_KEPT) + milli(work)
    return known.model_copy(update=changed)
