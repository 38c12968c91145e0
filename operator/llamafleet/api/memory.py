"""``status.scaling``: what the autoscaler remembers between two looks; a bounded history, not samples."""

from typing import Annotated, Final

from pydantic import Field

from llamafleet.api.base import Record
from llamafleet.api.lists import in_order
from llamafleet.api.scalars import Timestamp
from llamafleet.api.texts import LARGEST

MOST_ASKS: Final = 16
"""How many past counts are remembered."""

MOST_SPANS: Final = 6
"""How many of the last looks the arrival rate is taken from."""

MOST_MEANS: Final = 12
"""How many means of the load are remembered: two hours of ten minutes."""

Count = Annotated[int, Field(ge=0, le=LARGEST)]
"""A whole number. Where it counts thousandths, its name says so."""


class Span(Record):
    """What came in between two looks."""

    milliseconds: Count = 0
    """How long. Default 0."""

    requests: Count = 0
    """How many requests. Default 0."""


class Ask(Record):
    """A count that was asked for."""

    replicas: Count = 0
    """How many. Default 0."""

    at: Timestamp
    """When it was last asked for."""


class Learned(Record):
    """What the requests of this fleet are like. Sums fade: of ten minutes ago about a third is left."""

    milli_done: Count = 0
    """Requests that ended, in thousandths. Default 0."""

    busy_milliseconds: Count = 0
    """How long requests were worked on, all together. Default 0."""

    milli_prompt_tokens: Count = 0
    """Tokens of prompts, in thousandths. Default 0."""

    milli_output_tokens: Count = 0
    """Tokens that were generated, in thousandths. Default 0."""

    longest_milliseconds: Count = 0
    """The longest time in service that was seen; a day ago counts a third. Default 0."""

    milli_slots: Count = 0
    """Requests that a replica works on at once, in thousandths. Default 0: not learned."""

    worked_milliseconds: Count = 0
    """How long replicas worked. Default 0."""

    planned_milliseconds: Count = 0
    """How long that work takes by the plan. Default 0."""


class Lateness(Record):
    """The account of late requests, in thousandths; of a day ago about a third is left."""

    milli_requests: Count = 0
    """Requests that came. Default 0."""

    milli_late: Count = 0
    """Those of them that met a queue which took too long. Default 0."""


class Steadiness(Record):
    """How the load moved. Loads are in thousandths of a replica."""

    means: Annotated[tuple[Count, ...], Field(max_length=MOST_MEANS, json_schema_extra=in_order())] = ()
    """The means of the last spans of ten minutes, oldest first. Default none."""

    since: Timestamp | None = None
    """When the span that runs now began. Absent: none does."""

    load_milliseconds: Count = 0
    """The load of that span, times how long it was seen. Default 0."""

    milliseconds: Count = 0
    """How long it was seen. Default 0."""

    milli_level: Count = 0
    """The load, smoothed. Default 0."""

    milli_level_weight: Annotated[int, Field(ge=0, le=1000)] = 0
    """How much of the smoothing is filled. Default 0."""


class Memory(Record):
    """What the autoscaler remembers. Whole numbers only: fractions are in thousandths."""

    at: Timestamp | None = None
    """When this was written. Absent: never."""

    waiting: Count = 0
    """Requests that waited then. Default 0."""

    running: Count = 0
    """Requests that were worked on then. Default 0."""

    ready: Count = 0
    """Replicas that answered then. Default 0."""

    spans: Annotated[tuple[Span, ...], Field(max_length=MOST_SPANS, json_schema_extra=in_order())] = ()
    """What came in between the last looks, oldest first. Default none."""

    asks: Annotated[tuple[Ask, ...], Field(max_length=MOST_ASKS, json_schema_extra=in_order())] = ()
    """The counts that are held, the largest and oldest first. Default none."""

    active_at: Timestamp | None = None
    """When there last was a request. Absent: never."""

    zero_at: Timestamp | None = None
    """When the fleet was last seen without any replica. Absent: never."""

    from_zero: bool = False
    """Whether the fleet serves a burst that found it at zero. Default false."""

    learned: Learned = Learned()
    """What its requests are like."""

    lateness: Lateness = Lateness()
    """How many were late."""

    steadiness: Steadiness = Steadiness()
    """How the load moved."""


NO_MEMORY: Final = Memory()
