"""The answer of ``llamafleet windows`` for programs: one record, whose keys and types stay as they are.

``docs/windows-output.md`` is its reference. A key is never left out: what has no value is null. Decimals are
strings, because a float would not say what was meant.
"""

from pydantic import Field

from llamafleet.api.base import Record
from llamafleet.api.scalars import Timestamp
from llamafleet.cli.windows_answer import Calendar
from llamafleet.cli.windows_hours import hours_text, money_text
from llamafleet.planning.sizing.words import usd


class OpenInterval(Record):
    """A time in which a window holds the fleet open; those of two windows may overlap."""

    start: Timestamp
    """Its first instant, in UTC."""

    end: Timestamp
    """The first instant after it, in UTC."""

    window: str
    """The name of the window; exception where an exception of the schedule opens, always without windows."""

    min_replicas: int
    """The fewest replicas: the window's own bound, else that of spec.scaling or spec.replicas."""

    max_replicas: int
    """The most replicas, likewise."""


class HabitCost(Record):
    """What the same fleet would cost with other opening hours."""

    name: str
    """Which hours: continuously, 8 hours a day, or 4 hours a night."""

    hours: str
    """How many hours of these days that is."""

    usd: str | None
    """What they cost with comparedReplicas, in USD. Null where no price is known."""


class WindowsOutput(Record):
    """The answer."""

    name: str
    """The name of the LlamaDeployment."""

    namespace: str
    """Its namespace; empty when the manifest has none."""

    time_zone: str
    """The time zone in which its days begin: spec.schedule.timeZone, or UTC."""

    from_: str = Field(alias="from")
    """The first day."""

    to: str
    """The first day after the last one."""

    feasible: bool
    """Whether any shape fits. Where none does, everything in USD is null."""

    hourly_usd_per_replica: str | None
    """What one replica costs per hour, in USD. Null where no price is known."""

    intervals: tuple[OpenInterval, ...]
    """Every open time of these days, by its start."""

    open_hours: str
    """For how many hours the fleet is open; where windows overlap, the time counts once."""

    usd: str | None
    """What the open hours cost at minReplicas, at least one, in USD; where windows overlap, at the larger."""

    usd_max: str | None
    """Likewise at maxReplicas."""

    openings: int
    """How often the fleet opens."""

    pre_warm_seconds: int | None
    """How long before an opening its replicas start. Null where nothing fits and preWarm is Auto."""

    pre_warm_usd: str | None
    """What starting so early costs at minReplicas, at least one, in USD; usd does not include it."""

    compared_replicas: int
    """How many replicas the comparison has: the most that minReplicas asks for, at least one."""

    comparison: tuple[HabitCost, ...]
    """What the same fleet would cost on these days with other opening hours."""

    warnings: tuple[str, ...]
    """Sentences: what keeps the fleet from running, costing or opening as it should."""


def document(calendar: Calendar) -> WindowsOutput:
    """The answer as its record: each figure under its public name, none computed."""
    fleet, days, hours = calendar.fleet, calendar.days, calendar.hours
    lead, price = fleet.lead, fleet.hourly_usd
    return WindowsOutput(
        name=fleet.question.llama.metadata.name,
        namespace=fleet.question.llama.metadata.namespace,
        time_zone=fleet.time_zone,
        from_=days.first.isoformat(),
        to=days.end.isoformat(),
        feasible=fleet.shape is not None,
        hourly_usd_per_replica=None if price is None else usd(price),
        intervals=tuple(OpenInterval.model_validate(one, from_attributes=True) for one in calendar.intervals),
        open_hours=hours_text(hours.open),
        usd=money_text(calendar.usd(hours.floor)),
        usd_max=money_text(calendar.usd(hours.ceiling)),
        openings=hours.openings,
        pre_warm_seconds=None if lead is None else round(lead.total_seconds()),
        pre_warm_usd=None if lead is None else money_text(calendar.usd(hours.early)),
        compared_replicas=hours.most,
        comparison=tuple(
            HabitCost(name=habit.name, hours=hours_text(habit.length), usd=money_text(habit.usd))
            for habit in calendar.habits
        ),
        warnings=tuple(calendar.warnings),
    )
