"""The picture of ``llamafleet cost --plot``: US dollars over tokens a month, both on logarithmic scales.

A flat line is the fleet, rising lines are APIs, and where they meet the fleet breaks even. The same answer
always gives the same file. The floats of matplotlib never leave the picture.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import log10
from pathlib import Path
from textwrap import fill
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from llamafleet.api.scalars import format_money
from llamafleet.cli.cost_answer import CostAnswer
from llamafleet.cli.cost_words import ASSUMPTION, fine, tokens_text
from llamafleet.cli.manifests import full_name
from llamafleet.cli.picture import FLEET_COLOUR, picture
from llamafleet.planning.money.tokens import Comparison
from llamafleet.planning.schedule.month import LENGTH

COLOURS: Final = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7a5195", "#8c6d31")
"""Of the APIs that are named, most after Okabe and Ito: people who see fewer colours can tell them apart."""

OTHER_COLOUR: Final = "#c9c9c9"

AROUND: Final = 3.0
"""By what factor the picture reaches beyond the first and the last break-even."""

UP_AND_DOWN: Final = 25.0
"""By what factor it reaches above and below the fleet's cost."""


def plot(answer: CostAnswer, file: Path) -> None:
    """Draw the picture of an answer whose fleet has a price above zero.

    Raises:
        OSError: the file cannot be written.
    """
    with picture(file) as figure:
        _draw(answer, figure)


def named(apis: Sequence[Comparison], compared: Comparison | None) -> list[Comparison]:
    """The APIs that get a colour and a name: the one compared with, the dearest, the cheapest, some between.

    Two of them are never so close that their break-even points could not be told apart.
    """
    known = [one for one in apis if one.break_even_tokens]
    if not known:
        return []
    apart = (_place(known[-1]) - _place(known[0])) / len(COLOURS)
    chosen = [compared] if compared in known and compared is not None else []
    for one in (known[0], known[-1], *known):
        if all(abs(_place(one) - _place(other)) >= apart and one is not other for other in chosen):
            chosen.append(one)
    return sorted(chosen[: len(COLOURS)], key=_place)


def _place(one: Comparison) -> float:
    """Where its break-even lies on the scale of tokens."""
    return log10(one.break_even_tokens or 1)


def _draw(answer: CostAnswer, figure: Figure) -> None:
    axes = figure.add_axes((0.085, 0.335, 0.885, 0.565))
    fleet = float(answer.monthly_usd or 0)
    left, right = _reach(answer)
    axes.set(xscale="log", yscale="log", xlim=(left, right), ylim=(fleet / UP_AND_DOWN, fleet * UP_AND_DOWN))
    _draw_fleet(answer, axes, fleet)
    _draw_apis(answer, axes, (left, right))
    _draw_marks(answer, axes, fleet)
    _describe(answer, axes)
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(-0.01, -0.125),
        ncols=2,
        frameon=False,
        fontsize=8,
        columnspacing=1.5,
        handlelength=2.2,
    )
    figure.text(0.085, 0.02, fill(ASSUMPTION, 150), fontsize=8, color="#555555", va="bottom")


def _reach(answer: CostAnswer) -> tuple[float, float]:
    """The first and the last number of tokens of the picture."""
    found = [float(one.break_even_tokens) for one in answer.apis if one.break_even_tokens]
    found += [float(answer.wish.tokens)] if answer.wish.tokens else []
    found = found or [float(10**6)]
    return min(found) / AROUND, max(found) * AROUND


def _draw_apis(answer: CostAnswer, axes: Axes, reach: tuple[float, float]) -> None:
    shown = named(answer.apis, answer.compared)
    for one, colour in zip(shown, COLOURS, strict=False):
        width = 3.0 if one is answer.compared else 1.4
        axes.plot(
            reach, _costs(one, reach), color=colour, linewidth=width, zorder=3, label=_legend(one, answer)
        )
    others = [one for one in answer.apis if one.usd_per_million and one not in shown]
    for one in others:
        label = f"{len(others)} other APIs of the catalogue" if one is others[-1] else None
        axes.plot(reach, _costs(one, reach), color=OTHER_COLOUR, linewidth=0.7, zorder=1, label=label)


def _costs(one: Comparison, reach: tuple[float, float]) -> list[float]:
    return [float(one.usd_per_million or 0) * tokens / 1e6 for tokens in reach]


def _legend(one: Comparison, answer: CostAnswer) -> str:
    mark = " (compareWith)" if one is answer.compared else ""
    asks = fine(one.usd_per_million) if one.usd_per_million is not None else "unknown"
    return f"{one.price.key}{mark}: {asks}"


def _draw_fleet(answer: CostAnswer, axes: Axes, fleet: float) -> None:
    label = f"this fleet at minReplicas: {format_money(answer.monthly_usd or Decimal(0))} USD"
    axes.axhline(fleet, color=FLEET_COLOUR, linewidth=2.6, zorder=4, label=label)
    budget = answer.budget.limits.monthly_budget if answer.budget else None
    if budget is not None and fleet / UP_AND_DOWN < float(budget) < fleet * UP_AND_DOWN:
        text = f"spec.cost.monthlyBudget: {format_money(budget)} USD"
        axes.axhline(float(budget), color=FLEET_COLOUR, linewidth=1.1, linestyle=":", zorder=2, label=text)
    if answer.wish.tokens:
        text = f"--tokens-per-month: {tokens_text(answer.wish.tokens)}"
        axes.axvline(
            answer.wish.tokens, color=FLEET_COLOUR, linewidth=1.1, linestyle="--", zorder=2, label=text
        )


def _draw_marks(answer: CostAnswer, axes: Axes, fleet: float) -> None:
    """The break-even points, those of named APIs with their tokens."""
    shown = named(answer.apis, answer.compared)
    others = [
        float(one.break_even_tokens) for one in answer.apis if one.break_even_tokens and one not in shown
    ]
    axes.plot(others, [fleet] * len(others), "o", color=OTHER_COLOUR, markersize=3.5, zorder=5)
    for one, colour in zip(shown, COLOURS, strict=False):
        tokens = one.break_even_tokens or 0
        axes.plot([tokens], [fleet], "o", color=colour, markersize=9, markeredgecolor="white", zorder=6)
        axes.annotate(
            tokens_text(tokens),
            (tokens, fleet),
            xytext=(7, -15),
            textcoords="offset points",
            color=colour,
            fontweight="bold",
            zorder=7,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
        )


def _describe(answer: CostAnswer, axes: Axes) -> None:
    """Title, scales and their names."""
    asked = f"APIs in USD per million tokens, of which a share of {answer.wish.input_share} is prompts"
    axes.set_title(
        f"{full_name(answer.fleet.question.llama)}: from how many tokens a month on the fleet is cheaper",
        loc="left",
        fontsize=13,
        fontweight="bold",
        pad=24,
    )
    axes.text(
        0, 1.03, f"US dollars for {LENGTH.days} days. {asked}.", transform=axes.transAxes, color="#555555"
    )
    axes.set_xlabel("tokens per month")
    axes.set_ylabel("US dollars per month")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tokens_text(round(value))))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(NullFormatter())
    axes.grid(visible=True, which="major", color="#eeeeee", linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
