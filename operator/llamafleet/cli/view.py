"""The answer of ``llamafleet plan`` for people: what is chosen, where memory and money go, and why.

Every figure comes from the answer; this module arranges them and decides nothing.
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from rich.console import Console
from rich.text import Text

from llamafleet.api.gpu import CapacityType
from llamafleet.api.scalars import format_money
from llamafleet.cli.answer import Answer
from llamafleet.cli.explain import draw_candidates, draw_sources, price_rule
from llamafleet.cli.manifests import full_name
from llamafleet.cli.memory import draw_memory, draw_shortage
from llamafleet.cli.screen import draw_below, draw_heading, draw_list, in_columns
from llamafleet.planning.plan import Plan, Shape
from llamafleet.planning.schedule.month import LENGTH, Month
from llamafleet.planning.sizing.considered import Considered
from llamafleet.planning.sizing.explain import price_source
from llamafleet.planning.sizing.words import gib, placed, usd

COMMAND_WIDTH: Final = 96
"""Columns of a line of the server's command, the backslash included."""


def draw(answer: Answer, console: Console, *, explain: bool) -> None:
    """Draw all of it; to explain, with the sum of every shape and the source of every figure."""
    if isinstance(answer.decision, Plan):
        _draw_plan(answer, answer.decision, console)
    else:
        _draw_refusal(answer, console)
    if explain:
        draw_candidates(answer, console)
    else:
        _draw_pools(answer, console)
    _draw_sentences(answer, console, explain=explain)
    if explain:
        draw_sources(answer, console)
    if answer.vllm_args:
        draw_heading(console, "The model server's command line")
        console.out(_command_line(["vllm", "serve", *answer.vllm_args]), highlight=False)


def _draw_plan(answer: Answer, plan: Plan, console: Console) -> None:
    shape = plan.shape
    console.print(_headline(f"{full_name(answer.question.llama)}: {placed(shape)}", "fits", "green"))
    draw_memory(shape, console)
    draw_heading(console, "One replica")
    draw_below(console, in_columns(_replica(shape)))
    _draw_money(answer, plan, console)


def _draw_refusal(answer: Answer, console: Console) -> None:
    console.print(_headline(full_name(answer.question.llama), "nothing fits", "red"))
    if answer.considered:
        draw_shortage(answer.considered[0].shape, console)


def _headline(subject: str, verdict: str, colour: str) -> Text:
    return Text.assemble((f"{subject}: ", "bold"), (verdict, f"bold {colour}"))


def _replica(shape: Shape) -> Iterator[tuple[str, str]]:
    yield "model", f"{shape.variant}, weights of {shape.checkpoint}"
    yield "GPUs", _gpus(shape)
    yield "requests", f"{shape.max_concurrency:.2f} of {shape.context_length:,} tokens at once"
    yield "KV cache", f"{shape.kv_tokens:,} tokens"
    yield "host memory", f"{gib(shape.host_memory)} GiB"


def _gpus(shape: Shape) -> str:
    stages = f", {shape.pipeline_parallel} pipeline stages" if shape.pipeline_parallel > 1 else ""
    spot = "" if shape.capacity_type is CapacityType.ON_DEMAND else f", {shape.capacity_type}"
    return f"{shape.gpus} x {shape.pool.gpu.name}, tensor parallel {shape.tensor_parallel}{stages}{spot}"


def _draw_money(answer: Answer, plan: Plan, console: Console) -> None:
    shape, month = plan.shape, answer.month
    rows = [("per hour", _usd(shape.hourly_usd), _usd(plan.hourly_usd))]
    if month is not None:
        scheduled = answer.question.llama.spec.schedule is not None
        for words, amount in _months(month, scheduled=scheduled):
            rows.append((words, format_money(amount), format_money(plan.replicas * amount)))
    replicas = "1 replica wanted" if plan.replicas == 1 else f"{plan.replicas} replicas wanted"
    draw_heading(console, f"US dollars ({price_source(shape)})")
    draw_below(console, in_columns(rows, ("", "one replica", replicas), right=2))
    rule = price_rule(answer.question, shape)
    if rule:
        draw_below(console, Text(f"{rule[0].upper()}{rule[1:]}."))


def _usd(amount: Decimal | None) -> str:
    return "unknown" if amount is None else usd(amount)


def _months(month: Month, *, scheduled: bool) -> list[tuple[str, Decimal]]:
    always = (f"{LENGTH.days} days, always on", month.always_on_usd)
    if not scheduled:
        return [always]
    hours = f"{LENGTH.days} days, inside the windows ({month.open_hours:.2f} h)"
    return [always, (hours, month.open_usd)]


def _draw_pools(answer: Answer, console: Console) -> None:
    """Every pool with its best shape, and why that was taken or lost."""
    rows = [_pool(one) for one in _best_of_each_pool(answer.considered)]
    rows += [(left.pool, "-", "-", "none", left.reason) for left in answer.left_out]
    draw_heading(console, "Pools that were considered, each with its best shape")
    draw_below(console, in_columns(rows, ("pool", "USD/h", "KV GiB", "shape", "verdict"), right=2))


def _pool(best: Considered) -> tuple[str, str, str, str, str]:
    shape = best.shape
    verdict = "chosen" if best.chosen else best.reason.removeprefix(f"{placed(shape)} ")
    kv_cache = gib(shape.memory.kv_cache) if best.feasible else "-"
    size = f"{shape.quantization} on {shape.gpus} x {shape.pool.gpu.key}"
    return shape.pool.name, _usd(shape.hourly_usd), kv_cache, size, verdict


def _best_of_each_pool(considered: Iterable[Considered]) -> Iterable[Considered]:
    """The first of each pool, for the best comes first."""
    best: dict[str, Considered] = {}
    for one in considered:
        best.setdefault(one.shape.pool.name, one)
    return best.values()


def _draw_sentences(answer: Answer, console: Console, *, explain: bool) -> None:
    """Why; of a shape that fits and without being asked, only what the view does not show in other ways."""
    sentences = [*(answer.reasons if explain else answer.notes)]
    if answer.not_in_effect:
        fields = ", ".join(answer.not_in_effect)
        sentences.append(f"These fields are valid but do nothing in this release: {fields}.")
    if sentences:
        draw_heading(console, "Why" if explain or not answer.feasible else "What to know")
        draw_list(console, sentences)


def _command_line(words: Sequence[str]) -> str:
    """The words as a person copies them into a shell: quoted where it needs that, over several lines."""
    lines = [shlex.quote(words[0])]
    for word in map(shlex.quote, words[1:]):
        if len(lines[-1]) + len(word) + len(" \\ ") > COMMAND_WIDTH:
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}"
    return " \\\n".join(lines)
