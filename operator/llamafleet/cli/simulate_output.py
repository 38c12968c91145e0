"""The answer of ``llamafleet simulate`` for programs: one record, whose keys and types stay as they are.

``docs/simulate-output.md`` is its reference. A key is never left out: what has no value is null. Amounts of
money are strings, because a float would not say what was meant; what was simulated is a number.
"""

from typing import Final

from pydantic import Field

from llamafleet.api.base import Record
from llamafleet.api.scalars import Timestamp
from llamafleet.cli.simulate_answer import SIMULATED, Ran, SimulateAnswer, Waits
from llamafleet.cli.simulate_series import MOST_PARTS, Part, part_seconds, parts
from llamafleet.cli.windows_hours import money_text
from llamafleet.planning.sizing.words import usd


class WaitSeconds(Record):
    """How long requests waited before a replica began with them, in seconds."""

    p50: float
    """Half of them waited no longer."""

    p95: float
    """95 of 100 of them waited no longer."""

    p99: float
    """99 of 100 of them waited no longer."""

    max: float
    """None of them waited longer."""

    mean: float
    """What they waited on average."""


class ModelUsed(Record):
    """How fast one replica was taken to be."""

    name: str
    """Its name."""

    source: str
    """Where its figures come from."""

    max_num_seqs: int
    """How many requests a replica works on at once."""

    kv_tokens: int
    """How many tokens of requests it holds at once."""


class DecidedBy(Record):
    """One rule, and how often it had the last word."""

    step: str
    """The rule, as in status.reasons."""

    looks: int
    """How many looks it decided: the last rule that changed the count, or demand."""


class SeriesPoint(Record):
    """One part of the time."""

    at: float
    """When it begins, in seconds from the beginning of the trace."""

    wanted: int
    """How many replicas were wanted, at the most."""

    ready: int
    """How many answered, at the most."""

    starting: int
    """How many more than these were wanted: they did not answer yet."""

    waiting: int
    """How many requests waited, at the most."""

    running: int
    """How many were being worked on, at the most."""


class SimulateOutput(Record):
    """The answer."""

    name: str
    """The name of the LlamaDeployment."""

    namespace: str
    """Its namespace; empty when the manifest has none."""

    variant: str
    """The model, a key of the catalogue."""

    feasible: bool
    """Whether any shape fits. Where none does, nothing was simulated, and what that gives is null."""

    policy: str
    """What decided the number of replicas."""

    trace: str
    """The file of the trace, as it was given."""

    seed: int
    """What chance began with."""

    cold_start_seconds: float
    """How long a replica took from the request for it to its first answer; the median when that varied."""

    cold_start_spread: float
    """How much that varied: the standard deviation of its logarithm."""

    slo_seconds: float
    """How long a request may wait."""

    from_: Timestamp = Field(alias="from")
    """When the trace begins."""

    seconds: float | None
    """How long the simulated time is, from the beginning of the trace until all is done."""

    model: ModelUsed | None
    """How fast one replica was taken to be."""

    gpus_per_replica: int | None
    """How many GPUs one replica has."""

    hourly_usd_per_replica: str | None
    """What one replica costs per hour, in USD. Null where no price is known."""

    requests: int | None
    """How many requests the trace has."""

    finished: int | None
    """How many of them were answered in full."""

    refused: int | None
    """How many came while the fleet was closed, suspended or out of money, and were refused at once."""

    unserved: int | None
    """How many no replica had begun when the simulation ended; they count with the time that they waited."""

    cut_to_fit: int | None
    """How many have more tokens than the KV cache of a replica holds; each ran alone on one."""

    gpu_hours: float | None
    """GPU-hours that were paid for: from the request for a replica until it is gone."""

    usd: str | None
    """What they cost, in USD. Null where no price is known."""

    wait_seconds: WaitSeconds | None
    """How long the requests waited that were not refused. Null where all were."""

    slo_attainment: float | None
    """The share of the requests that were not refused that waited no longer than sloSeconds, 0 to 1."""

    scale_events: int | None
    """How often the wanted number of replicas changed."""

    replicas_started: int | None
    """How many replicas were asked for in all."""

    most_replicas: int | None
    """The most replicas that were wanted at once."""

    decided_by: tuple[DecidedBy, ...]
    """How often which rule had the last word."""

    series: tuple[SeriesPoint, ...]
    """The time in at most 1,008 parts of the same length, 15 seconds or more: a week in 10 minutes each."""

    simulated: str
    """What is simulated and what is not, in one sentence."""

    warnings: tuple[str, ...]
    """Sentences: what keeps the fleet from running, costing or opening as it should."""


PLACES: Final = 6
"""Decimals of a share and of seconds: more would be noise of the arithmetic."""


def document(answer: SimulateAnswer) -> SimulateOutput:
    """The answer as its record: each figure under its public name."""
    fleet, asked, ran = answer.fleet, answer.asked, answer.ran
    result = ran.result if ran else None
    shape, price = fleet.shape, fleet.hourly_usd
    return SimulateOutput(
        name=fleet.question.llama.metadata.name,
        namespace=fleet.question.llama.metadata.namespace,
        variant=fleet.question.llama.spec.model.variant,
        feasible=shape is not None,
        policy=asked.policy,
        trace=asked.trace,
        seed=asked.starts.seed,
        cold_start_seconds=asked.starts.seconds,
        cold_start_spread=asked.starts.spread,
        slo_seconds=asked.slo_seconds,
        from_=asked.start,
        seconds=_rounded(result.end_s) if result else None,
        model=_model(ran) if ran else None,
        gpus_per_replica=shape.gpus if shape else None,
        hourly_usd_per_replica=None if price is None else usd(price),
        requests=result.requests if result else None,
        finished=result.finished if result else None,
        refused=result.refused if result else None,
        unserved=result.unserved if result else None,
        cut_to_fit=result.cut_to_fit if result else None,
        gpu_hours=_rounded(result.gpu_hours) if result else None,
        usd=money_text(ran.usd) if ran else None,
        wait_seconds=_waits(ran.waits) if ran and ran.waits else None,
        slo_attainment=None if ran is None or ran.attainment is None else _rounded(ran.attainment),
        scale_events=result.scale_events if result else None,
        replicas_started=result.started if result else None,
        most_replicas=result.most if result else None,
        decided_by=_decided_by(ran) if ran else (),
        series=_series(ran) if ran else (),
        simulated=SIMULATED,
        warnings=tuple(answer.warnings),
    )


def _rounded(figure: float) -> float:
    return round(figure, PLACES)


def _model(ran: Ran) -> ModelUsed:
    used = ran.profile
    return ModelUsed(
        name=used.key, source=used.source, max_num_seqs=used.max_num_seqs, kv_tokens=used.kv_tokens
    )


def _waits(waits: Waits) -> WaitSeconds:
    return WaitSeconds(
        p50=_rounded(waits.p50),
        p95=_rounded(waits.p95),
        p99=_rounded(waits.p99),
        max=_rounded(waits.longest),
        mean=_rounded(waits.mean),
    )


def _decided_by(ran: Ran) -> tuple[DecidedBy, ...]:
    return tuple(DecidedBy(step=step, looks=looks) for step, looks in ran.decided_by.items())


def _series(ran: Ran) -> tuple[SeriesPoint, ...]:
    found = parts(ran.series, part_seconds(ran.result.end_s, MOST_PARTS))
    return tuple(map(_point, found))


def _point(part: Part) -> SeriesPoint:
    return SeriesPoint(
        at=part.at,
        wanted=part.wanted,
        ready=part.ready,
        starting=part.starting,
        waiting=part.waiting,
        running=part.running,
    )
