"""What ``--explain`` adds to the answer of ``llamafleet plan``: every shape with its sum, and the sources.

Every figure comes from the answer; the sources are the catalogue's, and those of the planner's constants.
"""

from collections.abc import Iterator

from rich.console import Console

from llamafleet.cli.answer import Answer, Question
from llamafleet.cli.screen import draw_below, draw_heading, draw_list, in_columns
from llamafleet.planning.plan import Plan, Shape
from llamafleet.planning.sizing.considered import Considered
from llamafleet.planning.sizing.explain import memory_sum, price_source
from llamafleet.planning.sizing.kv import BLOCK_TOKENS
from llamafleet.planning.sizing.memory import UTILISATION
from llamafleet.planning.sizing.words import gib, per_hour, placed, usd

Source = tuple[str, str]


def draw_candidates(answer: Answer, console: Console) -> None:
    """Every shape that was considered, with its sum and why it was taken or lost."""
    if answer.considered:
        draw_heading(console, "Every shape that was considered, the best first")
        draw_list(console, map(_sentence, answer.considered))
    if answer.left_out:
        draw_heading(console, "Pools of which no shape was considered")
        draw_list(console, [f"{left.pool}: {left.reason}." for left in answer.left_out])


def _sentence(one: Considered) -> str:
    price = per_hour(one.shape.hourly_usd)
    if not one.feasible:  # its reason begins with the shape, and is the sum
        return f"{one.reason}. {price[0].upper()}{price[1:]}."
    verdict, shape = "chosen" if one.chosen else one.reason, one.shape
    requests = f"{shape.max_concurrency:.1f} requests of {shape.context_length:,} tokens"
    return f"{placed(shape)}, {price}: {verdict}. {memory_sum(shape)} for {requests}."


def draw_sources(answer: Answer, console: Console) -> None:
    """Figures, each with its source: those of the model, and of the chosen shape or else the nearest."""
    question, plan = answer.question, answer.decision
    rows = [*_of_model(question)]
    if isinstance(plan, Plan):
        rows += _of_shape(question, plan.shape)
    elif answer.considered:
        rows += _of_shape(question, answer.considered[0].shape)
    draw_heading(console, "Where the figures come from")
    draw_below(console, in_columns(rows))


def _of_model(question: Question) -> Iterator[Source]:
    model = question.known.models[question.llama.spec.model.variant]
    if question.own is None:
        yield f"layers, heads and parameters of {model.variant}", model.source
    else:
        yield "layers, heads, parameters and precision", "your own checkpoint's files"


def _of_shape(question: Question, shape: Shape) -> Iterator[Source]:
    gpu, memory = shape.pool.gpu, shape.memory
    if question.own is None:
        yield f"weights in {shape.quantization}", _weights_source(question, shape)
    yield f"{gib(gpu.memory)} GiB of {gpu.name}", gpu.memory_source
    price = "; ".join(filter(None, (price_source(shape), price_rule(question, shape))))
    each = shape.hourly_usd_per_gpu
    yield "price of a GPU-hour" if each is None else f"{usd(each)} USD per GPU-hour", price
    yield f"{UTILISATION} of the memory", "vLLM 0.32's default; it is passed explicitly"
    yield f"{gib(memory.overhead)} GiB overhead", "our estimate, above what public start-up logs show"
    yield f"{gib(memory.rope_table)} GiB rope table", _rope_source(question, shape)
    if memory.offloaded:
        fewest = "the fewest whole GiB per GPU with which the requests fit"
        yield f"{gib(memory.offloaded)} GiB of experts in host memory", fewest
    steps = f"vLLM 0.32: blocks of {BLOCK_TOKENS} tokens, steps of {shape.max_batched_tokens:,} on this GPU"
    yield f"{gib(memory.kv_needed)} GiB for the requests", steps
    yield f"{gib(shape.host_memory)} GiB host memory", _host_source(question)


def price_rule(question: Question, shape: Shape) -> str:
    """How the catalogue came to its price; empty where the price is the user's own."""
    gpu = shape.pool.gpu
    offers = [
        price.where
        for price in question.known.gpu_prices
        if price.gpu == gpu.key and price.on_demand_usd is not None and not price.serverless
    ]
    if gpu.price_source not in offers or not price_source(shape).endswith(gpu.price_source):
        return ""
    return f"the lowest of {len(offers)} prices on demand: llamafleet gpus {gpu.key} lists them"


def _weights_source(question: Question, shape: Shape) -> str:
    published = question.known.models[shape.variant].checkpoints.get(shape.quantization)
    if question.llama.spec.model.source is not None:
        return "your own source, taken to store what the catalogue's checkpoint does; --weights tells better"
    return published.source if published else "the parameters, at the usual bytes of that precision"


def _rope_source(question: Question, shape: Shape) -> str:
    model = question.own.model if question.own else question.known.models[shape.variant]
    formula = "vLLM 0.32: positions x head size x 2 bytes"
    if shape.rope_positions is None:
        return f"{formula}, for {model.max_positions:,} positions"
    return f"{formula}; the model's {model.max_positions:,} positions are lowered to {shape.rope_positions:,}"


def _host_source(question: Question) -> str:
    resources = question.llama.spec.serving.resources
    own = resources is not None and "memory" in {*resources.requests, *resources.limits}
    return "spec.serving.resources" if own else "our estimate: processes, loading buffers and /dev/shm"
