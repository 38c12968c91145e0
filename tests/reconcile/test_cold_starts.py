"""What a fleet learns of its own starts, and what it does not."""

import pytest

from builders import ended
from llamafleet.errors import Stale
from reconcile.nights import Night, utc


def always() -> Night:
    """One replica that is bound since midnight."""
    night = Night("2026-11-21 00:00", {}).look()
    night.starts("a")
    return night.look()


def test_a_start_is_learned_once_from_its_node_to_its_first_answer() -> None:
    fleet = always()
    fleet.now = utc("2026-11-21 00:07")
    fleet.ready("a")
    fleet.look()
    learned = {"p50Seconds": 420, "p95Seconds": 420, "samples": [420]}
    assert fleet.status["coldStart"] == learned
    fleet.restart()
    fleet.change("a", ready=False, ready_since=None)
    fleet.look("2026-11-21 05:00")
    fleet.change("a", ready=True, ready_since=fleet.now)
    fleet.look("2026-11-21 05:01")
    assert fleet.status["coldStart"] == learned, "a pod that is ready again was not started again"


def test_a_crash_teaches_nothing() -> None:
    fleet = always()
    fleet.change("a", restarts=1, ended=ended("Error", 1, "boom"))
    fleet.world.logs["a"] = ""
    fleet.look("2026-11-21 00:10")
    fleet.now = utc("2026-11-21 00:30")
    fleet.ready("a")
    fleet.look()
    assert "coldStart" not in fleet.status


def test_pods_that_were_ready_before_anybody_kept_an_account_teach_nothing() -> None:
    """An older release started them, perhaps weeks ago; when they were ready first, nobody knows any more."""
    fleet = Night("2026-11-21 00:00", {}).look()
    fleet.starts("a")
    del fleet.raw["status"]["cost"]
    fleet.now = utc("2026-11-28 00:00")
    fleet.ready("a")
    fleet.look()
    assert "coldStart" not in fleet.status
    assert fleet.cost["monthToDate"] == "199.92"


def test_a_pod_that_is_older_than_the_account_and_not_in_it_teaches_nothing() -> None:
    fleet = Night("2026-11-21 00:00", {}).look()
    fleet.starts("a")
    fleet.look("2026-11-21 12:00")
    fleet.raw["status"]["cost"]["ledger"]["meters"] = []
    fleet.now = utc("2026-11-22 00:00")
    fleet.ready("a")
    fleet.look()
    assert "coldStart" not in fleet.status


def test_the_last_twenty_starts_are_kept() -> None:
    fleet = Night("2026-11-01 00:00", {"replicas": 30}).look()
    names = [f"p{number:02}" for number in range(30)]
    fleet.starts(*names)
    fleet.look()
    for number, name in enumerate(names, 1):
        fleet.now = utc("2026-11-01 00:00").replace(minute=number)
        fleet.ready(name)
        fleet.look()
    found = fleet.status["coldStart"]
    assert found["samples"] == [60 * number for number in range(11, 31)]
    assert (found["p50Seconds"], found["p95Seconds"]) == (60 * 20, 60 * 29)


def test_a_start_whose_status_could_not_be_written_is_learned_once() -> None:
    fleet = always()
    fleet.now = utc("2026-11-21 00:07")
    fleet.ready("a")
    fleet.world.refused["status"] = Stale("HTTP 409")
    for _ in range(2):
        with pytest.raises(Stale):
            fleet.look()
    fleet.world.refused.clear()
    fleet.look()
    assert fleet.status["coldStart"]["samples"] == [420]
