"""The oracle of the seeded run knows what no operator can know, and excuses nothing else."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest

from faults import seeded_money
from faults.faults import Exchange
from faults.seeded_money import owing
from faults.seeded_witnesses import Span, Witnesses
from faults.story import STEADY
from faults.story_seen import Seen
from faults.story_truth import Life, Truth
from llamafleet.api.names import CARRY_OVER_NAME
from llamafleet.api.observed import Key

KEY, POD = Key("storm-2", "fleet-2"), "uid-1"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EPOCH = NOW.timestamp() - 1000.0
"""Now is second 1000 of the monotonic clock."""


class Noon(datetime):
    """A clock that stands: accounts are of one month, and a real one may end between two looks."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # of the plain kind
        """Return the same instant, whenever it is asked."""
        return NOW.astimezone(tz)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeded_money, "datetime", Noon)


class Told(Truth):
    """The truth about one fleet: ten seconds of a pod that went at second 910, told at once."""

    def __init__(self) -> None:
        """Nothing is watched."""
        gone = NOW - timedelta(seconds=90)
        self._lives = {POD: Life(POD, KEY, STEADY, gone - timedelta(seconds=10), gone, gone)}


def account(serving: str, doubt: str = "0") -> Seen:
    ledger = {
        "month": f"{NOW:%Y-%m}",
        "at": NOW.isoformat(),
        "spent": {"serving": serving},
        "uncertainUsd": doubt,
    }
    return Seen(llama={"status": {"cost": {"ledger": ledger}}})


def asked(door: str, at: float, verb: str, kind: str, body: Any = None) -> Exchange:
    found = Exchange(1, at, door, verb, kind, "", CARRY_OVER_NAME, "", json.dumps(body).encode())
    found.answered, found.status = at, 200
    return found


def status(door: str, at: float, pods_version: int, *uids: str) -> Exchange:
    """A status of the fleet, with an account of the pods up to this version."""
    ledger = {"podsVersion": pods_version, "meters": [{"uid": uid} for uid in uids]}
    body = {"status": {"cost": {"ledger": ledger}}}
    found = asked(door, at, "apply", "llamadeployments/status", body)
    found.namespace, found.name = KEY
    return found


def watches(door: str, at: float) -> Iterator[Exchange]:
    for kind in ("llamadeployments", "pods"):
        yield asked(door, at, "watch", kind)


def lines(seen: Seen, *, spans: list[Span], asks: list[Exchange], ends: list[float]) -> list[str]:
    known = Witnesses(spans, asks, [(KEY, at) for at in ends], EPOCH)
    return list(owing(Told(), known, seen, KEY))


@pytest.mark.parametrize(
    ("said", "doubt", "is_right"),
    [
        pytest.param("10", "0", True, id="to the second"),
        pytest.param("9.99", "0", True, id="a thousandth less"),
        pytest.param("9.5", "0", False, id="half a second less"),
        pytest.param("10.5", "0", False, id="half a second more"),
        pytest.param("7", "3", True, id="as much less as it admits"),
    ],
)
def test_an_account_is_right_to_a_thousandth(said: str, doubt: str, *, is_right: bool) -> None:
    living = {"spans": [Span("one", 0.0)], "asks": list(watches("one", 1.0)), "ends": []}
    assert (lines(account(said, doubt), **living) == []) is is_right  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spans", "asks", "is_excused"),
    [
        pytest.param([Span("one", 0.0)], [*watches("one", 1.0)], False, id="somebody watched and lives"),
        pytest.param([Span("one", 0.0, 951.0)], [*watches("one", 1.0)], True, id="who watched was killed"),
        pytest.param(
            [Span("one", 0.0, 951.0), Span("one", 952.0)],
            [*watches("one", 1.0), *watches("one", 953.0)],
            True,
            id="and the next came too late",
        ),
        pytest.param(
            [Span("one", 0.0, 951.0)],
            [*watches("one", 1.0), asked("one", 950.5, "merge", "configmaps", {"data": {".".join(KEY): ""}})],
            False,
            id="who was killed had written it",
        ),
    ],
)
def test_a_deletion_excuses_only_where_nobody_is_left_to_tell(
    spans: list[Span], asks: list[Exchange], *, is_excused: bool
) -> None:
    """Its pod is in a status that was written, so only the deletion can excuse."""
    asks = [*asks, status("one", 905.0, 7, POD)]
    assert (lines(account("0"), spans=spans, asks=asks, ends=[950.0]) == []) is is_excused
    assert lines(account("0"), spans=spans, asks=asks, ends=[]) != []


def test_a_pod_that_nobody_saw_is_excused() -> None:
    late = list(watches("one", 950.0))
    assert lines(account("0"), spans=[Span("one", 940.0)], asks=late, ends=[]) == []


@pytest.mark.parametrize(
    ("began", "before", "uids", "is_excused"),
    [
        pytest.param(920.0, None, [], True, id="whoever wrote first came too late"),
        pytest.param(900.0, None, [], False, id="whoever wrote first had seen it"),
        pytest.param(920.0, None, [POD], False, id="it was written down"),
        pytest.param(920.0, 7, [], True, id="who led before had not heard of pods any more"),
        pytest.param(920.0, 8, [], False, id="who led before had heard of it"),
    ],
)
def test_a_pod_is_excused_where_a_latecomer_was_the_first_to_write(
    began: float, before: int | None, uids: list[str], *, is_excused: bool
) -> None:
    """Somebody else watched all the time, and takes what that one has written for all there is."""
    statuses = [status("one", 900.0, 7), status("two", 930.0, 9, *uids)]
    if before is not None:
        statuses.insert(1, status("one", 915.0, before))
    asks = [*watches("one", 1.0), *watches("two", began + 1.0), *statuses]
    spans = [Span("one", 0.0), Span("two", began)]
    assert (lines(account("0"), spans=spans, asks=asks, ends=[]) == []) is is_excused
