"""The precisions in which a model could be served, each with its checkpoint and what that weighs.

Nothing is chosen here; what an author cannot have is refused.
"""

import dataclasses
from dataclasses import dataclass
from typing import Final

from llamafleet.api.gpu import HostOffload
from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.api.model import Quantization
from llamafleet.catalogue import PRECISIONS, ModelFacts, Precision
from llamafleet.errors import InvalidSpec
from llamafleet.planning.sizing.checkpoint import OwnWeights
from llamafleet.planning.sizing.memory import Weights, weigh
from llamafleet.planning.sizing.widths import widest_split

QUANTIZATION: Final = "spec.model.quantization"
SOURCE: Final = "spec.model.source"

AUTO: Final = ("BF16", "FP8", "INT4")
"""The precisions that ``Auto`` chooses from, the best first. INT8 saves no more than FP8, which every GPU of
the catalogue runs; below INT4 no release of vLLM serves Llama 4."""

ROUTED: Final = "routed_experts"
"""The parameter group that host memory may hold a part of."""


@dataclass(frozen=True, slots=True)
class Option:
    """One precision in which the model could be served.

    Attributes:
        precision: bytes per weight.
        checkpoint: the repository of the catalogue, or the author's source text.
        weights: what is loaded.
        checkpoint_bytes: what is stored and downloaded, parts that are not loaded included.
        experts: bytes per weight of the routed experts, which not every checkpoint quantizes.
        widest: over how many GPUs a layer may be split at most.
        offload: True when experts may go to host memory as a last resort.
    """

    precision: Precision
    checkpoint: str
    weights: Weights
    checkpoint_bytes: int
    experts: Precision
    widest: int
    offload: bool


def options(
    spec: LlamaDeploymentSpec, model: ModelFacts, own: OwnWeights | None, *, text_only: bool
) -> tuple[Option, ...]:
    """The precisions to try, the best first.

    Args:
        spec: the author's wish.
        model: the model.
        own: what the author's own checkpoint says of itself, where it is at hand.
        text_only: True when the model's vision parts are left out.

    Raises:
        InvalidSpec: the precision has no checkpoint, or is not that of the author's own.
    """
    if own is not None:
        return (_own(spec, own, text_only=text_only),)
    names = _precisions(spec, model)
    may_offload = _may_offload(spec, model)
    # Only in the lowest of them, which is the last, may experts go to host memory.
    return tuple(
        _published(spec, model, name, text_only=text_only, offload=may_offload and name == names[-1])
        for name in names
    )


def _may_offload(spec: LlamaDeploymentSpec, model: ModelFacts) -> bool:
    return spec.gpu.host_offload is HostOffload.AUTO and model.experts is not None


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


def _published(
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
        experts=_experts(precision, quantized),
        widest=widest_split(model, precision, quantized),
        offload=offload,
    )


def _experts(precision: Precision, quantized: frozenset[str]) -> Precision:
    return precision if ROUTED in quantized else PRECISIONS["BF16"]


def _own(spec: LlamaDeploymentSpec, own: OwnWeights, *, text_only: bool) -> Option:
    """The one precision that the author's checkpoint has, by its own account."""
    model, precision, quantized = own.model, own.precision, own.quantized_groups
    counted = weigh(model, precision, quantized, text_only=False).total
    stored = counted if own.stored_bytes is None else own.stored_bytes
    weights = weigh(model, precision, quantized, text_only=text_only)
    return Option(
        precision=precision,
        checkpoint=_own_source(spec, own),
        weights=dataclasses.replace(weights, layers=weights.layers + stored - own.spare_bytes - counted),
        checkpoint_bytes=stored,
        experts=_experts(precision, quantized),
        widest=widest_split(model, precision, quantized),
        offload=_may_offload(spec, model),
    )


def _own_source(spec: LlamaDeploymentSpec, own: OwnWeights) -> str:
    """Where the pods get it: what the author names, else the catalogue's checkpoint of that precision."""
    named, there = spec.model.quantization, own.precision.name
    if named is not Quantization.AUTO and named.value != there:
        raise InvalidSpec(QUANTIZATION, named.value, f"must be {there}, which the checkpoint's files are")
    if spec.model.source is not None:
        return spec.model.source
    published = own.model.checkpoints.get(there)
    if published is None:
        rule = f"must be given: the catalogue has no {there} checkpoint of {own.model.variant}"
        raise InvalidSpec(SOURCE, "absent", rule)
    return published.repository
