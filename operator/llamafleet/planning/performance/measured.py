"""Measured step times, and the rule by which those of another shape follow from the nearest of them.

A step reads weights, keys and values from memory, so its parts scale with the bytes that each GPU reads over
its memory bandwidth; what is done for each token scales with the parameters that a token meets over the
GPU's arithmetic. ``measured.json`` has the rows.
"""

import functools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any, Final, NamedTuple

from llamafleet.catalogue import PRECISIONS, ModelFacts, models
from llamafleet.catalogue.precision import BF16_BYTES
from llamafleet.errors import InvalidSpec
from llamafleet.planning.sizing.memory import GIB
from llamafleet.planning.sizing.offload import PCIE_BYTES_PER_SECOND
from llamafleet.planning.sizing.shape import Shape

MS: Final = 0.001
"""The rows are in milliseconds."""

ROUTED = "routed_experts"
UNREAD = frozenset({"token_embedding", "vision_tower", "mm_projector"})
"""Parameters that a decode step does not read: single lines of the embedding, and nothing of the vision part.
A tied embedding is the output head, too, and is read."""


class What(NamedTuple):
    """What a row is of."""

    variant: str
    quantization: str
    gpu: str
    gpus: int


@dataclass(frozen=True, slots=True)
class Row:
    """The step times of one replica, as ``profile.Profile`` has them, in milliseconds.

    Attributes:
        what: the model, its precision and its GPUs.
        experts: of one layer; 0 for a dense model.
        source: where the figures come from.
    """

    what: What
    step_ms: float
    expert_ms: float
    experts: int
    sequence_ms: float
    kv_thousand_ms: float
    prefill_token_ms: float
    source: str

    @property
    def gpus(self) -> int:
        """GPUs of one replica."""
        return self.what.gpus


class Load(NamedTuple):
    """What one replica has to do, in seconds at the full speed of its GPUs: only ratios of these count.

    Attributes:
        dense: reading all that every step reads.
        expert: reading one expert of every layer; 0 for a dense model.
        cache: reading the keys and values of a token.
        token: computing a token.
    """

    dense: float
    expert: float
    cache: float
    token: float


@functools.cache
def rows() -> Mapping[What, Row]:
    """Every measured row, by what it is of."""
    return {row.what: row for row in map(_row, _data()["measured"])}


@functools.cache
def lab_rows() -> Mapping[str, tuple[Row, int, int]]:
    """The replicas of the lab by name: the row, the tokens of the KV cache, and the requests at once."""
    return {
        key: (rows()[What(*entry["of"])], entry["kvTokens"], entry["maxNumSeqs"])
        for key, entry in _data()["lab"].items()
    }


def visited(experts: int, batch: float) -> float:
    """How many experts of a layer so many tokens visit, each one of them, evenly at random; 0 without any."""
    return experts * (1 - (1 - 1 / experts) ** batch) if experts else 0.0


def derived(shape: Shape) -> Row:
    """The row of a shape: measured, or from the nearest one by the rule of this module.

    Raises:
        InvalidSpec: nobody knows how fast its GPU is, or what model it is.
    """
    what = What(shape.variant, shape.quantization, shape.pool.gpu.key, shape.gpus)
    return _derived(what, shape.offload_gib)


@functools.cache
def _derived(what: What, offload_gib: int) -> Row:
    wanted = _load(what)
    base = min(rows().values(), key=lambda row: _distance(row.what, what, wanted))
    if base.what != what:
        base = _scaled(base, what, wanted)
    return _offloaded(base, offload_gib) if offload_gib else base


def _scaled(base: Row, what: What, wanted: Load) -> Row:
    there = _load(base.what)
    experts = models()[what.variant].experts
    return Row(
        what=what,
        step_ms=base.step_ms * wanted.dense / there.dense,
        expert_ms=base.expert_ms * wanted.expert / there.expert if there.expert else 0.0,
        experts=experts.count if experts else 0,
        sequence_ms=base.sequence_ms * wanted.token / there.token,
        kv_thousand_ms=base.kv_thousand_ms * wanted.cache / there.cache,
        prefill_token_ms=base.prefill_token_ms * wanted.token / there.token,
        source=(
            f"derived by bytes over bandwidth and arithmetic from {base.what.variant} "
            f"{base.what.quantization} on {base.what.gpus} {base.what.gpu}: {base.source}"
        ),
    )


def _offloaded(row: Row, offload_gib: int) -> Row:
    """The experts in host memory are read over PCIe instead: so much longer takes each that is visited."""
    seconds = offload_gib * GIB / row.experts / PCIE_BYTES_PER_SECOND
    return replace(
        row,
        expert_ms=row.expert_ms + 1000 * seconds,
        source=f"{row.source}; {offload_gib} GiB of experts per GPU are read over PCIe 4.0",
    )


def _distance(row: What, wanted: What, load: Load) -> tuple[bool, bool, bool, float]:
    """Alike in experts or none, then in precision, then in the GPU; then by the bytes of a step."""
    moe = (models()[row.variant].experts is None) != (models()[wanted.variant].experts is None)
    other = row.quantization != wanted.quantization
    return moe, other, row.gpu != wanted.gpu, abs(math.log(_load(row).dense / load.dense))


@functools.cache
def _load(what: What) -> Load:
    model, speeds = models().get(what.variant), _data()["speeds"].get(what.gpu)
    if model is None:
        field, rule = "spec.model.variant", "must be a model of the catalogue to be simulated"
        raise InvalidSpec(field, what.variant, rule)
    if speeds is None:
        known = ", ".join(_data()["speeds"])
        field, rule = "the GPU", f"must be one whose speed is known to be simulated: {known}"
        raise InvalidSpec(field, what.gpu, rule)
    bandwidth = what.gpus * speeds["bandwidthGBs"] * 1e9
    arithmetic = what.gpus * speeds["bf16Tflops"] * 1e12
    read = _read(model, what.quantization)
    experts = model.experts.count if model.experts else 1
    routed = model.parameters.get(ROUTED, 0)
    met = sum(model.parameters[group] for group in read if group != ROUTED) + routed / experts
    layers = model.full_attention_layers + model.chunked_attention_layers
    return Load(
        dense=sum(size for group, size in read.items() if group != ROUTED) / bandwidth,
        expert=read.get(ROUTED, 0.0) / experts / bandwidth,
        cache=2 * model.kv_heads * model.head_dim * BF16_BYTES * layers / bandwidth,
        token=2 * met / arithmetic,
    )


def _read(model: ModelFacts, quantization: str) -> Mapping[str, float]:
    """The bytes of the groups that a step reads when every expert is visited."""
    checkpoint = model.checkpoints.get(quantization)
    precision = checkpoint.precision if checkpoint else PRECISIONS[quantization]
    quantized = checkpoint.quantized_groups if checkpoint else model.quantized_groups
    unread = UNREAD - {"token_embedding"} if model.tied_embeddings else UNREAD
    return {
        group: float(count * (precision if group in quantized else PRECISIONS["BF16"]).bytes)
        for group, count in model.parameters.items()
        if group not in unread
    }


def _row(entry: dict[str, Any]) -> Row:
    what = What(entry["variant"], entry["quantization"], entry["gpu"], entry["gpus"])
    experts = models()[what.variant].experts
    return Row(
        what=what,
        step_ms=entry["stepMs"],
        expert_ms=entry["expertMs"],
        experts=experts.count if experts else 0,
        sequence_ms=entry["sequenceMs"],
        kv_thousand_ms=entry["kvThousandMs"],
        prefill_token_ms=entry["prefillTokenMs"],
        source=entry["source"],
    )


@functools.cache
def _data() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        resources.files(__package__).joinpath("measured.json").read_text("utf-8")
    )
    return content
