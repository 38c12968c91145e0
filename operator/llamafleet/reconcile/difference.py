"""Whether an object still is what we asked for. A quiet fleet writes nothing because of this.

Fields that others added are theirs and do not count. Fields that we no longer ask for are found by the
digest that every intent carries as an annotation.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal, localcontext
from typing import Any, Final

from llamafleet.api.quantity import END, parse_quantity

KEYED_LISTS: Final = {
    "containers": "name",
    "env": "name",
    "ports": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ownerReferences": "uid",
}
"""Lists that the API server merges item by item, and the field that tells their items apart: others may add
items of their own. All other lists are ours as a whole and must be equal; so are the ports of a
NetworkPolicy, which have no name."""

QUANTITIES: Final = frozenset({"requests", "limits"})
"""Maps of quantities, which the API server writes in its own way: 6000m comes back as 6."""

WHOLE: Final = frozenset({"selector"})
"""Maps that are one value: with a key more, a Service leads elsewhere."""

FINEST: Final = Decimal("0.001")
"""The API server rounds them up to thousandths: .6638 cores come back as 664m (``SetDefaults_ResourceList``
in its pkg/apis/core/v1/defaults.go)."""

MOST: Final = Decimal(END - 1)
"""Where it cuts a quantity (maxAllowed in apimachinery's resource/quantity.go)."""

DIGITS: Final = 200
"""More than any quantity has that the schema takes: 18, and an exponent of up to 99 either way."""


def holds(intent: Any, live: Any, field: str = "") -> bool:  # noqa: ANN401 - any JSON value
    """Whether ``live`` shows everything that ``intent`` asks for."""
    if intent == live:
        return True  # most of it is, and so nobody walks through it
    if field in QUANTITIES:
        return _same_quantities(intent, live)
    if field in WHOLE:
        return False
    if isinstance(intent, Mapping):
        return isinstance(live, Mapping) and all(
            holds(value, live[key], key) if key in live else _empty(value) for key, value in intent.items()
        )
    if isinstance(intent, list):
        # An empty list that must not be left out, such as the endpoints of a slice, comes back as null.
        return not intent if live is None else isinstance(live, list) and _list_holds(intent, live, field)
    return False


def _list_holds(intent: Sequence[Any], live: Sequence[Any], field: str) -> bool:
    key = KEYED_LISTS.get(field)
    if key and all(key in wanted for wanted in intent):
        return all(any(holds(wanted, item) for item in live) for wanted in intent)
    return len(intent) == len(live) and all(holds(*pair) for pair in zip(intent, live, strict=True))


def _empty(intent: Any) -> bool:  # noqa: ANN401 - any JSON value
    """The API server leaves out what is empty; asking for it and finding nothing is no difference."""
    return intent in ([], {}, "")


def _same_quantities(intent: Mapping[str, str], live: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Equal by value. What somebody added stays: an apply could not take it away."""
    return isinstance(live, Mapping) and all(
        name in live and _value(quantity) == _value(live[name]) for name, quantity in intent.items()
    )


def _value(quantity: str) -> Decimal:
    """What the API server makes of a quantity of a container's resources."""
    text = str(quantity)
    with localcontext(prec=DIGITS):
        value = Decimal(text) if text.isdecimal() else parse_quantity(text)  # MOST is longer than we allow
        return min(value.quantize(FINEST, ROUND_CEILING), MOST)
