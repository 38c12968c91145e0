"""How fast one replica works: what its shape tells before anything was seen of it."""

from typing import Final

from llamafleet.errors import InvalidSpec
from llamafleet.planning.performance.measured import derived
from llamafleet.planning.scaling.signals import Pace
from llamafleet.planning.sizing.shape import Shape

MS: Final = 0.001


def pace(shape: Shape, slots: float) -> Pace | None:
    """The pace of a full batch of so many requests; None where nobody knows how fast the GPU or the model is.

    A step of it visits the experts that so many tokens visit, each one of them, evenly at random.
    """
    try:
        row = derived(shape)
    except InvalidSpec:
        return None
    visited = row.experts * (1 - (1 - 1 / row.experts) ** slots) if row.experts else 0.0
    return Pace(
        step=(row.step_ms + row.expert_ms * visited) * MS,
        sequence=row.sequence_ms * MS,
        prompt_token=row.prefill_token_ms * MS,
    )
