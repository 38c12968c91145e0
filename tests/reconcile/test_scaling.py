"""The queue decides: what is read of the pods becomes a count, and what cannot be read changes nothing."""

from datetime import timedelta
from typing import Any

import pytest

from llamafleet.api.observed import Load
from reconcile.nights import Night

SCALED = {"minReplicas": 1, "maxReplicas": 6}
LOOK = timedelta(seconds=15)
CALM, FULL = Load(10, 0, 1000, 500, finished=10), Load(250, 2000, 5000, 900, finished=20)
QUIET = Load(0, 0, 1000, 500, finished=10)


def fleet(replicas: int = 1, load: Load | None = CALM, **scaling: Any) -> Night:
    """A fleet whose replicas are ready and were read once."""
    night = Night("2026-11-21 12:00", {"scaling": {**SCALED, "minReplicas": replicas, **scaling}}).look()
    names = [f"pod-{number}" for number in range(replicas)]
    night.starts(*names)
    night.now += timedelta(minutes=3)
    night.ready(*names, load=load)
    night.world.roll_out(*night.world.running)
    return night.look()


def looks(night: Night, count: int) -> list[int]:
    """The counts of so many looks, one every 15 seconds."""
    found = []
    for _ in range(count):
        night.now += LOOK
        found.append(wanted(night.look()))
    return found


def wanted(night: Night) -> int:
    """What was decided. The Deployment may have more for a while: pods that finish what they have."""
    replicas: int = night.status["desiredReplicas"]
    return replicas


def metrics(night: Night) -> tuple[str, str]:
    (found,) = [one for one in night.status["conditions"] if one["type"] == "MetricsAvailable"]
    return found["status"], found["reason"]


def test_a_queue_that_grows_gets_replicas_at_the_next_look() -> None:
    night = fleet()
    assert wanted(night) == 1
    night.say(FULL, "pod-0")
    night.now += LOOK
    night.look()
    assert wanted(night) > 1
    assert night.status["queue"] == {"waiting": 2000, "running": 250}
    assert metrics(night) == ("True", "Read")
    assert night.wake == night.now + LOOK


@pytest.mark.parametrize("load", [CALM, FULL], ids=["calm", "full"])
def test_without_any_reading_the_count_is_frozen(load: Load) -> None:
    night = fleet(3, load, minReplicas=0)
    before = wanted(night)
    night.say(None, "pod-0", "pod-1", "pod-2")
    assert set(looks(night, 200)) == {before}
    assert metrics(night) == ("False", "NoReading")
    assert "queue" not in night.status


@pytest.mark.parametrize("silent", [["pod-0"], ["pod-0", "pod-1", "pod-2"]], ids=["one", "all"])
def test_one_answer_that_is_late_is_no_news_and_two_are(silent: list[str]) -> None:
    night = fleet(3, CALM)
    for _ in range(3):
        night.say(None, *silent)
        looks(night, 1)
        assert metrics(night) == ("True", "Read")
        night.say(CALM, *silent)
        looks(night, 1)
        assert metrics(night) == ("True", "Read")
    night.say(None, *silent)
    looks(night, 2)
    assert metrics(night)[0] == "False"


def test_with_some_readings_the_count_may_rise_and_not_fall() -> None:
    night = fleet(3, CALM)
    night.edit(scaling=SCALED)
    night.say(None, "pod-1", "pod-2")
    night.say(QUIET, "pod-0")
    assert set(looks(night, 200)) == {3}
    assert metrics(night) == ("False", "SomeSilent")
    night.say(FULL, "pod-0")
    assert looks(night, 1)[0] > 3


def test_when_the_readings_are_back_the_count_moves_again() -> None:
    night = fleet(3, CALM)
    night.edit(scaling=SCALED)
    night.say(None, "pod-0", "pod-1", "pod-2")
    looks(night, 20)
    night.say(QUIET, "pod-0", "pod-1", "pod-2")
    assert looks(night, 200)[-1] == 1


def test_an_idle_fleet_without_a_waker_keeps_one_replica_that_can_see_a_request() -> None:
    night = fleet(1, QUIET)
    night.edit(scaling={**SCALED, "minReplicas": 0, "idleTimeout": "1m"})
    assert set(looks(night, 100)) == {1}


def test_a_queue_that_changes_is_written_once_a_minute_and_one_that_stays_empty_never() -> None:
    night = fleet(1, QUIET)
    looks(night, 8)
    before = len(night.world.writes)
    looks(night, 40)
    still = len(night.world.writes) - before
    for number in range(40):
        night.say(Load(10 + number % 2, 0, 1000, 500 + number, finished=10 + number), "pod-0")
        looks(night, 1)
    assert still <= 1  # the account, four times an hour
    assert 8 <= len(night.world.writes) - before - still <= 12


def test_another_process_goes_on_with_what_the_status_remembers() -> None:
    night = fleet(1, CALM)
    night.say(FULL, "pod-0")
    looks(night, 1)
    remembered = night.status["scaling"]
    before = wanted(night)
    night.restart()
    night.look()
    assert wanted(night) == before
    assert night.status["scaling"].keys() == remembered.keys()


def test_a_namesake_remembers_nothing_of_the_one_before() -> None:
    night = fleet(1, FULL)
    looks(night, 1)
    assert wanted(night) > 1
    night.raw["metadata"]["uid"] = "00000000-0000-4000-8000-000000000002"
    night.raw["status"] = {}
    night.world.objects, night.world.running = {}, ()
    night.look()
    assert wanted(night) == 1


@pytest.mark.parametrize("garbage", [5, "all", {"at": "noon"}, {"peak": -1}], ids=str)
def test_a_garbled_memory_stops_nobody(garbage: object) -> None:
    night = fleet(1, CALM)
    night.raw["status"]["scaling"] = garbage
    night.restart()
    night.say(FULL, "pod-0")
    assert looks(night, 1)[0] > 1
