"""Whether a status says anything new. What only time has moved is no news: a quiet fleet writes nothing.

The figures of money move with every second. They are written with whatever else is new, and whenever the
ledger has a new checkpoint, which it makes at least four times an hour while pods are paid for.
"""

from collections.abc import Mapping
from typing import Any, Final

from llamafleet.planning.within_budget import STEP
from llamafleet.rendering.money import CEILING, WITHIN_BUDGET

FIGURES: Final = frozenset({"monthToDate", "projectedMonth", "perMillionTokens", "breakEvenTokensPerMonth"})
IN_WORDS: Final = (CEILING, WITHIN_BUDGET, STEP)
"""Conditions and reasons whose messages repeat such figures."""


def is_news(wanted: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether a status differs from the last one by more than time."""
    return wanted != before and _lasting(wanted) != _lasting(before)


def _lasting(status: Mapping[str, Any]) -> dict[str, Any]:
    cost = status.get("cost", {})
    return {
        **status,
        "conditions": _wordless_all(status.get("conditions"), "type"),
        "reasons": _wordless_all(status.get("reasons"), "step"),
        "cost": {name: cost[name] for name in cost if name not in FIGURES}
        if isinstance(cost, dict)
        else cost,
    }


# Any JSON value may stand in a status: somebody may have garbled it.
def _wordless_all(items: Any, key: str) -> Any:  # noqa: ANN401 - see above
    return [_wordless(item, key) for item in items] if isinstance(items, list) else items


def _wordless(item: Any, key: str) -> Any:  # noqa: ANN401 - see above
    if not isinstance(item, Mapping):
        return item
    # Of a fleet at zero, Ready repeats the last reason, which may be that of the money.
    is_moving = item.get(key) in IN_WORDS or item.get("reason") == "ScaledToZero"
    return {**item, "message": ""} if is_moving else item
