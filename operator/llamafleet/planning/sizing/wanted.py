"""What a LlamaDeployment wants of its GPUs, checked against what its model can do.

Here end the questions that need no pool: a context too long, a precision that nobody publishes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from llamafleet.api.gpu import CapacityType
from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.api.quantity import Quantity
from llamafleet.api.serving import Resources
from llamafleet.api.vllm_flags import flag_value, has_flag
from llamafleet.catalogue import Catalogue, ModelFacts, catalogue
from llamafleet.catalogue.precision import BF16_BYTES
from llamafleet.errors import InvalidSpec
from llamafleet.planning.sizing.checkpoint import OwnWeights
from llamafleet.planning.sizing.image import has_hybrid_kv
from llamafleet.planning.sizing.options import Option, options
from llamafleet.planning.sizing.parallel import parallelisms

VARIANT: Final = "spec.model.variant"
CONTEXT: Final = "spec.serving.contextLength"
VISION: Final = "spec.serving.vision"
COUNT: Final = "spec.gpu.count"
CAPACITY_TYPE: Final = "spec.gpu.capacityType"

SMALLEST_CONTEXT: Final = 8192
"""Tokens that an author who names no context gets at least: one attention chunk of Llama 4."""

FP8_KV_BYTES: Final = 1
"""Bytes of a key or value with ``--kv-cache-dtype=fp8`` or one of its two formats."""

MOST_GPUS: Final = 64
"""The largest ``spec.gpu.count`` that the API allows."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The constraints of the search.

    Attributes:
        model: the model.
        options: the precisions to choose from, the best first.
        context_length: tokens; None: as many as fit.
        concurrency: requests of that length that the KV cache must hold.
        count: the number of GPUs that the author insists on.
        text_only: True when the model's vision parts are left out.
        capacity_type: how the author pays for GPUs.
        hybrid: True when vLLM's hybrid KV cache manager may be counted on.
        kv_dtype_bytes: bytes of one key or value in the cache.
        host_memory: bytes of host memory that the author lets the pod request; None: our estimate.
        host_limit: bytes of host memory beyond which the author lets the pod be killed; None: no limit.
    """

    model: ModelFacts
    options: tuple[Option, ...]
    context_length: int | None
    concurrency: int
    count: int | None
    text_only: bool
    capacity_type: CapacityType
    hybrid: bool
    kv_dtype_bytes: int
    host_memory: int | None
    host_limit: int | None

    @property
    def least_context(self) -> int:
        """The shortest context that will do: the author's, else what we promise, as far as the model goes."""
        return self.context_length or min(SMALLEST_CONTEXT, self.longest_power_of_two)

    @property
    def longest_power_of_two(self) -> int:
        """The largest power of two among the contexts that the model was trained for."""
        return 1 << (self.model.max_positions.bit_length() - 1)


def wanted(
    spec: LlamaDeploymentSpec, known: Catalogue | None = None, own: OwnWeights | None = None
) -> Wanted:
    """Read the constraints from a spec.

    Args:
        spec: the author's wish.
        known: the models and their published checkpoints; None for the built-in catalogue.
        own: what the author's own checkpoint says of itself, where it is at hand.

    Raises:
        InvalidSpec: a field asks for what the model or its checkpoints cannot give.
    """
    model = own.model if own else (known or catalogue()).models[spec.model.variant]
    _check_serving(spec, model)
    text_only = model.sees and model.drops_vision and not spec.serving.vision
    flags, resources = spec.serving.extra_args, spec.serving.resources or Resources()
    choices = options(spec, model, own, text_only=text_only)
    _check_count(spec.gpu.count, model, choices)
    return Wanted(
        model=model,
        options=choices,
        context_length=spec.serving.context_length,
        concurrency=spec.serving.concurrency,
        count=spec.gpu.count,
        text_only=text_only,
        capacity_type=spec.gpu.capacity_type,
        hybrid=has_hybrid_kv(spec.serving.image) and not has_flag(flags, "--disable-hybrid-kv-cache-manager"),
        kv_dtype_bytes=_kv_dtype_bytes(flag_value(flags, "--kv-cache-dtype")),
        # A limit without a request is the request, too, as everywhere in Kubernetes.
        host_memory=_memory(resources.requests, resources.limits),
        host_limit=_memory(resources.limits),
    )


def _kv_dtype_bytes(dtype: str | None) -> int:
    """The cache is bfloat16, like the model, unless the author's own flag says FP8."""
    return FP8_KV_BYTES if dtype is not None and dtype.startswith("fp8") else BF16_BYTES


def _memory(*sides: Mapping[str, Quantity]) -> int | None:
    """The bytes of host memory on the first of the sides that names it; None when none does."""
    named = [side["memory"] for side in sides if "memory" in side]
    return named[0].whole() if named else None


def _check_serving(spec: LlamaDeploymentSpec, model: ModelFacts) -> None:
    context = spec.serving.context_length
    if context is not None and context > model.max_positions:
        rule = f"must be at most {model.max_positions}, the longest context of {model.variant}"
        raise InvalidSpec(CONTEXT, context, rule)
    if spec.serving.vision and not model.sees:
        raise InvalidSpec(VISION, "true", f"must be false: {model.variant} reads text only")


def _check_count(count: int | None, model: ModelFacts, choices: Sequence[Option]) -> None:
    splits = parallelisms(model, MOST_GPUS)
    widest = max(option.widest for option in choices)
    legal = {split.gpus for split in splits if split.tensor <= widest}
    if count is None or count in legal:
        return
    there = ", ".join(str(size) for size in sorted(legal))
    names = " or ".join(option.precision.name for option in choices)
    scales = f", and groups of scales in {names}" if count in {split.gpus for split in splits} else ""
    rule = (
        f"must be a number of GPUs that the {model.attention_heads} query heads and {model.kv_heads} "
        f"key-value heads of {model.variant} divide among{scales}: {there}"
    )
    raise InvalidSpec(COUNT, count, rule)
