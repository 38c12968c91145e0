"""The catalogue as plain values for programs: every figure and its source, decimals as strings.

The names are documented in ``docs/catalogue.md``; nothing is left out of a list that a single entry has.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from llamafleet.catalogue import ApiPrice, Catalogue, Checkpoint, GpuFacts, GpuPrice, ModelFacts
from llamafleet.catalogue.precision import FORMATS
from llamafleet.planning.sizing.kv import BLOCK_TOKENS, KvLayout, kv_per_request
from llamafleet.planning.sizing.memory import usable, weigh
from llamafleet.planning.sizing.parallel import Parallelism, tensor_parallel_sizes
from llamafleet.planning.sizing.wanted import MOST_GPUS
from llamafleet.planning.sizing.widths import widest_split
from llamafleet.planning.sizing.words import gib, usd

Document = dict[str, Any]


def models_document(known: Catalogue) -> Document:
    """Every model, and those that were never released."""
    return {
        "models": [_model(model) for model in known.models.values()],
        "unreleased": [_unreleased(known, variant) for variant in known.unreleased],
    }


def model_document(known: Catalogue, variant: str) -> Document:
    """One of them."""
    return _model(known.models[variant]) if variant in known.models else _unreleased(known, variant)


def gpus_document(known: Catalogue) -> Document:
    """Every GPU."""
    return {"gpus": [_gpu(gpu) for gpu in known.gpus.values()]}


def gpu_document(known: Catalogue, key: str) -> Document:
    """One GPU with all that it is rented for."""
    prices = [_gpu_price(price) for price in known.gpu_prices if price.gpu == key]
    return {**_gpu(known.gpus[key]), "prices": prices}


def prices_document(known: Catalogue, *, gpu: bool, api: bool) -> Document:
    """What GPUs cost, what APIs ask, or both."""
    return ({"gpuPrices": [*map(_gpu_price, known.gpu_prices)]} if gpu else {}) | (
        {"apiPrices": [*map(_api_price, known.api_prices)]} if api else {}
    )


def kv_bytes(model: ModelFacts) -> tuple[int, int]:
    """Bytes of keys and values of one token in bfloat16: in every layer, and in those that never forget.

    The two differ where layers keep a chunk of tokens only, beyond that chunk.
    """
    every = kv_per_request(model, Parallelism(1, 1), BLOCK_TOKENS, KvLayout(0, hybrid=False)) // BLOCK_TOKENS
    layers = model.full_attention_layers + model.chunked_attention_layers
    return every, every * model.full_attention_layers // layers


def weights(model: ModelFacts, checkpoint: Checkpoint, *, text_only: bool = False) -> int:
    """Bytes of a checkpoint, all GPUs together."""
    return weigh(model, checkpoint.precision, checkpoint.quantized_groups, text_only=text_only).total


def format_name(checkpoint: Checkpoint) -> str:
    """The key under which the catalogue knows how a checkpoint stores its weights."""
    return next(name for name, known in FORMATS.items() if known is checkpoint.precision)


def splits(model: ModelFacts, checkpoint: Checkpoint | None = None) -> list[int]:
    """Over how many GPUs a layer can be split: by the heads, and by the groups of scales of a checkpoint."""
    sizes = tensor_parallel_sizes(model, MOST_GPUS)
    if checkpoint is None:
        return [*sizes]
    widest = widest_split(model, checkpoint.precision, checkpoint.quantized_groups)
    return [size for size in sizes if size <= widest]


def quantized(checkpoint: Checkpoint) -> list[str]:
    """The parameter groups that are stored smaller than bfloat16."""
    return [] if checkpoint.precision is FORMATS["bf16"] else sorted(checkpoint.quantized_groups)


def bytes_per_weight(checkpoint: Checkpoint) -> str:
    """Every format divides by a power of two, so that no digit is lost."""
    stored = checkpoint.precision.bytes
    return f"{Decimal(stored.numerator) / stored.denominator:f}"


def _model(model: ModelFacts) -> Document:
    every, full = kv_bytes(model)
    experts = model.experts
    return {
        "variant": model.variant,
        "name": model.name,
        "released": True,
        "maxContextLength": model.max_positions,
        "vision": model.sees,
        "layers": {
            "fullAttention": model.full_attention_layers,
            "chunkedAttention": model.chunked_attention_layers,
            "crossAttention": model.cross_attention_layers,
        },
        "attentionChunk": model.attention_chunk,
        "hiddenSize": model.hidden_size,
        "attentionHeads": model.attention_heads,
        "kvHeads": model.kv_heads,
        "headDim": model.head_dim,
        "experts": experts
        and {
            "count": experts.count,
            "layers": experts.layers,
            "intermediateSize": experts.intermediate_size,
        },
        "tiedEmbeddings": model.tied_embeddings,
        "parameters": dict(model.parameters),
        "totalParameters": sum(model.parameters.values()),
        "kvBytesPerToken": every,
        "kvBytesPerTokenBeyondChunk": full,
        "tensorParallelSizes": splits(model),
        "checkpoints": {name: _checkpoint(model, name) for name in model.checkpoints},
        "caveat": model.caveat or None,
        "source": model.source,
    }


def _checkpoint(model: ModelFacts, precision: str) -> Document:
    checkpoint = model.checkpoints[precision]
    without_vision = weights(model, checkpoint, text_only=True) if model.drops_vision else None
    return {
        "repository": checkpoint.repository,
        "format": format_name(checkpoint),
        "bytesPerWeight": bytes_per_weight(checkpoint),
        "quantizedGroups": quantized(checkpoint),
        "weightsGiB": gib(weights(model, checkpoint)),
        "weightsWithoutVisionGiB": None if without_vision is None else gib(without_vision),
        "tensorParallelSizes": splits(model, checkpoint),
        "source": checkpoint.source,
    }


def _unreleased(known: Catalogue, variant: str) -> Document:
    return {"variant": variant, "released": False, "reason": known.unreleased[variant]}


def _gpu(gpu: GpuFacts) -> Document:
    return {
        "key": gpu.key,
        "name": gpu.name,
        "memoryGiB": gib(gpu.memory),
        "usableGiB": gib(usable(gpu.memory)),
        "memorySource": gpu.memory_source,
        "driverMiB": [*gpu.driver_mib],
        "products": [*gpu.products],
        "maxBatchedTokens": gpu.max_batched_tokens,
        "source": gpu.source,
        "hourlyUsd": _price(gpu.hourly_usd),
        "hourlyUsdSource": gpu.price_source,
        "spotUsd": _price(gpu.spot_usd),
        "spotUsdSource": gpu.spot_source,
    }


def _gpu_price(price: GpuPrice) -> Mapping[str, Any]:
    return {
        "provider": price.provider,
        "region": price.region,
        "instance": price.instance,
        "gpu": price.gpu,
        "gpus": price.gpus,
        "onDemandUsd": _price(price.on_demand_usd),
        "onDemandUsdPerGpu": _price(price.on_demand_usd_per_gpu),
        "spotUsd": _price(price.spot_usd),
        "spotUsdPerGpu": _price(price.spot_usd_per_gpu),
        "serverless": price.serverless,
        "asOf": price.as_of,
        "source": price.source,
    }


def _api_price(price: ApiPrice) -> Mapping[str, Any]:
    return {
        "key": price.key,
        "provider": price.provider,
        "model": price.model,
        "inputUsdPerMillion": _price(price.input_usd_per_million),
        "outputUsdPerMillion": _price(price.output_usd_per_million),
        "asOf": price.as_of,
        "source": price.source,
    }


def _price(amount: Decimal | None) -> str | None:
    return None if amount is None else usd(amount)
