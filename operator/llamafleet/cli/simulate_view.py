"""The answer of ``llamafleet simulate`` for people: the sums, and replicas over time.

Every figure comes from the answer; this module arranges them and decides nothing.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from rich.console import Console
from rich.text import Text

from llamafleet.api.scalars import format_duration
from llamafleet.cli.manifests import full_name
from llamafleet.cli.screen import draw_below, draw_heading, draw_list, draws_blocks, in_columns
from llamafleet.cli.simulate_answer import SIMULATED, Ran, SimulateAnswer
from llamafleet.cli.simulate_series import Part, part_seconds, parts
from llamafleet.cli.windows_hours import shown_money
from llamafleet.planning.sizing.words import per_hour, placed
from llamafleet.simulation import Starts

ROWS: Final = 28
"""Lines for the replicas over time: a week has 28 times six hours."""

BAR: Final = 40
"""Columns of the longest bar."""

NARROWEST: Final = 80
"""Columns of the view at the least."""

READY: Final = ("█", "#", "green")
STARTING: Final = ("░", "-", "yellow")
"""What a bar is made of: its block, its letter where blocks cannot be shown, its colour."""


def draw(answer: SimulateAnswer, console: Console) -> None:
    """Draw all of it."""
    fleet, asked, ran = answer.fleet, answer.asked, answer.ran
    begin = asked.start.astimezone(fleet.zone)
    title = (
        f"{full_name(fleet.question.llama)}, {asked.trace} from {begin:%Y-%m-%d %H:%M} in {fleet.time_zone}"
    )
    console.print(Text(title, "bold"))
    if ran and fleet.shape:
        replica = f"one replica, {placed(fleet.shape)}, {per_hour(fleet.shape.hourly_usd)}"
        draw_heading(console, f"Policy {ran.policy}, cold start {_start(asked.starts)}; {replica}")
        draw_below(console, in_columns(_sums(answer, ran), right=1))
        if ran.series:
            draw_heading(console, "What decided")
            draw_below(console, in_columns(_steps(ran), ("rule", "looks"), right=1))
            _draw_series(answer, ran, console)
    draw_heading(console, "What to know")
    draw_list(console, (SIMULATED, *answer.warnings))


def _start(starts: Starts) -> str:
    return f"{starts.seconds} s" + (f", spread {starts.spread:g}" if starts.spread else "")


def _sums(answer: SimulateAnswer, ran: Ran) -> Iterator[tuple[str, str, str]]:
    waits, result = ran.waits, ran.result
    length = f"in {format_duration(timedelta(seconds=round(result.end_s)))}"
    yield "GPU-hours", f"{result.gpu_hours:,.1f}", length
    yield "USD", shown_money(ran.usd), ""
    if waits:
        shown = " / ".join(f"{wait:,.1f}" for wait in (waits.p50, waits.p95, waits.p99, waits.longest))
        yield "wait, seconds", shown, "p50 / p95 / p99 / longest"
    if ran.attainment is not None:
        share = f"{ran.attainment:.2%}".replace("%", " %")
        yield (
            f"within {answer.asked.slo_seconds} s",
            share,
            f"of {len(result.waits):,} request{'s' * (len(result.waits) != 1)}",
        )
    for name, count, what in (
        (
            "refused",
            result.refused,
            "requests that came while the fleet was closed, suspended or had no money",
        ),
        ("unserved", result.unserved, "requests that no replica had begun at the end"),
        ("cut to fit", result.cut_to_fit, "requests larger than the KV cache; each ran alone on a replica"),
    ):
        if count:
            yield name, f"{count:,}", what
    yield "scale events", f"{result.scale_events:,}", "changes of the wanted number of replicas"
    yield "replicas started", f"{result.started:,}", f"at most {result.most:,} wanted at once"


def _steps(ran: Ran) -> Iterator[tuple[str, str]]:
    for step, looks in ran.decided_by.items():
        yield step, f"{looks:,}"


def _draw_series(answer: SimulateAnswer, ran: Ran, console: Console) -> None:
    length = part_seconds(ran.result.end_s, ROWS)
    rows = parts(ran.series, length)
    most = max(max((row.ready + row.starting for row in rows), default=1), 1)
    scale, blocks = min(1.0, BAR / most), draws_blocks(console)
    draw_heading(console, f"Replicas over time, every {format_duration(timedelta(seconds=length))}")
    headers = ("from", "wanted", "ready", "waiting", "ready and starting")
    drawn = ((_clock(answer, row), *_figures(row), _bar(row, scale, blocks=blocks)) for row in rows)
    draw_below(console, in_columns(drawn, headers, right=3))


def _figures(row: Part) -> tuple[str, str, str]:
    return f"{row.wanted}", f"{row.ready}", f"{row.waiting:,}"


def _clock(answer: SimulateAnswer, row: Part) -> str:
    instant = answer.asked.start + timedelta(seconds=row.at)
    return f"{instant.astimezone(answer.fleet.zone):%a %m-%d %H:%M}"


def _bar(row: Part, scale: float, *, blocks: bool) -> Text:
    """A bar of the replicas that answer, and of those that start behind them."""
    ready = round(row.ready * scale)
    whole = round((row.ready + row.starting) * scale)
    pieces = (
        (glyph if blocks else letter, colour, count)
        for (glyph, letter, colour), count in ((READY, ready), (STARTING, whole - ready))
    )
    return Text.assemble(*((glyph * count, colour) for glyph, colour, count in pieces))
