"""What is asked for: by the author, by the queue, by a window that opens."""

from datetime import timedelta

import pytest

from llamafleet.api.memory import Memory
from llamafleet.planning.plan import Plan
from llamafleet.planning.scaling.capacity import Cap
from llamafleet.planning.scaling.signals import Signals
from planning.givens import spec
from planning.hours import MINUTE_STARTS, decided, schedule, utc

BOUNDS = {"minReplicas": 0, "maxReplicas": 8}
NOBODY = Signals(ready=0, coming=0, waiting=0, running=0)
BUSY = Signals(ready=1, coming=0, waiting=7000, running=250)


def at(now: str, *, replicas: int | None, signals: Signals | None, **seen: object) -> Plan:
    """A fleet with windows at night."""
    asked = spec("llama-3.1-8b", scaling=BOUNDS, schedule=schedule())
    return decided(
        asked, now, replicas=replicas, signals=signals, cold_starts=MINUTE_STARTS, can_wake=True, **seen
    )


def test_a_full_queue_asks_for_more_than_there_is() -> None:
    found = at("2026-11-21 01:00", replicas=1, signals=BUSY)
    assert found.reasons[0].step == "demand"
    assert found.replicas > 1


def test_the_author_and_an_external_autoscaler_beat_the_queue_and_keep_what_is_remembered() -> None:
    remembered = Memory(at=utc("2026-11-20 00:00"))
    asked = spec("llama-3.1-8b", replicas=3)
    found = decided(asked, "2026-11-21 01:00", replicas=1, signals=BUSY, memory=remembered)
    assert found.replicas == 3
    assert found.case.demand.memory == remembered


@pytest.mark.parametrize(("replicas", "count"), [(None, 1), (0, 1), (4, 4)])
def test_without_a_reading_the_count_is_held(replicas: int | None, count: int) -> None:
    found = decided(spec("llama-3.1-8b", scaling=BOUNDS), "2026-11-21 01:00", replicas=replicas)
    assert found.reasons[0].replicas == count
    assert "no queue reading" in found.reasons[0].message


def test_an_opening_wakes_the_fleet_before_any_request() -> None:
    """The window opens at midnight UTC; its replica starts five minutes early."""
    assert at("2026-11-20 23:54", replicas=0, signals=NOBODY, was_closed=True).replicas == 0
    assert at("2026-11-20 23:56", replicas=0, signals=NOBODY, was_closed=True).replicas == 1


def test_an_operator_that_was_down_at_the_start_wakes_it_later() -> None:
    assert at("2026-11-21 00:07", replicas=0, signals=NOBODY, was_closed=True).replicas == 1


def test_what_was_started_for_an_opening_is_not_taken_back_while_it_loads() -> None:
    loading = Signals(ready=0, coming=1, waiting=0, running=0)
    woken = at("2026-11-20 23:56", replicas=0, signals=NOBODY, was_closed=True)
    late = at("2026-11-21 03:00", replicas=1, signals=loading, memory=woken.case.demand.memory)
    assert late.replicas == 1


def test_a_fleet_that_went_to_sleep_in_its_window_stays_asleep_until_a_request() -> None:
    assert at("2026-11-21 02:00", replicas=0, signals=NOBODY).replicas == 0
    held = Signals(ready=0, coming=0, waiting=1, running=0)
    assert at("2026-11-21 02:00", replicas=0, signals=held).replicas == 1


def test_a_sleeping_fleet_whose_waker_cannot_be_asked_sleeps_on() -> None:
    assert at("2026-11-21 02:00", replicas=0, signals=None, slept=True).replicas == 0
    assert at("2026-11-21 02:00", replicas=0, signals=None).replicas == 1


def test_gpus_that_are_not_to_be_had_are_not_asked_for() -> None:
    room = Cap(2, "1 of 2 replicas found no node for 10 min.")
    found = at("2026-11-21 01:00", replicas=1, signals=BUSY, room=room)
    assert found.replicas == 2
    assert found.reasons[0].message.endswith(room.message)
    assert at("2026-11-21 01:00", replicas=1, signals=BUSY, room=Cap(99, "")).replicas > 2


def test_the_author_may_insist_on_more_than_there_are_gpus_for() -> None:
    asked = spec("llama-3.1-8b", scaling={"minReplicas": 4})
    found = decided(asked, "2026-11-21 01:00", replicas=4, signals=BUSY, room=Cap(2, "There is room for 2."))
    assert found.replicas == 4


def test_the_queue_is_looked_at_every_15_seconds_while_there_are_replicas() -> None:
    found = at("2026-11-21 02:00", replicas=1, signals=BUSY)
    assert found.wake - utc("2026-11-21 02:00") == timedelta(seconds=15)


def test_a_fleet_at_zero_is_not_looked_at_until_something_happens() -> None:
    found = at("2026-11-21 02:00", replicas=0, signals=NOBODY)
    assert found.wake - utc("2026-11-21 02:00") > timedelta(minutes=5)
