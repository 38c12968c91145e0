"""A checkpoint by its own account: architecture, precision and bytes."""

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from llamafleet.catalogue import Catalogue, Experts, ModelFacts, Precision
from llamafleet.catalogue.precision import FORMATS
from llamafleet.errors import InvalidSpec
from llamafleet.planning.sizing.checkpoint.architecture import Architecture, architecture
from llamafleet.planning.sizing.checkpoint.fields import Section
from llamafleet.planning.sizing.checkpoint.identity import check_identity
from llamafleet.planning.sizing.checkpoint.limits import MOST_BYTES
from llamafleet.planning.sizing.checkpoint.linears import LM_HEAD, Linear, linears, parameters
from llamafleet.planning.sizing.checkpoint.quantization import KEY, Scheme, scheme
from llamafleet.planning.sizing.checkpoint.tensors import quantized_layers
from llamafleet.planning.sizing.words import gib

CONFIG: Final = "config.json"
INDEX: Final = "model.safetensors.index.json"

SIZE: Final = "the size of the safetensors files"

TOLERANCE: Final = 20
"""The files may hold one part in so many, 5 %, more or less than the config.json describes. What is not
counted (scales of FP8 and INT8, order of groups, scales of the KV cache) is below 1 %; weights of another
precision, a config.json of another model, or one missing file of a dozen are off by 7 % and more."""


@dataclass(frozen=True, slots=True)
class OwnWeights:
    """A checkpoint as its own files describe it.

    Attributes:
        model: the catalogue's entry, with everything that the files say of the architecture.
        precision: how the quantized weights are stored; BF16 when none are.
        quantized_groups: the parameter groups of which at least one half is stored so; the rest has 16 bits.
        stored_bytes: the bytes of all weights, where the files tell more than the groups do; None where the
            groups are all that is known.
        spare_bytes: the part of those that vLLM does not load: an output head beside a tied embedding.
    """

    model: ModelFacts
    precision: Precision
    quantized_groups: frozenset[str]
    stored_bytes: int | None
    spare_bytes: int = 0


def read_checkpoint(
    config: Mapping[str, Any], index: Mapping[str, Any] | None, model: ModelFacts, known: Catalogue
) -> OwnWeights:
    """Read what a checkpoint is, and check that it is of the variant that its author names.

    Args:
        config: the content of its config.json.
        index: the content of its model.safetensors.index.json; None when there is none.
        model: the catalogue's entry of the variant; the vision part is taken from it.
        known: the catalogue, to tell what else a checkpoint looks like.

    Raises:
        InvalidSpec: the checkpoint is of another variant, vLLM cannot serve it, its size cannot be told, or
            its files do not belong together.
    """
    given, listed = Section(CONFIG, "", config), Section(INDEX, "", index or {})
    shape = architecture(given)
    check_identity(shape, model, known.models)
    layers, tensors, stored = linears(shape, model.parameters), _tensors(listed), _scheme(given)
    facts = _facts(model, shape, layers)
    precision = stored.precision if stored else FORMATS["bf16"]
    sizes = _sizes(layers, _quantized(given, stored, layers, tensors))
    counted = _counted(facts, precision, sizes)
    spare = _spare_head(shape, tensors)
    total = _total(listed, counted + spare)
    exact = spare == 0 and all(size == facts.parameters[group] for group, size in sizes.items())
    mostly = frozenset(group for group, size in sizes.items() if 2 * size >= facts.parameters[group])
    if total is None and not exact:
        total = counted + spare
    return OwnWeights(facts, precision, mostly, total, spare)


def _facts(model: ModelFacts, shape: Architecture, layers: tuple[Linear, ...]) -> ModelFacts:
    moe_layers = shape.layers // shape.moe_step if shape.moe_step else 0
    return dataclasses.replace(
        model,
        max_positions=shape.max_positions,
        full_attention_layers=shape.layers - shape.chunked_layers - len(shape.cross_layers),
        chunked_attention_layers=shape.chunked_layers,
        attention_chunk=shape.chunk,
        cross_attention_layers=len(shape.cross_layers),
        tied_embeddings=shape.tied,
        experts=Experts(shape.experts, moe_layers, shape.expert_size) if moe_layers else None,
        parameters=MappingProxyType(parameters(shape, layers)),
        source="the checkpoint's own config.json",
    )


def _scheme(config: Section) -> Scheme | None:
    """How the weights are stored; a model that sees may say so of its language model alone."""
    text = config.section("text_config")
    return scheme(config) or (scheme(text) if text else None)


def _tensors(index: Section) -> tuple[str, ...]:
    """The names of the tensors; empty when the index lists none."""
    listed = index.section("weight_map")
    return tuple(listed.content) if listed else ()


def _quantized(
    given: Section, stored: Scheme | None, layers: tuple[Linear, ...], tensors: tuple[str, ...]
) -> frozenset[str]:
    """The names of the quantized layers: as the tensors tell, else as the config.json does."""
    names = quantized_layers(tensors)
    if stored is None:
        if names:
            given.refuse(KEY, "must be there, because tensors of the checkpoint are quantized")
        return frozenset()
    small = names if tensors else stored.quantized(layers)
    if small.isdisjoint(linear.name for linear in layers):
        why = "no tensor of the checkpoint is" if tensors else "it leaves every layer out"
        given.refuse(KEY, f"must be absent when nothing is quantized: {why}")
    return small


def _sizes(layers: tuple[Linear, ...], small: frozenset[str]) -> Counter[str]:
    """How many parameters of each group are quantized."""
    sizes: Counter[str] = Counter()
    for linear in layers:
        if linear.name in small:
            sizes[linear.group] += linear.size
    return sizes


def _counted(facts: ModelFacts, precision: Precision, sizes: Counter[str]) -> int:
    """The bytes of all weights, layer by layer."""
    wide = sum(facts.parameters.values()) - sizes.total()
    return math.ceil(sizes.total() * precision.bytes + wide * FORMATS["bf16"].bytes)


def _spare_head(shape: Architecture, tensors: tuple[str, ...]) -> int:
    """The bytes of an output head that is stored though the embedding serves as one: vLLM loads none."""
    there = shape.tied and any(name.endswith(f"{LM_HEAD}.weight") for name in tensors)
    return math.ceil(shape.vocabulary * shape.hidden_size * FORMATS["bf16"].bytes) if there else 0


def _total(index: Section, counted: int) -> int | None:
    """The bytes of the files by the index; None when it does not say."""
    metadata = index.section("metadata")
    if metadata is None or not metadata.has("total_size"):
        return None
    total = metadata.whole("total_size", MOST_BYTES)
    if abs(total - counted) * TOLERANCE > counted:
        rule = (
            f"must be within {100 // TOLERANCE} % of {counted} bytes ({gib(counted)} GiB), which {CONFIG} "
            "describes: the two do not belong together, or files are missing"
        )
        raise InvalidSpec(SIZE, f"{total} bytes ({gib(total)} GiB)", rule)
    return total
