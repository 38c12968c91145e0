"""How a fleet is, in one word: the reason that its conditions give, and a colour for it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from llamafleet.api.status import Condition, LlamaDeploymentStatus

GOOD: Final = "green"
BUSY: Final = "cyan"
WARN: Final = "yellow"
BAD: Final = "red"
QUIET: Final = "bright_black"


@dataclass(frozen=True, slots=True)
class State:
    """One word, with what it looks like where there are colours."""

    word: str
    colour: str


def condition(status: LlamaDeploymentStatus, kind: str) -> Condition | None:
    """One condition, or None."""
    return next((one for one in status.conditions if one.type == kind), None)


def holds(status: LlamaDeploymentStatus, kind: str) -> bool | None:
    """Whether a condition is true; None where nobody can tell."""
    found = condition(status, kind)
    return {"True": True, "False": False}.get(found.status) if found else None


def state(raw: Mapping[str, Any], status: LlamaDeploymentStatus) -> State:
    """How a resource is: what people must look at first comes first."""
    if raw["metadata"].get("deletionTimestamp"):
        return State("Deleting", QUIET)
    ready = condition(status, "Ready")
    if ready is None or status.observed_generation < raw["metadata"].get("generation", 0):
        return State("Pending", WARN)
    degraded = condition(status, "Degraded")
    if degraded is not None and degraded.status == "True":
        return State(degraded.reason, BAD)
    if ready.status != "True":
        return State(ready.reason, WARN)
    return _ready(status) if status.desired_replicas else _at_zero(raw, status)


def _ready(status: LlamaDeploymentStatus) -> State:
    progressing = condition(status, "Progressing")
    if progressing is not None and progressing.status == "True":
        return State(progressing.reason, BUSY)
    return State("Ready", WARN if holds(status, "WithinBudget") is False else GOOD)


def _at_zero(raw: Mapping[str, Any], status: LlamaDeploymentStatus) -> State:
    """Why nothing runs, by the rule that has the last word."""
    if raw["spec"].get("suspend") is True:
        return State("Suspended", QUIET)
    money, window = condition(status, "WithinBudget"), condition(status, "WindowOpen")
    if money is not None and money.status == "False":
        return State(money.reason, BAD)
    if window is not None and window.status == "False":
        return State(window.reason, QUIET)
    return State(ZERO, QUIET)


ZERO: Final = "ScaledToZero"
"""Nobody asks: the next request wakes it."""
