"""What ``llamafleet plan`` answers: the operator's own decision, and everything that it was weighed against.

Pure: files and the clock are read elsewhere, and nothing is shown here.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.catalogue import Catalogue
from llamafleet.cli.chosen import other_choice
from llamafleet.errors import DoesNotFit, InvalidSpec
from llamafleet.planning.effect import not_in_effect
from llamafleet.planning.plan import Observation, Plan, Pool, Shape, UnusablePool, plan
from llamafleet.planning.schedule.month import Month, month
from llamafleet.planning.schedule.opening import NO_OVERRIDES, opening
from llamafleet.planning.sizing.checkpoint import OwnWeights
from llamafleet.planning.sizing.considered import Considered, LeftOut, considered, left_out
from llamafleet.planning.sizing.pools import resolve
from llamafleet.planning.sizing.words import gib, per_hour, placed
from llamafleet.rendering.vllm_args import serve_args


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        llama: the resource to plan.
        pools: the GPUs that there are; none: the operator's built-in pool.
        known: the catalogue, with the user's own figures in it.
        own: what the user's own checkpoint says of itself; None: no files of it are at hand.
        now: the instant of the question, UTC.
        origin: where the resource is from, for messages: a file, or a cluster.
    """

    llama: LlamaDeployment
    pools: Sequence[GpuPool]
    known: Catalogue
    own: OwnWeights | None
    now: datetime
    origin: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered.

    Attributes:
        question: what was asked.
        decision: the plan, or why there is none.
        considered: every shape that was looked at, the best first.
        left_out: every pool that was not.
        month: what one replica costs in 30 days; None when nothing fits or no price is known.
        caveats: sentences that only a plan outside of a cluster needs.
    """

    question: Question
    decision: Plan | DoesNotFit
    considered: Sequence[Considered]
    left_out: Sequence[LeftOut]
    month: Month | None
    caveats: Sequence[str]

    @property
    def feasible(self) -> bool:
        """Whether any shape fits."""
        return isinstance(self.decision, Plan)

    @property
    def notes(self) -> Sequence[str]:
        """Sentences: what an author should know beside the figures."""
        notes = self.decision.notes if isinstance(self.decision, Plan) else [f"{self.decision}."]
        return [*notes, *self.caveats]

    @property
    def reasons(self) -> Sequence[str]:
        """Sentences: why this shape and this number of replicas, with the sums; or why nothing fits."""
        if not isinstance(self.decision, Plan):
            return self.notes
        replicas = (reason.message for reason in self.decision.reasons)
        return [*self.decision.sums, *self.notes, *replicas]

    @property
    def not_in_effect(self) -> Sequence[str]:
        """The fields of the resource that are valid but do nothing in this release."""
        return not_in_effect(self.question.llama.spec)

    @property
    def vllm_args(self) -> Sequence[str]:
        """The arguments of the model server, as they stand after ``vllm serve``; none when nothing fits."""
        plan = self.decision
        return serve_args(self.question.llama, plan.shape) if isinstance(plan, Plan) else ()


def answer(question: Question) -> Answer:
    """Plan as the operator would for a fleet that does not run yet.

    Raises:
        InvalidSpec: a field must be changed, whatever GPUs there are.
    """
    spec, known, own = question.llama.spec, question.known, question.own
    pools = resolve(question.pools, known=known)
    month(Decimal(0), spec.schedule, question.now)  # a bad schedule is bad input, even when nothing fits
    decision = _decide(question, pools)
    shape = decision.shape if isinstance(decision, Plan) else None
    return Answer(
        question=question,
        decision=decision,
        considered=considered(spec, pools, shape, known, own),
        left_out=left_out(spec, pools, known, own),
        month=_month(shape, question) if shape else None,
        caveats=(
            *(_caveats(question, pools, decision) if own else ()),
            *(other_choice(question.llama.status.plan, shape) if shape else ()),
        ),
    )


def _month(shape: Shape, question: Question) -> Month | None:
    if shape.hourly_usd is None:
        return None
    return month(shape.hourly_usd, question.llama.spec.schedule, question.now)


def _decide(question: Question, pools: Sequence[Pool | UnusablePool]) -> Plan | DoesNotFit:
    nothing_runs = Observation(now=_open_time(question), replicas=None)
    try:
        return plan(question.llama.spec, pools, nothing_runs, question.known, question.own)
    except DoesNotFit as refused:
        return refused


def _open_time(question: Question) -> datetime:
    """When the fleet is open: now, else at its next opening, for a closed fleet has nothing to plan."""
    now = opening(question.llama.spec.schedule, NO_OVERRIDES, question.now)
    return question.now if now.open or now.next_open is None else now.next_open


def _caveats(
    question: Question, pools: Sequence[Pool | UnusablePool], decision: Plan | DoesNotFit
) -> Iterator[str]:
    """What the operator will do otherwise, because it does not see the files of the user's checkpoint."""
    if question.llama.spec.model.source is None and isinstance(decision, Plan):
        served = decision.shape.checkpoint
        yield f"spec.model.source does not name your checkpoint: the operator would serve {served}."
    try:
        theirs: Plan | InvalidSpec = _decide(dataclasses.replace(question, own=None), pools)
    except InvalidSpec as refused:
        theirs = refused
    if _in_short(theirs) != _in_short(decision):
        yield (
            "The operator does not see the files of your checkpoint. "
            f"By the catalogue's figures it finds: {_in_short(theirs)}."
        )


def _in_short(decision: Plan | InvalidSpec) -> str:
    """A decision, with all that another one could differ by."""
    if isinstance(decision, DoesNotFit):
        return "nothing fits"
    if isinstance(decision, InvalidSpec):
        return f"{decision}"
    shape = decision.shape
    hosted = f", {shape.offload_gib} GiB per GPU in host memory" if shape.offload_gib else ""
    return (
        f"{placed(shape)}, {per_hour(shape.hourly_usd)}, {gib(shape.memory.kv_cache)} GiB KV cache, "
        f"requests of up to {shape.context_length:,} tokens{hosted}"
    )
