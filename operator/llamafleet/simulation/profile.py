"""How fast vLLM serves: the step times of one replica. Seconds and tokens.

A decode step of a batch of B requests with KV tokens in the cache takes ``a + e E(B) + b B + c KV``, where
E(B) is how many experts B tokens visit; a prefill of p tokens adds ``d p``. The figures and their sources are
in ``docs/simulator.md``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from llamafleet.catalogue import GpuFacts
from llamafleet.planning.performance.measured import MS, Row, derived, lab_rows, visited
from llamafleet.planning.scaling.slots import MOST_SEQUENCES
from llamafleet.planning.sizing.shape import Shape

LARGE_MAX_NUM_SEQS: Final = 1024
SMALL_STEP_TOKENS: Final = 2048
"""vLLM works on ``MOST_SEQUENCES`` requests at once on GPUs where it computes 2048 tokens in a step, else on
1024: both by the memory of the GPU and its name (``EngineArgs.get_batch_defaults``)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One replica.

    Attributes:
        key: the name of the profile.
        gpus: GPUs of one replica.
        step_s: ``a``, a decode step but for what follows.
        expert_s: ``e``, for each expert of a layer that the batch visits.
        experts: how many experts a layer has; 0 for a dense model.
        sequence_s: ``b``, for each request of the batch.
        kv_token_s: ``c``, for each token in the KV cache.
        prefill_token_s: ``d``, for each token of the prompt.
        kv_tokens: how many tokens the KV cache holds.
        max_num_seqs: how many requests vLLM works on at once.
        source: where these figures come from, a sentence without a full stop.
    """

    key: str
    gpus: int
    step_s: float
    expert_s: float
    experts: int
    sequence_s: float
    kv_token_s: float
    prefill_token_s: float
    kv_tokens: int
    max_num_seqs: int
    source: str

    def visited(self, batch: int) -> float:
        """E(B): how many experts of a layer so many tokens visit, each one of them, evenly at random."""
        return visited(self.experts, batch)

    def batch_s(self, batch: int) -> float:
        """A decode step of so many requests, the KV cache left out."""
        return self.step_s + self.expert_s * self.visited(batch) + self.sequence_s * batch


def profile_for(shape: Shape, max_num_seqs: int | None = None, kv_tokens: int | None = None) -> Profile:
    """The profile of a shape of the planner.

    Args:
        shape: one replica.
        max_num_seqs: ``--max-num-seqs``; None: vLLM's default for the GPU.
        kv_tokens: None: what the shape's cache holds.

    Raises:
        InvalidSpec: nobody knows how fast its GPU is, or what model it is.
    """
    row = derived(shape)
    return _profile(
        f"{shape.variant} {shape.quantization} on {shape.gpus} {shape.pool.gpu.key}",
        row,
        shape.kv_tokens if kv_tokens is None else kv_tokens,
        max_num_seqs or default_max_num_seqs(shape.pool.gpu),
    )


def default_max_num_seqs(gpu: GpuFacts) -> int:
    """How many requests vLLM works on at once when nobody sets a number."""
    return MOST_SEQUENCES if gpu.max_batched_tokens <= SMALL_STEP_TOKENS else LARGE_MAX_NUM_SEQS


def _profile(key: str, row: Row, kv_tokens: int, max_num_seqs: int) -> Profile:
    return Profile(
        key=key,
        gpus=row.gpus,
        step_s=row.step_ms * MS,
        expert_s=row.expert_ms * MS,
        experts=row.experts,
        sequence_s=row.sequence_ms * MS,
        kv_token_s=row.kv_thousand_ms * MS / 1000,
        prefill_token_s=row.prefill_token_ms * MS,
        kv_tokens=kv_tokens,
        max_num_seqs=max_num_seqs,
        source=row.source,
    )


LAB: Final[Mapping[str, Profile]] = MappingProxyType(
    {key: _profile(key, row, kv_tokens, seqs) for key, (row, kv_tokens, seqs) in lab_rows().items()}
)
"""The two replicas of the published comparison of autoscalers, by name."""
