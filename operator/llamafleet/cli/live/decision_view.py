"""The chain of a decision for people. Every text of the cluster is made printable."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Console
from rich.text import Text

from llamafleet.api.status import Condition, StatusReason
from llamafleet.cli.live.decision import Decision
from llamafleet.cli.live.state import BAD, GOOD, WARN, condition
from llamafleet.cli.live.times import length
from llamafleet.cli.printable import printable
from llamafleet.cli.screen import draw_below, draw_heading, draw_list, in_columns

BAD_WHEN_TRUE = frozenset({"Degraded"})
OF_NO_WEIGHT = frozenset({"Progressing", "WindowOpen"})
"""Conditions of which neither answer is bad."""


def draw(told: Decision, now: datetime, console: Console) -> None:
    """Draw all of it."""
    fleet, status = told.fleet, told.status
    console.print(
        Text.assemble(
            (f"{printable(fleet.full_name)}: ", "bold"),
            (printable(fleet.state.word), f"bold {fleet.state.colour}"),
            f", {fleet.ready} of {fleet.wanted} replicas ready",
        )
    )
    if told.stale:
        console.print(Text(printable(told.stale), WARN))
    if status.reasons:
        draw_heading(console, f"Why {status.desired_replicas}? The last decision, step by step")
        draw_below(
            console, in_columns(map(_step, status.reasons), ("step", "replicas", ""), right=1, whole=(0,))
        )
    if status.conditions:
        draw_heading(console, "Conditions")
        draw_below(console, in_columns(_conditions(status.conditions, now), whole=(0, 1, 2, 3)))
    sized = condition(status, "Sized")
    if status.plan is not None and status.plan.explanation and sized is None:
        draw_heading(console, "One replica")  # else the condition says it
        draw_below(console, Text(printable(status.plan.explanation)))
    for heading, sentences in (("Money", told.money), ("What happens next", told.ahead)):
        if sentences:
            draw_heading(console, heading)
            draw_list(console, map(printable, sentences))


def _step(reason: StatusReason) -> Sequence[str]:
    return printable(reason.step), f"{reason.replicas}", printable(reason.message)


def _conditions(conditions: Sequence[Condition], now: datetime) -> Iterator[Sequence[str | Text]]:
    for one in conditions:
        since = length(now - one.last_transition_time)
        yield (
            one.type,
            Text(one.status, _colour(one)),
            one.reason,
            since,
            printable(one.message),
        )


def _colour(one: Condition) -> str:
    if one.status == "Unknown":
        return WARN
    if one.type in OF_NO_WEIGHT:
        return ""
    return GOOD if (one.status == "True") is not (one.type in BAD_WHEN_TRUE) else BAD
