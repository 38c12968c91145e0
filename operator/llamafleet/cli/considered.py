"""What else was considered: the best shape of every pool, or every shape with its sum."""

from collections.abc import Iterable, Iterator

from rich.console import Console

from llamafleet.cli.answer import Answer
from llamafleet.cli.layout import columns, draw_below, draw_heading, draw_list
from llamafleet.planning.considered import Considered
from llamafleet.planning.memory import UTILISATION
from llamafleet.planning.plan import Shape
from llamafleet.planning.words import gib, placed, usd


def draw_pools(answer: Answer, console: Console) -> None:
    """Every pool with its best shape, and why that was taken or lost."""
    draw_heading(console, "Pools that were considered, each with its best shape")
    table = columns("pool", "USD/h", "KV GiB", "shape", "verdict", right=2)
    for one in _best_of_each_pool(answer.considered):
        shape = one.shape
        verdict = "chosen" if one.chosen else one.reason.removeprefix(f"{placed(shape)} ")
        kv_cache = gib(shape.memory.kv_cache) if one.feasible else "-"
        size = f"{shape.quantization} on {shape.gpus} x {shape.pool.gpu.key}"
        table.add_row(shape.pool.name, usd(shape.hourly_usd), kv_cache, size, verdict)
    for left in answer.left_out:
        table.add_row(left.pool, "-", "-", "none", left.reason)
    draw_below(console, table)


def _best_of_each_pool(considered: Iterable[Considered]) -> Iterator[Considered]:
    """The first of each pool, for the best comes first."""
    seen = set()
    for one in considered:
        if one.shape.pool.name not in seen:
            seen.add(one.shape.pool.name)
            yield one


def draw_candidates(answer: Answer, console: Console) -> None:
    """Every shape that was considered, with its sum and why it was taken or lost."""
    if answer.considered:
        draw_heading(console, "Every shape that was considered, the best first")
        draw_list(console, [_sentence(one) for one in answer.considered])
    if answer.left_out:
        draw_heading(console, "Pools of which no shape was considered")
        draw_list(console, [f"{left.pool}: {left.reason}." for left in answer.left_out])


def _sentence(one: Considered) -> str:
    price = f"{usd(one.shape.hourly_usd)} USD/h"
    if not one.feasible:  # its reason begins with the shape, and is the sum
        return f"{one.reason}. {price}."
    verdict = "chosen" if one.chosen else one.reason
    return f"{placed(one.shape)}, {price}: {verdict}. {_sum(one.shape)}."


def _sum(shape: Shape) -> str:
    memory = shape.memory
    hosted = f" + {gib(memory.offloaded)} of them in host memory" if memory.offloaded else ""
    return (
        f"{gib(shape.pool.gpu.memory)} GiB x {UTILISATION} - {gib(memory.weights)} weights{hosted}"
        f" - {gib(memory.rope_table)} rope table - {gib(memory.overhead)} overhead"
        f" = {gib(memory.kv_cache)} GiB KV cache for {shape.max_concurrency:.1f} requests of "
        f"{shape.context_length:,} tokens"
    )
