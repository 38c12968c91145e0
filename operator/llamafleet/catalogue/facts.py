"""The types of the catalogue's entries. Values only; nothing here reads a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from llamafleet.catalogue.precision import Precision
from llamafleet.catalogue.prices import ApiPrice, GpuPrice

VISION_GROUPS = frozenset({"vision_tower", "mm_projector"})
"""The parameter groups that a text-only server leaves out (vLLM's ``--language-model-only``)."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Published weights of a model in one precision.

    Attributes:
        repository: the Hugging Face repository, ``org/name``.
        precision: how it stores a quantized weight, to the byte.
        quantized_groups: the parameter groups that are stored in the precision; the rest is bfloat16.
        source: how we know, and how the size compares with a published one.
    """

    repository: str
    precision: Precision
    quantized_groups: frozenset[str]
    source: str


@dataclass(frozen=True, slots=True)
class Experts:
    """The routed experts of a mixture-of-experts model; each token visits one of them per such layer.

    Attributes:
        count: experts in one layer.
        layers: layers that have experts.
        intermediate_size: the width of one expert.
    """

    count: int
    layers: int
    intermediate_size: int


@dataclass(frozen=True, slots=True, eq=False)
class ModelFacts:
    """A model as its published configuration describes it. What is computed of it is cached by its identity.

    Attributes:
        variant: the catalogue's key.
        name: the name its maker gives it.
        max_positions: the longest context that it was trained for, tokens.
        hidden_size: the width of the model.
        attention_heads: query heads of a layer.
        kv_heads: key and value heads of a layer.
        head_dim: the width of a head.
        full_attention_layers: layers that look at the whole context.
        chunked_attention_layers: layers that look at the last chunk only.
        attention_chunk: tokens of such a chunk; 0 when there are no such layers.
        cross_attention_layers: layers that look at an image and keep nothing of a text token.
        tied_embeddings: True when one table serves as token embedding and as output head.
        drops_vision: True when a text-only server can leave the vision part out.
        caveat: what an author must hear before serving it, a sentence; empty when there is nothing.
        experts: the routed experts; None for a dense model.
        parameters: how many parameters, by group.
        quantized_groups: the groups that quantized checkpoints of this model usually store smaller.
        checkpoints: published weights, by precision.
        source: where these figures come from.
    """

    variant: str
    name: str
    max_positions: int
    hidden_size: int
    attention_heads: int
    kv_heads: int
    head_dim: int
    full_attention_layers: int
    chunked_attention_layers: int
    attention_chunk: int
    cross_attention_layers: int
    tied_embeddings: bool
    drops_vision: bool
    caveat: str
    experts: Experts | None
    parameters: Mapping[str, int]
    quantized_groups: frozenset[str]
    checkpoints: Mapping[str, Checkpoint]
    source: str

    @property
    def sees(self) -> bool:
        """True when the model takes images."""
        return not VISION_GROUPS.isdisjoint(self.parameters)


@dataclass(frozen=True, slots=True, eq=False)
class GpuFacts:
    """A GPU as its driver reports it.

    Attributes:
        key: the catalogue's key.
        name: the name on the box.
        memory: bytes that CUDA reports, less than the name on the box says.
        memory_source: where that was read.
        driver_mib: what ``nvidia-smi`` lists, MiB, the newest driver first; empty when unknown.
        products: values of the node label ``nvidia.com/gpu.product`` of GPU Feature Discovery.
        max_batched_tokens: tokens that vLLM 0.32 computes in one step on it when nobody sets a number.
        source: where the driver's figure, the labels and the tokens of a step were read.
        hourly_usd: the lowest price of one hour on demand that is known; None when none is.
        price_source: where that price was read; None with the price.
        spot_usd: the lowest spot price of one hour that is known. Information only: no plan counts it.
        spot_source: where that price was read; None with the price.
    """

    key: str
    name: str
    memory: int
    memory_source: str
    driver_mib: tuple[int, ...]
    products: tuple[str, ...]
    max_batched_tokens: int
    source: str
    hourly_usd: Decimal | None
    price_source: str | None
    spot_usd: Decimal | None
    spot_source: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Everything that is known.

    Attributes:
        models: every model that can be planned, by variant.
        gpus: every GPU that can be planned with, by key.
        unreleased: models that were announced and cannot be served, each with the reason, a sentence.
        gpu_prices: what instances with GPUs cost.
        api_prices: what APIs ask for tokens.
    """

    models: Mapping[str, ModelFacts]
    gpus: Mapping[str, GpuFacts]
    unreleased: Mapping[str, str]
    gpu_prices: tuple[GpuPrice, ...]
    api_prices: tuple[ApiPrice, ...]
