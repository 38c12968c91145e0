"""What a LlamaDeployment wants of its GPUs, checked against what its model can do.

Here end the questions that need no pool: a context too long, a precision that nobody publishes.
"""

import dataclasses
from dataclasses import dataclass
from typing import Final

from llamafleet.api.gpu import CapacityType, HostOffload
from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.api.model import Quantization
from llamafleet.api.serving import Resources
from llamafleet.api.vllm_flags import flag_value, has_flag
from llamafleet.catalogue import PRECISIONS, Catalogue, ModelFacts, Precision, catalogue
from llamafleet.catalogue.precision import BF16_BYTES
from llamafleet.errors import InvalidSpec
from llamafleet.planning.checkpoint import OwnWeights
from llamafleet.planning.image import has_hybrid_kv
from llamafleet.planning.memory import Weights, weigh
from llamafleet.planning.parallel import parallelisms

VARIANT: Final = "spec.model.variant"
QUANTIZATION: Final = "spec.model.quantization"
SOURCE: Final = "spec.model.source"
CONTEXT: Final = "spec.serving.contextLength"
VISION: Final = "spec.serving.vision"
COUNT: Final = "spec.gpu.count"
CAPACITY_TYPE: Final = "spec.gpu.capacityType"

AUTO: Final = ("BF16", "FP8", "INT4")
"""The precisions that ``Auto`` chooses from, the best first. INT8 saves no more than FP8, which every GPU of
the catalogue runs; below INT4 no release of vLLM serves Llama 4."""

FP8_KV_BYTES: Final = 1
"""Bytes of a key or value with ``--kv-cache-dtype=fp8`` or one of its two formats."""

MOST_GPUS: Final = 64
"""The largest ``spec.gpu.count`` that the API allows."""


@dataclass(frozen=True, slots=True)
class Option:
    """One precision in which the model could be served.

    Attributes:
        precision: bytes per weight.
        checkpoint: the repository of the catalogue, or the author's source text.
        weights: what is loaded.
        checkpoint_bytes: what is stored and downloaded, parts that are not loaded included.
        offload: True when experts may go to host memory as a last resort.
    """

    precision: Precision
    checkpoint: str
    weights: Weights
    checkpoint_bytes: int
    offload: bool


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
    _check_count(spec.gpu.count, model)
    text_only = model.sees and model.drops_vision and not spec.serving.vision
    flags = spec.serving.extra_args
    return Wanted(
        model=model,
        options=_own_option(spec, own, text_only) if own else _options(spec, model, text_only=text_only),
        context_length=spec.serving.context_length,
        concurrency=spec.serving.concurrency,
        count=spec.gpu.count,
        text_only=text_only,
        capacity_type=spec.gpu.capacity_type,
        hybrid=has_hybrid_kv(spec.serving.image) and not has_flag(flags, "--disable-hybrid-kv-cache-manager"),
        kv_dtype_bytes=_kv_dtype_bytes(flag_value(flags, "--kv-cache-dtype")),
        host_memory=_host_memory(spec.serving.resources),
    )


def _kv_dtype_bytes(dtype: str | None) -> int:
    """The cache is bfloat16, like the model, unless the author's own flag says FP8."""
    return FP8_KV_BYTES if dtype is not None and dtype.startswith("fp8") else BF16_BYTES


def _host_memory(resources: Resources | None) -> int | None:
    """The author's own request in bytes; a limit without a request is the request, too."""
    if resources is None:
        return None
    own = resources.requests.get("memory") or resources.limits.get("memory")
    return own.whole() if own else None


def _check_serving(spec: LlamaDeploymentSpec, model: ModelFacts) -> None:
    context = spec.serving.context_length
    if context is not None and context > model.max_positions:
        rule = f"must be at most {model.max_positions}, the longest context of {model.variant}"
        raise InvalidSpec(CONTEXT, context, rule)
    if spec.serving.vision and not model.sees:
        raise InvalidSpec(VISION, "true", f"must be false: {model.variant} reads text only")


def _check_count(count: int | None, model: ModelFacts) -> None:
    legal = {split.gpus for split in parallelisms(model, MOST_GPUS)}
    if count is not None and count not in legal:
        there = ", ".join(str(size) for size in sorted(legal))
        rule = (
            f"must be a number of GPUs that the {model.attention_heads} query heads and {model.kv_heads} "
            f"key-value heads of {model.variant} divide among: {there}"
        )
        raise InvalidSpec(COUNT, count, rule)


def _options(spec: LlamaDeploymentSpec, model: ModelFacts, *, text_only: bool) -> tuple[Option, ...]:
    """The precisions to try. The last is the lowest, and the only one in which experts may be offloaded."""
    names = _precisions(spec, model)
    may_offload = spec.gpu.host_offload is HostOffload.AUTO and model.experts is not None
    return tuple(
        _option(spec, model, name, text_only=text_only, offload=may_offload and name == names[-1])
        for name in names
    )


def _precisions(spec: LlamaDeploymentSpec, model: ModelFacts) -> tuple[str, ...]:
    named = spec.model.quantization
    if named is not Quantization.AUTO:
        if spec.model.source is None and named.value not in model.checkpoints:
            there = ", ".join(model.checkpoints)
            rule = (
                f"must have a checkpoint in the catalogue, or spec.model.source; {model.variant} has: {there}"
            )
            raise InvalidSpec(QUANTIZATION, named.value, rule)
        return (named.value,)
    return tuple(name for name in AUTO if name in model.checkpoints)


def _option(
    spec: LlamaDeploymentSpec, model: ModelFacts, name: str, *, text_only: bool, offload: bool
) -> Option:
    """An author's own checkpoint is taken to quantize what the catalogue's does, or what is usual."""
    published = model.checkpoints.get(name)
    precision = published.precision if published else PRECISIONS[name]
    quantized = published.quantized_groups if published else model.quantized_groups
    repository = published.repository if published else ""
    return Option(
        precision=precision,
        checkpoint=spec.model.source or repository,
        weights=weigh(model, precision, quantized, text_only=text_only),
        checkpoint_bytes=weigh(model, precision, quantized, text_only=False).total,
        offload=offload,
    )


def _own_option(spec: LlamaDeploymentSpec, own: OwnWeights, text_only: bool) -> tuple[Option]:  # noqa: FBT001
    """The one precision that the author's checkpoint has, by its own account."""
    named, there = spec.model.quantization, own.precision.name
    if named is not Quantization.AUTO and named.value != there:
        raise InvalidSpec(QUANTIZATION, named.value, f"must be {there}, which the checkpoint's files are")
    published = own.model.checkpoints.get(there)
    if spec.model.source is None and published is None:
        rule = f"must be given: the catalogue has no {there} checkpoint of {own.model.variant}"
        raise InvalidSpec(SOURCE, "absent", rule)
    counted = weigh(own.model, own.precision, own.quantized_groups, text_only=False).total
    stored = counted if own.stored_bytes is None else own.stored_bytes
    weights = weigh(own.model, own.precision, own.quantized_groups, text_only=text_only)
    return (
        Option(
            precision=own.precision,
            checkpoint=spec.model.source or (published.repository if published else ""),
            weights=dataclasses.replace(weights, layers=weights.layers + stored - counted),
            checkpoint_bytes=stored,
            offload=spec.gpu.host_offload is HostOffload.AUTO and own.model.experts is not None,
        ),
    )
