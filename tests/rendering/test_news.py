"""What is worth a write: everything but the figures that move with time."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from llamafleet.rendering.news import is_checkpoint, is_news

STATUS: dict[str, Any] = {
    "observedGeneration": 1,
    "conditions": [
        {"type": "Ready", "status": "True", "reason": "AllReplicasReady", "message": "1 of 1"},
        {"type": "WithinBudget", "status": "True", "reason": "WithinBudget", "message": "5 USD are spent"},
        {"type": "CeilingWithinBudget", "status": "False", "reason": "CeilingExceedsBudget", "message": "5"},
    ],
    "desiredReplicas": 1,
    "reasons": [
        {"step": "demand", "replicas": 1, "message": "spec.replicas asks for 1."},
        {"step": "within_budget", "replicas": 1, "message": "5 USD are spent"},
    ],
    "schedule": {"open": True, "window": "nightly"},
    "cost": {
        "hourlyRate": "1.19",
        "monthToDate": "5.00",
        "projectedMonth": "10.00",
        "perMillionTokens": "0.10",
        "breakEvenTokensPerMonth": 7,
        "ledger": {"month": "2026-11", "at": "2026-11-21T12:00:00Z"},
    },
}


def at(*path: str | int, value: object = "other") -> Callable[[dict[str, Any]], None]:
    """A change of one place."""

    def change(status: Any) -> None:
        place = status
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "news"),
    [
        pytest.param(at("observedGeneration", value=2), True, id="a generation"),
        pytest.param(at("conditions", 0, "message"), True, id="words about something else"),
        pytest.param(at("conditions", 1, "message"), False, id="the words about money that is enough"),
        pytest.param(at("conditions", 2, "message", value="1,234.5"), False, id="the sums of the ceiling"),
        pytest.param(at("conditions", 2, "message"), True, id="another sentence about what the money lacks"),
        pytest.param(at("conditions", 1, "reason"), True, id="why the budget is kept"),
        pytest.param(at("conditions", 2, "status"), True, id="whether the ceiling fits"),
        pytest.param(at("reasons", 0, "message"), False, id="the words of the demand"),
        pytest.param(at("reasons", 0, "replicas", value=2), True, id="what is asked for"),
        pytest.param(at("reasons", 1, "message"), False, id="the sums of a decision"),
        pytest.param(at("reasons", 1, "replicas", value=2), True, id="what the money allows"),
        pytest.param(at("schedule", "open", value=False), True, id="the hour"),
        pytest.param(at("schedule", "idleSince"), True, id="since when nothing is to do"),
        pytest.param(at("cost", "hourlyRate"), True, id="the rate"),
        pytest.param(at("cost", "monthToDate"), False, id="what was spent"),
        pytest.param(at("cost", "projectedMonth"), False, id="what will be"),
        pytest.param(at("cost", "perMillionTokens"), False, id="the price of tokens"),
        pytest.param(at("cost", "breakEvenTokensPerMonth", value=8), False, id="the tokens of an API"),
        pytest.param(at("cost", "ledger", "at"), True, id="a new checkpoint"),
        pytest.param(at("coldStart", value={"samples": [1]}), True, id="a start"),
    ],
)
def test_what_is_news(change: Callable[[dict[str, Any]], None], *, news: bool) -> None:
    other = copy.deepcopy(STATUS)
    change(other)
    assert is_news(other, STATUS) is news
    assert is_news(STATUS, other) is news


def read(waiting: int, minute: int, second: int = 0) -> dict[str, Any]:
    """The same, and a queue that was looked at then."""
    at = f"2026-11-21T12:{minute:02}:{second:02}Z"
    return {**STATUS, "queue": {"waiting": waiting, "running": 8}, "scaling": {"at": at, "peak": waiting}}


def test_a_queue_that_changes_is_written_once_a_minute() -> None:
    assert not is_news(read(5, 0, second=59), read(4, 0))
    assert is_news(read(5, 1), read(4, 0))
    assert is_news(read(5, 0), STATUS)


def test_a_queue_that_stays_is_never_written_again() -> None:
    assert not is_news(read(4, 30), read(4, 0))


def test_a_queue_that_can_no_longer_be_read_is_taken_out_after_a_minute() -> None:
    gone = {name: value for name, value in read(4, 1).items() if name != "queue"}
    assert is_news(gone, read(4, 0))
    assert not is_news({**gone, "scaling": read(4, 0, second=30)["scaling"]}, read(4, 0))


@pytest.mark.parametrize("garbage", ["all well", 5, None, [], {"at": 5}, {"at": "noon"}], ids=str)
@pytest.mark.parametrize("field", ["queue", "scaling"])
def test_a_garbled_queue_is_put_right(field: str, garbage: object) -> None:
    assert is_news(read(4, 1), {**read(4, 0), field: garbage})


def test_the_same_is_no_news() -> None:
    assert not is_news(copy.deepcopy(STATUS), STATUS)


GARBAGE = ["all well", 5, None, [], ["x"], {"a": 1}, [{"type": ["list"]}], [None]]


@pytest.mark.parametrize("field", ["conditions", "reasons", "cost"])
@pytest.mark.parametrize("garbage", GARBAGE, ids=str)
def test_whatever_somebody_wrote_there_is_put_right(field: str, garbage: object) -> None:
    assert is_news(STATUS, {**STATUS, field: garbage})
    without = {name: STATUS[name] for name in STATUS if name != field}
    assert is_news(STATUS, without)
    assert is_news(STATUS, {})


@pytest.mark.parametrize(
    ("active", "waiting", "news"),
    [
        pytest.param("11:00", 0, False, id="nobody asked"),
        pytest.param("12:29", 0, True, id="somebody asked, and is answered"),
        pytest.param("11:00", 1, True, id="somebody waits"),
    ],
)
def test_a_memory_that_only_fades_is_no_news(active: str, waiting: int, *, news: bool) -> None:
    def status(at: str, fading: int, waiting: int, active: str) -> dict[str, Any]:
        memory = {"at": f"2026-11-21T{at}:00Z", "activeAt": f"2026-11-21T{active}:00Z", "fading": fading}
        return {**STATUS, "queue": {"waiting": waiting, "running": 0}, "scaling": memory}

    before = status("12:00", 900, 0, "11:00")
    assert is_news(status("12:30", 100, waiting, active), before) is news


METER = {"uid": "a", "since": "2026-11-21T06:00:00Z", "tokens": 5}


def with_ledger(**changes: object) -> dict[str, Any]:
    """A status whose account differs in these fields, and what an older account brings with it."""
    status = copy.deepcopy(STATUS)
    status["cost"]["ledger"] |= {"meters": [METER], **changes}
    status["cost"]["monthToDate"] = f"{len(changes)}.00"
    return status


@pytest.mark.parametrize(
    ("changes", "is_one"),
    [
        pytest.param({"at": "2026-11-21T12:15:00Z", "podsVersion": 7, "tokens": 9}, True, id="time"),
        pytest.param({"meters": [{**METER, "tokens": 6}]}, True, id="the reading of a pod"),
        pytest.param({"meters": [{**METER, "ready": "2026-11-21T12:00:00Z"}]}, False, id="a pod is ready"),
        pytest.param({"meters": []}, False, id="a pod is gone"),
        pytest.param({"meters": "garbled"}, False, id="somebody garbled it"),
        pytest.param({"month": "2026-12"}, False, id="the month turned"),
    ],
)
def test_a_checkpoint_is_an_account_in_which_only_time_went_by(
    changes: dict[str, object], *, is_one: bool
) -> None:
    assert is_checkpoint(with_ledger(**changes), with_ledger()) is is_one
    assert not is_checkpoint({**with_ledger(**changes), "desiredReplicas": 2}, with_ledger())


@pytest.mark.parametrize("before", [{}, {"cost": "garbled"}, {"cost": {"ledger": "garbled"}}])
def test_a_first_or_garbled_status_makes_no_checkpoint(before: dict[str, Any]) -> None:
    assert not is_checkpoint(with_ledger(), before)
