"""The answer of ``llamafleet plan`` for people: what is chosen, where memory and money go, and why.

Every figure comes from the answer; this module arranges them and decides nothing.
"""

from decimal import Decimal

from rich.console import Console
from rich.text import Text

from llamafleet.api.gpu import CapacityType
from llamafleet.api.scalars import format_money
from llamafleet.cli.answer import Answer
from llamafleet.cli.command import command_line
from llamafleet.cli.considered import draw_candidates, draw_pools
from llamafleet.cli.layout import columns, draw_below, draw_heading, draw_list
from llamafleet.cli.manifests import full_name
from llamafleet.cli.memory import draw_memory, draw_shortage
from llamafleet.cli.sources import sources
from llamafleet.planning.effect import not_in_effect
from llamafleet.planning.explain import price_source
from llamafleet.planning.month import LENGTH, Month
from llamafleet.planning.plan import Plan, Shape
from llamafleet.planning.words import gib, placed, usd
from llamafleet.rendering.vllm_args import serve_args


def draw(answer: Answer, console: Console, *, explain: bool) -> None:
    """Draw all of it; to explain, with the sum of every shape and the source of every figure."""
    if isinstance(answer.decision, Plan):
        _draw_plan(answer, answer.decision, console)
    else:
        _draw_refusal(answer, console)
    if explain:
        draw_candidates(answer, console)
    else:
        draw_pools(answer, console)
    _draw_sentences(answer, console, explain=explain)
    if explain:
        _draw_sources(answer, console)
    _draw_command(answer, console)


def _draw_plan(answer: Answer, plan: Plan, console: Console) -> None:
    shape = plan.shape
    console.print(_headline(f"{full_name(answer.question.llama)}: {placed(shape)}", "fits", "green"))
    draw_memory(shape, console)
    _draw_requests(shape, console)
    _draw_money(answer, plan, console)


def _draw_refusal(answer: Answer, console: Console) -> None:
    console.print(_headline(full_name(answer.question.llama), "nothing fits", "red"))
    if answer.considered:
        draw_shortage(answer.considered[0].shape, console)


def _headline(subject: str, verdict: str, colour: str) -> Text:
    return Text.assemble((f"{subject}: ", "bold"), (verdict, f"bold {colour}"))


def _draw_requests(shape: Shape, console: Console) -> None:
    draw_heading(console, "One replica")
    table = columns()
    for row in (
        ("model", f"{shape.variant}, weights of {shape.checkpoint}"),
        ("GPUs", _gpus(shape)),
        ("requests", f"{shape.max_concurrency:.2f} of {shape.context_length:,} tokens at once"),
        ("KV cache", f"{shape.kv_tokens:,} tokens"),
        ("host memory", f"{gib(shape.host_memory)} GiB"),
    ):
        table.add_row(*row)
    draw_below(console, table)


def _gpus(shape: Shape) -> str:
    stages = f", {shape.pipeline_parallel} pipeline stages" if shape.pipeline_parallel > 1 else ""
    spot = "" if shape.capacity_type is CapacityType.ON_DEMAND else f", {shape.capacity_type}"
    return f"{shape.gpus} x {shape.pool.gpu.name}, tensor parallel {shape.tensor_parallel}{stages}{spot}"


def _draw_money(answer: Answer, plan: Plan, console: Console) -> None:
    shape, month = plan.shape, answer.month
    replicas = "1 replica wanted" if plan.replicas == 1 else f"{plan.replicas} replicas wanted"
    draw_heading(console, f"US dollars ({price_source(shape)})")
    table = columns("", "one replica", replicas, right=2)
    table.add_row("per hour", usd(shape.hourly_usd), usd(plan.hourly_usd))
    if month is not None:
        for words, amount in _months(month, scheduled=answer.question.llama.spec.schedule is not None):
            table.add_row(words, format_money(amount), format_money(plan.replicas * amount))
    draw_below(console, table)


def _months(month: Month, *, scheduled: bool) -> list[tuple[str, Decimal]]:
    always = (f"{LENGTH.days} days, always on", month.always_on_usd)
    if not scheduled:
        return [always]
    hours = f"{LENGTH.days} days, inside the windows ({month.open_hours:.2f} h)"
    return [always, (hours, month.open_usd)]


def _draw_sentences(answer: Answer, console: Console, *, explain: bool) -> None:
    sentences = _sentences(answer, explain=explain)
    if sentences:
        draw_heading(console, "Why" if explain or not answer.feasible else "What to know")
        draw_list(console, sentences)


def _sentences(answer: Answer, *, explain: bool) -> list[str]:
    """Why; of a shape that fits and without being asked, only what the view does not show in other ways."""
    plan, fields = answer.decision, not_in_effect(answer.question.llama.spec)
    if not isinstance(plan, Plan):
        why = [f"{plan}."]
    elif explain:
        why = [*plan.sums, *plan.notes, *(reason.message for reason in plan.reasons)]
    else:
        why = [*plan.notes]
    if fields:
        why.append(f"These fields are valid but do nothing in this release: {', '.join(fields)}.")
    return why


def _draw_sources(answer: Answer, console: Console) -> None:
    draw_heading(console, "Where the figures come from")
    table = columns()
    for figure, source in sources(answer):
        table.add_row(figure, source)
    draw_below(console, table)


def _draw_command(answer: Answer, console: Console) -> None:
    if isinstance(answer.decision, Plan):
        draw_heading(console, "The model server's command line")
        words = ["vllm", "serve", *serve_args(answer.question.llama, answer.decision.shape)]
        console.out(command_line(words), highlight=False)
