"""What ``llamafleet plan`` answers: the operator's own decision, and everything that it was weighed against.

Pure: files and the clock are read elsewhere, and nothing is shown here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.catalogue import Catalogue
from llamafleet.errors import DoesNotFit, InvalidSpec
from llamafleet.planning.checkpoint import OwnWeights
from llamafleet.planning.considered import Considered, LeftOut, considered, left_out
from llamafleet.planning.month import Month, month
from llamafleet.planning.plan import Observation, Plan, Pool, UnusablePool, plan
from llamafleet.planning.pools import resolve


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        llama: the resource to plan.
        pools: the GPUs that there are; none: the operator's built-in pool.
        known: the catalogue, with the user's own figures in it.
        own: what the user's own checkpoint says of itself; None: no files of it are at hand.
        now: the instant of the question, UTC.
    """

    llama: LlamaDeployment
    pools: Sequence[GpuPool]
    known: Catalogue
    own: OwnWeights | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered.

    Attributes:
        question: what was asked.
        decision: the plan, or why there is none.
        considered: every shape that was looked at, the best first.
        left_out: every pool that was not.
        month: what one replica costs in 30 days; None when nothing fits.
    """

    question: Question
    decision: Plan | DoesNotFit
    considered: Sequence[Considered]
    left_out: Sequence[LeftOut]
    month: Month | None

    @property
    def feasible(self) -> bool:
        """Whether any shape fits."""
        return isinstance(self.decision, Plan)


def answer(question: Question) -> Answer:
    """Plan as the operator would for a fleet that does not run yet.

    Raises:
        InvalidSpec: a field must be changed, whatever GPUs there are.
    """
    _check_gpus(question)
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
        month=month(shape.hourly_usd, spec.schedule, question.now) if shape else None,
    )


def _decide(question: Question, pools: Sequence[Pool | UnusablePool]) -> Plan | DoesNotFit:
    nothing_runs = Observation(now=question.now, replicas=None)
    try:
        return plan(question.llama.spec, pools, nothing_runs, question.known, question.own)
    except DoesNotFit as refused:
        return refused


def _check_gpus(question: Question) -> None:
    """The API server refuses a pool of an unknown GPU; in a cluster the operator sets it aside instead."""
    gpus = question.known.gpus
    for pool in question.pools:
        if pool.spec.gpu not in gpus:
            field = f"GpuPool {pool.metadata.name}: spec.gpu"
            raise InvalidSpec(field, pool.spec.gpu, f"must be a GPU of the catalogue: {', '.join(gpus)}")
