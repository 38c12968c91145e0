"""The sizing arithmetic in words: why a shape was chosen and what it costs.

What matters most comes first, because a text that grows too long for a condition is cut at its end. Figures
are rounded each for itself, so that a sum of them can seem to be off by 0.01.
"""

import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

from llamafleet.api.gpu import CapacityType
from llamafleet.catalogue import Experts
from llamafleet.catalogue.precision import BF16_BYTES
from llamafleet.planning.sizing import host, offload
from llamafleet.planning.sizing.candidates import kv_layout
from llamafleet.planning.sizing.choice import Choice
from llamafleet.planning.sizing.kv import kv_per_request
from llamafleet.planning.sizing.memory import UTILISATION
from llamafleet.planning.sizing.parallel import Parallelism
from llamafleet.planning.sizing.shape import Shape
from llamafleet.planning.sizing.wanted import Wanted
from llamafleet.planning.sizing.words import gib, placed, usd

LONGEST_TEXT: Final = 1000
"""Characters of an explanation: a condition takes 1024 of us, and a little room is left."""

BUSY: Final = 8
"""The second batch size for which a slower decode is told; the first is a single request."""


def shortened(sentences: Iterable[str]) -> str:
    """The sentences as one text of at most ``LONGEST_TEXT`` characters.

    A longer one ends after a whole word, with an ellipsis.
    """
    return textwrap.shorten(" ".join(sentences), LONGEST_TEXT, placeholder=" …", break_on_hyphens=False)


def sums(wanted: Wanted, choice: Choice) -> tuple[str, ...]:
    """The sentences with the figures: the memory of a GPU, its requests, and the price."""
    return _memory(choice.shape), _requests(wanted, choice.shape), _price(choice)


def notes(wanted: Wanted, choice: Choice) -> tuple[str, ...]:
    """The sentences with whatever else the author should know."""
    sentences = [*_unpriced(choice.shape), *_kept(choice), *_assumptions(wanted, choice.shape)]
    if choice.shape.offload_gib and wanted.model.experts is not None:
        sentences += _offload(wanted, choice, wanted.model.experts)
    return tuple(sentences)


def _memory(shape: Shape) -> str:
    return f"{shape.variant} {placed(shape)}: {memory_sum(shape)}."


def memory_sum(shape: Shape) -> str:
    """The sum of the memory of one GPU, without a full stop."""
    memory = shape.memory
    hosted = f" + {gib(memory.offloaded)} of them in host memory" if shape.offload_gib else ""
    return (
        f"{gib(shape.pool.gpu.memory)} GiB x {UTILISATION}"
        f" = {gib(memory.usable)} GiB usable per GPU - {gib(memory.weights)} weights{hosted}"
        f" - {gib(memory.rope_table)} rope table - {gib(memory.overhead)} overhead"
        f" = {gib(memory.kv_cache)} GiB KV cache"
    )


def _requests(wanted: Wanted, shape: Shape) -> str:
    split = Parallelism(shape.tensor_parallel, shape.pipeline_parallel)
    layout = kv_layout(wanted, shape.max_batched_tokens, split)
    request = kv_per_request(wanted.model, split, shape.context_length, layout)
    return (
        f"One request of {shape.context_length:,} tokens needs {gib(request)} GiB of it, "
        f"so {shape.max_concurrency:.1f} fit at once."
    )


def _price(choice: Choice) -> str:
    shape, each = choice.shape, choice.shape.hourly_usd_per_gpu
    if shape.hourly_usd is None or each is None:
        return f"Its price is not known; it is {_rank(choice)}."
    return (
        f"{usd(shape.hourly_usd)} USD/h ({shape.gpus} x {usd(each)}, {price_source(shape)}), {_rank(choice)}."
    )


def price_source(shape: Shape) -> str:
    """Where the price of a shape was read, or that none is known."""
    pool = shape.pool
    if shape.hourly_usd is None:
        return "no price is known"
    match shape.capacity_type:
        case CapacityType.ON_DEMAND:
            return pool.price_source
        case CapacityType.SPOT:
            return "the pool's own spot price"
        case CapacityType.SPOT_PREFERRED:
            on_demand = (
                "" if pool.hourly_usd_per_gpu is None else f"; {usd(pool.hourly_usd_per_gpu)} on demand"
            )
            return f"the pool's own spot price{on_demand}"


def _rank(choice: Choice) -> str:
    if choice.fitting == 1:
        return "the only shape that fits"
    return f"{_place(choice.shape, choice.cheapest)} of {choice.fitting} shapes that fit"


def _place(shape: Shape, cheapest: Shape) -> str:
    """Which one it is; where no price is known, fewer GPUs are better."""
    if shape.hourly_usd != cheapest.hourly_usd:
        return "one"
    if shape.hourly_usd is not None:
        return "the cheapest"
    return "the smallest" if shape.gpus == cheapest.gpus else "one"


def _unpriced(shape: Shape) -> Iterator[str]:
    if shape.price_problem:
        yield f"{shape.price_problem}; no budget can be kept."


def _kept(choice: Choice) -> Iterator[str]:
    """Why a new fleet would get another shape, and this one does not."""
    shape, cheapest = choice.shape, choice.cheapest
    if cheapest.hourly_usd is not None and shape.hourly_usd != cheapest.hourly_usd:
        known = " with a known price," if shape.hourly_usd is None else ""
        cost = f"{placed(cheapest)} would be the cheapest{known} at {usd(cheapest.hourly_usd)} USD/h"
        yield f"The fleet keeps this shape because it runs; {cost}."
    elif shape != cheapest:
        yield "The fleet keeps this shape because it runs."


def _assumptions(wanted: Wanted, shape: Shape) -> Iterator[str]:
    """What was taken for granted and can be changed."""
    if wanted.context_length is None:
        yield f"contextLength is not set: {shape.context_length:,} is {_largest(wanted, shape)}."
    if not shape.hybrid_kv and wanted.model.chunked_attention_layers:
        yield "The hybrid KV cache may be off, so every layer counts the whole context."
    if shape.kv_dtype_bytes < BF16_BYTES and wanted.model.chunked_attention_layers:
        yield "Nobody has verified an FP8 KV cache with chunked attention on this GPU."
    if wanted.model.caveat:
        yield wanted.model.caveat


def _largest(wanted: Wanted, shape: Shape) -> str:
    """By what the context that nobody named is the largest."""
    model = wanted.model
    if shape.context_length == model.max_positions:
        return f"the longest context of {model.variant}"
    if shape.context_length == wanted.longest_power_of_two:
        return f"the largest power of two in the {model.max_positions:,} tokens of {model.variant}"
    requests = "1 request" if wanted.concurrency == 1 else f"{wanted.concurrency} requests"
    return f"the largest power of two with room for {requests}"


def _offload(wanted: Wanted, choice: Choice, experts: Experts) -> Iterator[str]:
    """What it takes and costs to keep experts in host memory."""
    shape = choice.shape
    lowest = wanted.options[-1].experts  # the only one in which experts may be offloaded
    tensors = offload.layer_bytes(wanted.model, lowest, shape.tensor_parallel)
    layers = offload.layers_touched(tensors, shape.offload_gib)
    one, busy, prefill = (
        offload.seconds_per_step(tensors, layers, experts.count, tokens)
        for tokens in (1, BUSY, shape.max_batched_tokens)
    )
    speed = offload.PCIE_BYTES_PER_SECOND // 10**9
    yield (
        f"The pod requests {host.whole_gib(shape.host_memory)} GiB of host memory, and by estimate "
        f"(PCIe at {speed} GB/s) the experts there add {one * 1000:.0f} ms to a decode step of 1 request, "
        f"{busy * 1000:.0f} ms to one of {BUSY}, "
        f"{prefill:.1f} s to a prefill of {shape.max_batched_tokens:,} tokens."
    )
    if wanted.context_length is None:
        yield f"They are as few as {wanted.least_context:,} tokens allow."
    yield _without_offload(choice.without_offload)


def _without_offload(shape: Shape | None) -> str:
    if shape is None:
        return "Without host memory no shape fits."
    costs = "has no known price" if shape.hourly_usd is None else f"costs {usd(shape.hourly_usd)} USD/h"
    return f"Without host memory (hostOffload: Never) {placed(shape)} {costs}."
