"""The answer of ``llamafleet cost`` for people: the month, the budget, every API, and what to make of it.

Every figure comes from the answer; this module arranges them and decides nothing.
"""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from llamafleet.api.scalars import format_money
from llamafleet.cli.cost_answer import CostAnswer
from llamafleet.cli.cost_words import api_usd, fine, tokens_text
from llamafleet.cli.manifests import full_name
from llamafleet.cli.screen import draw_below, draw_heading, draw_list, in_columns
from llamafleet.cli.spent import WORDS, Spent
from llamafleet.cli.windows_hours import hours_text, shown_money
from llamafleet.cli.windows_view import counts
from llamafleet.planning.money.tokens import Comparison
from llamafleet.planning.schedule.month import LENGTH
from llamafleet.planning.sizing.words import per_hour, placed


def draw(answer: CostAnswer, console: Console) -> None:
    """Draw all of it."""
    fleet = answer.fleet
    begin = answer.within[0].astimezone(fleet.zone)
    title = (
        f"{full_name(fleet.question.llama)}, {LENGTH.days} days from {begin:%Y-%m-%d} in {fleet.time_zone}"
    )
    console.print(Text(title, "bold"))
    shape = fleet.shape
    replica = f": one replica, {placed(shape)}, {per_hour(shape.hourly_usd)}" if shape else ""
    draw_heading(console, f"Hours and US dollars{replica}")
    draw_below(console, in_columns(_month(answer), ("", "hours", "replicas", "USD"), right=3))
    if answer.budget and answer.budget.sentences:
        draw_heading(
            console, f"Budget, opening early included; onExhausted: {answer.budget.limits.on_exhausted}"
        )
        draw_list(console, answer.budget.sentences)
    if answer.spent is not None:
        _draw_spent(answer.spent, console)
    _draw_apis(answer, console)
    for heading, sentences in (("Advice", answer.advice), ("What to know", answer.warnings)):
        if sentences:
            draw_heading(console, heading)
            draw_list(console, sentences)


def _draw_spent(spent: Spent, console: Console) -> None:
    """What it really cost: the categories first, then their sum, and today."""
    zone = spent.ledger.time_zone
    draw_heading(
        console, f"Really spent in {spent.month.name} in {zone}, until {spent.until:%Y-%m-%d %H:%M} UTC"
    )
    rows = [(words, format_money(getattr(spent.phases, phase))) for phase, words in WORDS.items()]
    rows.append(("together", format_money(spent.phases.usd)))
    since = spent.today.since
    rows.append(
        (f"of it today, from {since:%H:%M} UTC on" if since else "of it today", format_money(spent.today.usd))
    )
    if spent.ledger.uncertain_usd:
        rows.append(("uncertain by, for pods vanished unseen", format_money(spent.ledger.uncertain_usd)))
    if spent.last is not None:
        rows.append((f"the month before, {spent.last.month}", format_money(spent.last.usd)))
    draw_below(console, in_columns(rows, ("", "USD"), right=1))


def _month(answer: CostAnswer) -> Iterator[tuple[str, str, str, str]]:
    hours = answer.hours
    opened = hours_text(hours.open)
    yield "at minReplicas", opened, counts(hours.fewest, hours.most), shown_money(answer.monthly_usd)
    yield "at maxReplicas", opened, f"{hours.highest}", shown_money(answer.usd(hours.ceiling))
    if hours.openings and answer.fleet.lead is not None:
        times = f"opening early, {hours.openings} times"
        yield times, "on top", counts(hours.fewest, hours.most), shown_money(answer.usd(hours.early))


def _draw_apis(answer: CostAnswer, console: Console) -> None:
    """Every API in a line, the dearest first."""
    share, tokens = answer.wish.input_share, answer.wish.tokens
    headers = ["API", "USD per M", "break-even"]
    if tokens is not None:
        headers.append(f"USD at {tokens_text(tokens)}")
    draw_heading(
        console, f"APIs at an input share of {share}: USD per million tokens, and the fleet's break-even"
    )
    rows = (_row(one, answer) for one in answer.apis)
    draw_below(console, in_columns(rows, headers, right=len(headers) - 1))


def _row(one: Comparison, answer: CostAnswer) -> Sequence[str | Text]:
    compared = one is answer.compared
    cells = [
        f"> {one.price.key}" if compared else one.price.key,
        "unknown" if one.usd_per_million is None else fine(one.usd_per_million),
        "-" if one.break_even_tokens is None else tokens_text(one.break_even_tokens),
    ]
    if answer.wish.tokens is not None:
        cells.append(shown_money(api_usd(one, answer.wish.tokens)))
    return [Text(cell, "bold") for cell in cells] if compared else cells
