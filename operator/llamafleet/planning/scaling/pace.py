"""How fast one replica works: what its shape tells before anything was seen of it."""

from typing import Final

from llamafleet.errors import InvalidSpec
from llamafleet.planning.performance.measured import MS, derived, lab_rows
from llamafleet.planning.scaling.signals import Pace
from llamafleet.planning.sizing.shape import Shape

UNKNOWN: Final = "llama70b-bf16-4xa100"
"""The measured replica that stands for one of which nobody knows how fast it is: the slower of two. Watching
corrects it within minutes; until then too slow a guess costs GPUs, and too fast a one costs time."""


def pace(shape: Shape) -> Pace:
    """The pace of its model on its GPUs, or of another one where nobody knows it."""
    try:
        row = derived(shape)
    except InvalidSpec:
        row, _, _ = lab_rows()[UNKNOWN]
    return Pace(
        step=row.step_ms * MS,
        expert=row.expert_ms * MS,
        experts=row.experts,
        sequence=row.sequence_ms * MS,
        kv_token=row.kv_thousand_ms * MS / 1000,
        prompt_token=row.prefill_token_ms * MS,
    )
