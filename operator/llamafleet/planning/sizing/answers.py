"""One replica, sized and explained; the last answers are kept, because a fleet asks the same at every look.

What is kept hangs on nothing but the question, so a kept answer is the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.catalogue import Catalogue
from llamafleet.planning.sizing.checkpoint import OwnWeights
from llamafleet.planning.sizing.choice import choose
from llamafleet.planning.sizing.explain import notes, shortened, sums
from llamafleet.planning.sizing.pools import eligible
from llamafleet.planning.sizing.shape import Pool, RunningShape, Shape, UnusablePool
from llamafleet.planning.sizing.wanted import wanted

KEPT: Final = 512
"""How many answers, about 8 KiB each, more than a cluster has different fleets; then the oldest goes."""

ASKED: Final = {"model", "serving", "gpu"}
"""The parts of a spec that say what one replica is."""


@dataclass(frozen=True, slots=True)
class Sized:
    """One replica.

    Attributes:
        shape: what it is.
        sums: the arithmetic in sentences: the memory of a GPU, its requests, the price.
        notes: what else the author should know of it, in sentences.
        explanation: both as one text, short enough for a condition.
    """

    shape: Shape
    sums: tuple[str, ...]
    notes: tuple[str, ...]
    explanation: str


@dataclass(frozen=True, slots=True)
class _Question:
    """Everything that an answer hangs on. ``spec`` is in ``asked``, in a form that can be hashed."""

    asked: str
    running: RunningShape | None
    pools: tuple[Pool | UnusablePool, ...] = field(hash=False)
    known: Catalogue | None = field(hash=False)
    own: OwnWeights | None = field(hash=False)
    spec: LlamaDeploymentSpec = field(compare=False)


def sized(
    spec: LlamaDeploymentSpec,
    pools: Sequence[Pool | UnusablePool],
    running: RunningShape | None,
    known: Catalogue | None,
    own: OwnWeights | None,
) -> Sized:
    """Size one replica.

    Args:
        spec: what the author wants.
        pools: the GPUs that there are.
        running: the shape in which the fleet runs already.
        known: the catalogue; None for the built-in one.
        own: what the author's own checkpoint says of itself, where it is at hand.

    Raises:
        InvalidSpec: a field has a value that its model, checkpoint or pools cannot serve.
        DoesNotFit: no pool holds the model with the wanted requests.
    """
    return _answer(_Question(spec.model_dump_json(include=ASKED), running, tuple(pools), known, own, spec))


@lru_cache(KEPT)
def _answer(question: _Question) -> Sized:
    spec = question.spec
    asked = wanted(spec, question.known, question.own)
    choice = choose(asked, eligible(question.pools, spec.gpu.pools), question.running)
    figures, more = sums(asked, choice), notes(asked, choice)
    return Sized(choice.shape, figures, more, shortened([*figures, *more]))
