"""The picture of ``llamafleet simulate --plot``: replicas over time, and the requests that waited for them.

The same answer always gives the same file. The picture is made from the same parts as the JSON's ``series``.
"""

from datetime import datetime, timedelta
from pathlib import Path
from textwrap import fill
from typing import Final

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from llamafleet.cli.manifests import full_name
from llamafleet.cli.picture import FLEET_COLOUR, picture
from llamafleet.cli.simulate_answer import SIMULATED, Ran, SimulateAnswer
from llamafleet.cli.simulate_series import MOST_PARTS, Part, part_seconds, parts

READY_COLOUR: Final = "#009e73"
STARTING_COLOUR: Final = "#e69f00"
WAITING_COLOUR: Final = "#d55e00"
"""After Okabe and Ito: people who see fewer colours can tell them apart."""


def plot(answer: SimulateAnswer, ran: Ran, file: Path) -> None:
    """Draw the picture of a simulation.

    Raises:
        OSError: the file cannot be written.
    """
    with picture(file) as figure:
        _draw(answer, ran, figure)


def _draw(answer: SimulateAnswer, ran: Ran, figure: Figure) -> None:
    upper = figure.add_axes((0.075, 0.42, 0.9, 0.44))
    lower = figure.add_axes((0.075, 0.13, 0.9, 0.24), sharex=upper)
    rows = parts(ran.series, part_seconds(ran.result.end_s, MOST_PARTS))
    edges = _edges(answer, ran, rows)
    _draw_replicas(upper, rows, edges)
    lower.stairs(
        [row.waiting for row in rows], edges, color=WAITING_COLOUR, fill=True, alpha=0.8, label="waiting"
    )
    for axes, name in ((upper, "replicas"), (lower, "waiting requests")):
        axes.set_ylabel(name)
        axes.set_ylim(bottom=0)
        axes.margins(x=0)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(visible=True, color="#eeeeee", linewidth=0.8)
        axes.set_axisbelow(True)
    locator = AutoDateLocator(tz=answer.fleet.zone)  # type: ignore[no-untyped-call]  # a gap of its types
    lower.xaxis.set_major_locator(locator)
    lower.xaxis.set_major_formatter(
        ConciseDateFormatter(locator, tz=answer.fleet.zone)  # type: ignore[no-untyped-call]  # likewise
    )
    upper.tick_params(labelbottom=False)
    lower.set_xlabel(f"time in {answer.fleet.time_zone}")
    _describe(answer, ran, upper, figure)


def _edges(answer: SimulateAnswer, ran: Ran, rows: tuple[Part, ...]) -> list[float]:
    """Where the parts begin, and where the last one ends, as matplotlib counts days."""
    seconds = [*(row.at for row in rows), ran.result.end_s]
    instants: list[datetime] = [answer.asked.start + timedelta(seconds=at) for at in seconds]
    return [float(one) for one in date2num(instants)]  # type: ignore[no-untyped-call]  # likewise


def _draw_replicas(axes: Axes, rows: tuple[Part, ...], edges: list[float]) -> None:
    ready = [row.ready for row in rows]
    with_starting = [row.ready + row.starting for row in rows]
    axes.stairs(with_starting, edges, color=STARTING_COLOUR, fill=True, alpha=0.6, label="ready and starting")
    axes.stairs(ready, edges, color=READY_COLOUR, fill=True, alpha=0.75, label="ready")
    axes.stairs(
        [row.wanted for row in rows], edges, color=FLEET_COLOUR, linewidth=0.6, baseline=None, label="wanted"
    )
    axes.legend(loc="upper left", ncols=3, frameon=False, fontsize=8.5, bbox_to_anchor=(0, 1.1))


def _describe(answer: SimulateAnswer, ran: Ran, axes: Axes, figure: Figure) -> None:
    asked, waits = answer.asked, ran.waits
    axes.set_title(
        f"{full_name(answer.fleet.question.llama)}: {asked.trace}, policy {ran.policy}",
        loc="left",
        fontsize=13,
        fontweight="bold",
        pad=44,
    )
    cost = "" if ran.usd is None else f", {ran.usd:.2f} USD"
    told = f"Cold start {asked.starts.seconds} s. {ran.result.gpu_hours:,.1f} GPU-hours{cost}"
    if waits:
        told += f"; wait p50 {waits.p50:.1f} s, p95 {waits.p95:.1f} s, p99 {waits.p99:.1f} s"
    if ran.attainment is not None:
        told += f"; {ran.attainment:.1%} within {asked.slo_seconds} s"
    axes.text(0, 1.125, f"{told}.", transform=axes.transAxes, color="#555555")
    figure.text(0.075, 0.015, fill(SIMULATED, 165), fontsize=7.5, color="#555555", va="bottom")
