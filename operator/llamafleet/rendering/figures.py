"""The figures of one replica under their public names, the same in ``status.plan`` and on the command line.

Nothing is computed here. Decimals are strings, because a float would not say what was meant.
"""

from typing import Any

from llamafleet.planning.plan import Shape
from llamafleet.planning.sizing.words import gib, usd


def figures(shape: Shape) -> dict[str, Any]:
    """Every figure of a shape: GiB of 2^30 bytes, tokens, US dollars per hour.

    A price that is not known is left out, never zero.
    """
    return {
        "pool": shape.pool.name,
        "gpu": shape.pool.gpu.key,
        "gpusPerReplica": shape.gpus,
        "tensorParallel": shape.tensor_parallel,
        "pipelineParallel": shape.pipeline_parallel,
        "quantization": shape.quantization,
        "capacityType": shape.capacity_type.value,
        "checkpoint": shape.checkpoint,
        **_memory(shape),
        "kvTokens": shape.kv_tokens,
        "maxContextLength": shape.context_length,
        "maxConcurrency": f"{shape.max_concurrency:.2f}",
        **_price(shape),
    }


def _price(shape: Shape) -> dict[str, str]:
    return {} if shape.hourly_usd is None else {"hourlyUsdPerReplica": usd(shape.hourly_usd)}


def _memory(shape: Shape) -> dict[str, str]:
    """Where the memory of one GPU goes, and what the host gives to the pod as a whole."""
    memory = shape.memory
    return {
        "weightsGiBPerGpu": gib(memory.weights),
        "ropeTableGiBPerGpu": gib(memory.rope_table),
        "hostOffloadGiBPerGpu": gib(memory.offloaded),
        "hostMemoryGiB": gib(shape.host_memory),
        "overheadGiBPerGpu": gib(memory.overhead),
        "kvCacheGiBPerGpu": gib(memory.kv_cache),
    }
