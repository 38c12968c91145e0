"""The one decision: what a LlamaDeployment should be, given its pools and what was seen. Pure.

The values that make up a plan can be imported from here, wherever they are defined.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.catalogue import Catalogue
from llamafleet.planning.effect import not_in_effect
from llamafleet.planning.replicas import Observation, Reason, decide
from llamafleet.planning.sizing.checkpoint import OwnWeights
from llamafleet.planning.sizing.choice import choose
from llamafleet.planning.sizing.explain import notes, shortened, sums
from llamafleet.planning.sizing.pools import eligible
from llamafleet.planning.sizing.shape import GpuMemory, Pool, RunningShape, Shape, UnusablePool
from llamafleet.planning.sizing.wanted import wanted

__all__ = [
    "GpuMemory",
    "Observation",
    "Plan",
    "Pool",
    "Reason",
    "RunningShape",
    "Shape",
    "UnusablePool",
    "plan",
]


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision, with its arithmetic.

    Attributes:
        shape: one replica.
        sums: the sizing arithmetic in sentences: the memory of a GPU, its requests, the price.
        notes: what else the author should know of the shape, in sentences.
        replicas: how many.
        reasons: why so many, one entry per rule that had something to say.
        hourly_usd: the price of all replicas, US dollars per hour.
        not_in_effect: fields that the author uses and that change nothing yet.
    """

    shape: Shape
    sums: tuple[str, ...]
    notes: tuple[str, ...]
    replicas: int
    reasons: tuple[Reason, ...]
    hourly_usd: Decimal
    not_in_effect: tuple[str, ...]

    @property
    def explanation(self) -> str:
        """The sums and the notes as one text, short enough for a condition."""
        return shortened([*self.sums, *self.notes])


def plan(
    spec: LlamaDeploymentSpec,
    pools: Sequence[Pool | UnusablePool],
    seen: Observation,
    known: Catalogue | None = None,
    own: OwnWeights | None = None,
) -> Plan:
    """Size one replica, then decide how many there should be.

    Args:
        spec: what the author wants.
        pools: the GPUs that there are.
        seen: what was observed of the fleet.
        known: the catalogue; None for the built-in one.
        own: what the author's own checkpoint says of itself, where it is at hand.

    Raises:
        InvalidSpec: a field has a value that its model, checkpoint or pools cannot serve.
        DoesNotFit: no pool holds the model with the wanted requests.
    """
    asked = wanted(spec, known, own)
    choice = choose(asked, eligible(pools, spec.gpu.pools), seen.running)
    reasons = decide(spec, seen)
    replicas = reasons[-1].replicas
    return Plan(
        shape=choice.shape,
        sums=sums(asked, choice),
        notes=notes(asked, choice),
        replicas=replicas,
        reasons=reasons,
        hourly_usd=replicas * choice.shape.hourly_usd,
        not_in_effect=not_in_effect(spec),
    )
