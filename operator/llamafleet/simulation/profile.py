"""How fast vLLM serves: the step times of one replica. Seconds and tokens.

A decode step of a batch of B requests with KV tokens in the cache takes ``a + e E(B) + b B + c KV``, where E(B)
is how many experts B tokens visit. A prefill of p tokens takes ``g + d p``. ``docs/simulator.md`` has the rows.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from llamafleet.planning.sizing.shape import Shape

_MS: Final = 0.001


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
        source: where these figures come from, a sentence.
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
        return self.experts * (1 - (1 - 1 / self.experts) ** batch) if self.experts else 0.0

    def batch_s(self, batch: int) -> float:
        """A decode step of so many requests, the KV cache left out."""
        return self.step_s + self.expert_s * self.visited(batch) + self.sequence_s * batch


LAB: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "scout-int4-a100": Profile("scout-int4-a100",1,.016,.0012,16,.00003,.04e-6,.15e-3,44_000,16,"lab"),
        "llama70b-bf16-4xa100": Profile("llama70b-bf16-4xa100",4,.02772,0,0,.0000983,.0534e-6,.1614e-3,460_000,32,"lab"),
    }
)

def profile_for(shape: Shape) -> Profile:
    raise NotImplementedError
