"""A status that the cluster's own definition does not know in full is written as far as it knows it."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest

from llamafleet.adapters.olderkind import apply_status, unknown_fields, without
from llamafleet.errors import Conflict, Unavailable

HEAD = "apply of /x: HTTP 500: failed to create typed patch object (a/b; llamafleet.io/v1alpha1, Kind=X): "
SEVERAL = (
    f"{HEAD}errors:\n  .status.reasons: field not declared in schema\n"
    '  .status.conditions[type="Ready"].since: field not declared in schema\n'
    "  .status.cost.ledger.meters[0].tokens: field not declared in schema"
)
STATUS = {
    "replicas": 1,
    "reasons": [{"step": "demand"}],
    "conditions": [{"type": "Ready", "since": "now"}, {"type": "Sized"}],
    "cost": {"ledger": {"meters": [{"uid": "a", "tokens": 3}], "month": "2026-11"}},
}
KNOWN = {
    "replicas": 1,
    "conditions": [{"type": "Ready"}, {"type": "Sized"}],
    "cost": {"ledger": {"meters": [{"uid": "a"}], "month": "2026-11"}},
}


class Picky:
    """Refuses one apply after the other with these words, and takes the next."""

    def __init__(self, *errors: Unavailable) -> None:
        """Begin with the first of them."""
        self._errors = list(errors)
        self.taken: list[Mapping[str, Any]] = []

    async def apply(self, path: str, intent: Mapping[str, Any]) -> bytes:
        del path
        if self._errors:
            raise self._errors.pop(0)
        self.taken.append(intent)
        return b"{}"


def applied(*errors: Unavailable) -> list[Mapping[str, Any]]:
    picky = Picky(*errors)
    asyncio.run(apply_status(cast("Any", picky), "/x/status", {"kind": "X", "status": STATUS}))
    return picky.taken


def test_what_is_not_known_is_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    last = Unavailable(f"{HEAD}.status.reasons: field not declared in schema")
    assert applied(Unavailable(SEVERAL.replace(".reasons", ".queue")), last) == [
        {"kind": "X", "status": KNOWN}
    ]
    (message,) = caplog.messages
    assert (
        "lacks status.conditions.[].since, status.cost.ledger.meters.[].tokens, status.queue, status.reasons;"
        in message
    )


def test_a_server_that_names_the_same_field_again_is_not_asked_for_ever() -> None:
    with pytest.raises(Unavailable, match="field not declared"):
        applied(Unavailable(SEVERAL), Unavailable(SEVERAL), Unavailable(SEVERAL))


@pytest.mark.parametrize("error", [Unavailable("no way through"), Conflict("changed")])
def test_any_other_refusal_stays_what_it_is(error: Unavailable) -> None:
    with pytest.raises(type(error), match=str(error)):
        applied(error)


def test_one_field_is_named_on_one_line() -> None:
    assert unknown_fields(f"{HEAD}.status.queue: field not declared in schema") == {("queue",)}
    assert unknown_fields(f"{HEAD}.spec.queue: field not declared in schema") == set()


def test_what_is_not_there_needs_no_removal() -> None:
    assert without(STATUS, ("plan", "pool")) == STATUS
