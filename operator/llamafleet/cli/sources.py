"""Where the figures of an answer come from: the catalogue's sources, and those of the planner's constants."""

from collections.abc import Iterator

from llamafleet.cli.answer import Answer, Question
from llamafleet.planning.explain import price_source
from llamafleet.planning.memory import BLOCK_TOKENS, SMALLEST_ROPE_POSITIONS, UTILISATION
from llamafleet.planning.plan import Plan, Shape
from llamafleet.planning.words import gib, usd

Source = tuple[str, str]


def sources(answer: Answer) -> Iterator[Source]:
    """Figures, each with its source: those of the model, and of the chosen shape or else the nearest."""
    question, plan = answer.question, answer.decision
    yield from _of_model(question)
    if isinstance(plan, Plan):
        yield from _of_shape(question, plan.shape)
    elif answer.considered:
        yield from _of_shape(question, answer.considered[0].shape)


def _of_model(question: Question) -> Iterator[Source]:
    model = question.known.models[question.llama.spec.model.variant]
    if question.own is None:
        yield f"layers, heads and parameters of {model.variant}", model.source
    else:
        yield "layers, heads, parameters and precision", "your own checkpoint's files"


def _of_shape(question: Question, shape: Shape) -> Iterator[Source]:
    gpu = shape.pool.gpu
    if question.own is None:
        yield f"weights in {shape.quantization}", _weights_source(question, shape)
    yield f"{gib(gpu.memory)} GiB of {gpu.name}", gpu.memory_source
    yield f"{usd(shape.hourly_usd_per_gpu)} USD per GPU-hour", price_source(shape)
    yield f"{UTILISATION} of the memory", "vLLM 0.32's default; it is passed explicitly"
    yield f"{gib(shape.memory.overhead)} GiB overhead", "our estimate, above what public start-up logs show"
    table = "vLLM 0.32: positions x head size x 2 bytes"
    if shape.rope_positions is not None:
        table += f"; lowered to {shape.rope_positions:,} positions, never below {SMALLEST_ROPE_POSITIONS:,}"
    yield f"{gib(shape.memory.rope_table)} GiB rope table", table
    steps = f"vLLM 0.32: blocks of {BLOCK_TOKENS} tokens, steps of {shape.max_batched_tokens:,} on this GPU"
    yield f"{gib(shape.memory.kv_needed)} GiB for the requests", steps
    yield f"{gib(shape.host_memory)} GiB host memory", _host_source(question)


def _weights_source(question: Question, shape: Shape) -> str:
    published = question.known.models[shape.variant].checkpoints.get(shape.quantization)
    if question.llama.spec.model.source is not None:
        return "your own source, taken to store what the catalogue's checkpoint does; --weights tells better"
    return published.source if published else "the parameters, at the usual bytes of that precision"


def _host_source(question: Question) -> str:
    resources = question.llama.spec.serving.resources
    own = resources is not None and "memory" in {*resources.requests, *resources.limits}
    return "spec.serving.resources" if own else "our estimate: processes, loading buffers and /dev/shm"
