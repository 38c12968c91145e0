"""What a LlamaDeployment wants of its GPUs, checked against what its model can do.

Here end the questions that need no pool: a context too long, a precision that nobody publishes.
"""

from dataclasses import dataclass
from typing import Final

from llamafleet.api.gpu import HostOffload
from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.api.model import Quantization
from llamafleet.api.serving import Resources
from llamafleet.catalogue import PRECISIONS, ModelFacts, Precision, models
from llamafleet.errors import InvalidSpec
from llamafleet.planning.image import has_hybrid_kv
from llamafleet.planning.memory import Weights, tensor_parallel_sizes, weigh

VARIANT: Final = "spec.model.variant"
QUANTIZATION: Final = "spec.model.quantization"
CONTEXT: Final = "spec.serving.contextLength"
VISION: Final = "spec.serving.vision"
COUNT: Final = "spec.gpu.count"

AUTO: Final = ("BF16", "FP8", "INT4")
"""The precisions that ``Auto`` chooses from. INT8 saves no more than FP8 does, which every GPU of the
catalogue runs; below INT4 no release of vLLM serves Llama 4."""

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
        hybrid: True when vLLM's hybrid KV cache manager may be counted on.
        host_memory: bytes of host memory that the author lets the pod request; None: our estimate.
    """

    model: ModelFacts
    options: tuple[Option, ...]
    context_length: int | None
    concurrency: int
    count: int | None
    text_only: bool
    hybrid: bool
    host_memory: int | None


def wanted(spec: LlamaDeploymentSpec) -> Wanted:
    """Read the constraints from a spec.

    Raises:
        InvalidSpec: a field asks for what the model or its checkpoints cannot give.
    """
    model = models()[spec.model.variant]
    _check_serving(spec, model)
    _check_count(spec.gpu.count, model)
    text_only = model.sees and not spec.serving.vision
    return Wanted(
        model=model,
        options=_options(spec, model, text_only=text_only),
        context_length=spec.serving.context_length,
        concurrency=spec.serving.concurrency,
        count=spec.gpu.count,
        text_only=text_only,
        hybrid=has_hybrid_kv(spec.serving.image),
        host_memory=_host_memory(spec.serving.resources),
    )


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
    legal = tensor_parallel_sizes(model, MOST_GPUS)
    if count is not None and count not in legal:
        there = ", ".join(str(size) for size in legal)
        rule = f"must be a number of GPUs that the heads of {model.variant} divide among: {there}"
        raise InvalidSpec(COUNT, count, rule)


def _options(spec: LlamaDeploymentSpec, model: ModelFacts, *, text_only: bool) -> tuple[Option, ...]:
    """The precisions to try. The last is the lowest, and the only one in which experts may be offloaded."""
    names = _precisions(spec, model)
    may_offload = spec.gpu.host_offload is HostOffload.AUTO and model.experts is not None
    return tuple(
        _option(spec, model, PRECISIONS[name], text_only=text_only, offload=may_offload and name == names[-1])
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
    if spec.model.source is not None:
        rule = "must be named when spec.model.source is given: Auto knows the catalogue's checkpoints only"
        raise InvalidSpec(QUANTIZATION, named.value, rule)
    return tuple(name for name in AUTO if name in model.checkpoints)


def _option(
    spec: LlamaDeploymentSpec, model: ModelFacts, precision: Precision, *, text_only: bool, offload: bool
) -> Option:
    """An author's own checkpoint is taken to quantize what the catalogue's does, or what is usual."""
    published = model.checkpoints.get(precision.name)
    quantized = published.quantized_groups if published else model.quantized_groups
    repository = published.repository if published else ""
    return Option(
        precision=precision,
        checkpoint=spec.model.source or repository,
        weights=weigh(model, precision, quantized, text_only=text_only),
        checkpoint_bytes=weigh(model, precision, quantized, text_only=False).total,
        offload=offload,
    )
