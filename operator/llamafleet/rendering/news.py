"""Whether a status says anything new. What only time has moved is no news: a quiet fleet writes nothing.

The figures of money move with every second. They are written with whatever else is new, and whenever the
ledger has a new checkpoint, which it makes at least four times an hour while pods are paid for. Of a fleet
that the money has stopped it makes none: there the words around the figures are news, too.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from llamafleet.planning.demand import STEP as DEMAND
from llamafleet.planning.within_budget import STEP
from llamafleet.rendering.money import CEILING, WITHIN_BUDGET

FIGURES: Final = frozenset({"monthToDate", "projectedMonth", "perMillionTokens", "breakEvenTokensPerMonth"})
IN_WORDS: Final = (CEILING, WITHIN_BUDGET, STEP, DEMAND)
"""Conditions and reasons whose messages repeat such figures."""

_FIGURE: Final = re.compile(r"\d[\d.,]*")

OF_TIME: Final = frozenset({"at", "podsVersion", "tokens"})
"""What a new checkpoint of an account brings when nothing has happened."""

OF_QUEUE: Final = ("queue", "scaling")
"""What every look at a queue moves."""

AGE: Final = timedelta(minutes=1)
"""How old the queue in the status may get while it changes. Another process begins with what stands there;
a minute, which is four looks, is all that it misses."""


def is_news(wanted: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether a status differs from the last one by more than time."""
    return wanted != before and (_lasting(wanted) != _lasting(before) or _queue_is_old(wanted, before))


def is_checkpoint(wanted: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether of all that lasts only the account is news, and of it only what time has moved."""
    was, now = _lasting(before), _lasting(wanted)
    ledgers = [_ledger(status.pop("cost")) for status in (was, now) if "cost" in status]
    return was == now and len(ledgers) == 2 and ledgers[0] == ledgers[1]  # noqa: PLR2004 - one of each


def _ledger(cost: Any) -> Any:  # noqa: ANN401 - see below
    """The account without what every look moves, and the rest of the money."""
    ledger = cost.get("ledger") if isinstance(cost, Mapping) else None
    if not isinstance(ledger, Mapping):
        return cost
    meters = ledger.get("meters")
    kept = _without_time(ledger)
    if isinstance(meters, list):
        kept["meters"] = [_without_time(one) if isinstance(one, Mapping) else one for one in meters]
    return {**cost, "ledger": kept}


def _without_time(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in record if name not in OF_TIME}


def _queue_is_old(wanted: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether the queue has changed since the status was written, and that is a while ago."""
    if _is_quiet(wanted, before) or all(
        _timeless(wanted.get(field)) == _timeless(before.get(field)) for field in OF_QUEUE
    ):
        return False
    was, now = _written(before), _written(wanted)
    return was is None or now is None or now - was >= AGE


def _is_quiet(wanted: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether nobody has asked for anything since: what is remembered then fades, by time alone."""
    if _written(before) is None or _written(wanted) is None:
        return False
    active = before["scaling"].get("activeAt") == wanted["scaling"].get("activeAt")
    queue = wanted.get("queue", {})
    return active and before.get("queue") == queue and not (queue.get("waiting") or queue.get("running"))


def _timeless(field: Any) -> Any:  # noqa: ANN401 - see below
    return {name: field[name] for name in field if name != "at"} if isinstance(field, Mapping) else field


def _written(status: Mapping[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(status["scaling"]["at"])
    except (KeyError, TypeError, ValueError):
        return None


def _lasting(status: Mapping[str, Any]) -> dict[str, Any]:
    cost = status.get("cost", {})
    return {
        **{field: status[field] for field in status if field not in OF_QUEUE},
        "conditions": _calm_all(status.get("conditions"), "type"),
        "reasons": _calm_all(status.get("reasons"), "step"),
        "cost": {name: cost[name] for name in cost if name not in FIGURES}
        if isinstance(cost, dict)
        else cost,
    }


# Any JSON value may stand in a status: somebody may have garbled it.
def _calm_all(items: Any, key: str) -> Any:  # noqa: ANN401 - see above
    return [_calm(item, key) for item in items] if isinstance(items, list) else items


def _calm(item: Any, key: str) -> Any:  # noqa: ANN401 - see above
    if not isinstance(item, Mapping):
        return item
    # Of a fleet at zero, Ready repeats the last reason, which may be that of the money.
    is_moving = item.get(key) in IN_WORDS or item.get("reason") == "ScaledToZero"
    return {**item, "message": _words(item)} if is_moving else item


def _words(item: Mapping[str, Any]) -> str:
    """What of a message with moving figures is news. While the money is enough, its words move as well."""
    is_lack = item.get("status") == "False" and item.get("type") in IN_WORDS
    return _FIGURE.sub("0", f"{item.get('message')}") if is_lack else ""
