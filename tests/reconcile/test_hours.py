"""A fleet with windows, look by look: opening early, closing, and what people are told of it."""

from datetime import timedelta

import pytest

from llamafleet.errors import Stale, Unavailable
from reconcile.nights import BUSY, IDLE, NIGHTLY, Night, nightly, utc

MINUTE = timedelta(minutes=1)
SIX = {"minReplicas": 2, "maxReplicas": 6}


def opened(**spec: object) -> Night:
    """A fleet in its window at one, with its pod ready since the beginning."""
    night = nightly(**spec).look().look("2026-11-20 23:45")
    night.starts("a")
    night.look("2026-11-20 23:58")
    night.ready("a")
    return night.look().look("2026-11-21 00:00").look("2026-11-21 01:00")


def test_a_night_from_closed_to_closed() -> None:
    night = nightly().look()
    assert (night.replicas, night.is_open, night.wake) == (0, False, utc("2026-11-20 23:43:53"))
    assert night.conditions()["WindowOpen"] == ("False", "Closed")
    assert night.condition("Ready")[:2] == ("True", "ScaledToZero")
    night.look("2026-11-20 23:43:53")
    assert (night.replicas, night.is_open, night.wake) == (1, True, utc("2026-11-21 00:00"))
    assert night.conditions()["WindowOpen"] == ("False", "PreWarming")
    assert night.told() == []
    night.look("2026-11-21 00:00")
    assert (night.replicas, night.wake) == (1, utc("2026-11-21 04:00"))
    assert night.conditions()["WindowOpen"] == ("True", "Open")
    assert night.status["schedule"] == {
        "open": True,
        "window": "nightly",
        "nextTransition": "2026-11-21T04:00:00Z",
    }
    night.look("2026-11-21 04:00")
    assert (night.replicas, night.is_open) == (0, False)
    assert night.conditions()["WindowOpen"] == ("False", "Closed")
    assert night.status["schedule"] == {
        "open": False,
        "window": "",
        "nextTransition": "2026-11-22T00:00:00Z",
    }
    assert night.told() == ["WindowOpened", "WindowClosed"]


def test_nobody_sends_to_a_closed_fleet_before_its_pods_are_told_to_end() -> None:
    night = opened()
    night.world.writes.clear()
    night.look("2026-11-21 04:00")
    assert night.world.writes == ["update Service", "update Deployment", "status"]


def test_an_operator_that_was_away_opens_late_and_closes_late_and_tells_once() -> None:
    night = nightly().look()
    assert night.look("2026-11-21 01:07").replicas == 1
    night.restart()
    assert night.look("2026-11-21 09:00").replicas == 0
    assert night.told() == ["WindowOpened", "WindowClosed"]
    opening, closing = night.world.announced
    assert opening.message == "Open until Sat 2026-11-21 05:00 Europe/Berlin (nightly)."
    assert closing.message == "Closed until Sun 2026-11-22 01:00 Europe/Berlin (nightly)."


def test_a_fleet_without_a_schedule_never_hears_of_windows() -> None:
    always = Night("2026-11-21 12:00", {})
    for hour in range(3):
        always.look(f"2026-11-21 {12 + hour}:00")
    assert always.told() == []
    assert "schedule" not in always.status
    assert "WindowOpen" not in always.conditions()


def test_what_was_started_early_is_kept_though_its_own_start_teaches_a_shorter_lead() -> None:
    """The estimate said 16 minutes; the pod is ready after two, fourteen minutes before the window."""
    night = nightly().look().look("2026-11-20 23:44")
    night.starts("a")
    night.look("2026-11-20 23:44:05")
    night.now = utc("2026-11-20 23:46")
    night.ready("a")
    for minute in range(46, 60):
        night.look(f"2026-11-20 23:{minute}")
        assert night.replicas == 1, minute
    assert night.status["coldStart"]["p95Seconds"] == 120
    assert night.told() == []
    night.look("2026-11-21 00:00").look("2026-11-21 04:00")
    night.delete("a")
    night.look("2026-11-21 04:01")
    night.remove("a")
    night.look("2026-11-21 04:02")
    assert night.wake == utc("2026-11-21 23:57"), "the next opening begins by what was learned"


def test_replicas_of_the_coming_window_start_by_its_bounds_and_keep_to_them() -> None:
    two = [
        {"name": "nightly", "start": "0 1 * * *", "duration": "4h", "minReplicas": 4, "maxReplicas": 5},
        {"name": "noon", "start": "0 12 * * *", "duration": "1h", "minReplicas": 1, "maxReplicas": 1},
    ]
    night = nightly(replicas=None, scaling=SIX, schedule={"windows": two})
    night.edit(replicas=None)
    night.look()
    assert night.replicas == 0
    assert night.look("2026-11-20 23:45").replicas == 4
    assert night.look("2026-11-21 00:30").replicas == 4
    assert night.look("2026-11-21 04:00").replicas == 0
    assert night.look("2026-11-21 10:50").replicas == 1
    assert night.look("2026-11-21 11:00").replicas == 1


def test_closed_early_stays_closed_over_a_restart_and_the_next_window_opens() -> None:
    night = opened(schedule={"closeWhenIdle": True})
    night.say(IDLE, "a")
    night.look("2026-11-21 01:01")
    assert night.wake == utc("2026-11-21 01:02")
    assert night.status["schedule"]["idleSince"] == "2026-11-21T01:01:00Z"
    for minute in range(2, 6):
        assert night.look(f"2026-11-21 01:0{minute}").replicas == 1
    assert night.look("2026-11-21 01:06").replicas == 0
    assert not night.is_open
    assert night.conditions()["WindowOpen"] == ("False", "ClosedEarly")
    assert night.status["schedule"] == {
        "open": False,
        "window": "",
        "nextTransition": "2026-11-22T00:00:00Z",
        "closedEarlyUntil": "2026-11-21T04:00:00Z",
    }
    night.delete("a")
    night.restart()
    assert night.look("2026-11-21 01:07").replicas == 0
    night.remove("a")
    assert night.look("2026-11-21 03:59").replicas == 0
    assert night.look("2026-11-21 04:00").replicas == 0
    assert night.conditions()["WindowOpen"] == ("False", "Closed")
    assert night.look("2026-11-22 00:00").replicas == 1
    assert night.told("Window") == ["WindowOpened", "WindowClosed", "WindowOpened"]


def test_a_pod_that_gives_no_reading_keeps_the_window_open() -> None:
    night = opened(replicas=2, schedule={"closeWhenIdle": True})
    night.starts("b")
    night.ready("b", load=None)
    night.say(IDLE, "a")
    for minute in range(1, 30):
        assert night.look(f"2026-11-21 01:{minute:02}").replicas == 2
    night.change("b", ready=False)
    night.say(IDLE, "b")
    assert night.look("2026-11-21 01:40").replicas == 2, "nor does one that is not ready"
    assert night.look("2026-11-21 01:50").replicas == 2


def test_a_person_opens_a_window_again_that_closed_early_and_everything_is_told() -> None:
    night = opened(schedule={"closeWhenIdle": True})
    night.say(IDLE, "a")
    night.look("2026-11-21 01:10").look("2026-11-21 01:15")
    assert night.replicas == 0
    night.annotate(open_until="2026-11-21T03:00Z")
    assert night.look("2026-11-21 01:20").replicas == 1
    assert night.conditions()["WindowOpen"][0] == "True"
    assert night.look("2026-11-21 02:59").replicas == 1
    night.say(BUSY, "a")
    night.look("2026-11-21 03:30")
    night.look("2026-11-21 04:00")
    assert night.told("Window") == ["WindowOpened", "WindowClosed"] * 2


def test_a_window_that_is_closed_by_hand_opens_and_closes_again_and_everything_is_told() -> None:
    night = opened()
    night.annotate(closed_until="2026-11-21T02:30Z")
    assert night.look("2026-11-21 01:30").replicas == 0
    assert night.conditions()["WindowOpen"] == ("False", "ClosedByHand")
    assert night.look("2026-11-21 02:30").replicas == 1
    assert night.look("2026-11-21 04:00").replicas == 0
    assert night.told("Window") == ["WindowOpened", "WindowClosed"] * 2


def test_a_fleet_without_a_schedule_is_closed_and_opened_by_hand() -> None:
    always = Night("2026-11-21 12:00", {}).look()
    always.annotate(closed_until="2026-11-21T20:00+02:00")
    always.look("2026-11-21 12:05")
    assert (always.replicas, always.wake) == (0, utc("2026-11-21 17:43:53"))
    assert always.conditions()["WindowOpen"] == ("False", "ClosedByHand")
    always.look("2026-11-21 17:45")
    assert always.conditions()["WindowOpen"] == ("False", "PreWarming")
    always.look("2026-11-21 18:00")
    assert always.replicas == 1
    assert "WindowOpen" not in always.conditions()
    assert "schedule" not in always.status
    assert always.told() == ["WindowClosed", "WindowOpened"]


def test_a_schedule_that_is_given_to_a_running_fleet_tells_only_what_it_changes() -> None:
    open_, closed = Night("2026-11-21 01:00", {}).look(), Night("2026-11-21 12:00", {}).look()
    for each in (open_, closed):
        each.edit(schedule=NIGHTLY)
        each.look()
    assert (open_.replicas, open_.told()) == (1, [])
    assert (closed.replicas, closed.told()) == (0, ["WindowClosed"])
    closed.edit(schedule=None)
    closed.look()
    assert (closed.replicas, closed.told()) == (1, ["WindowClosed", "WindowOpened"])


def test_a_new_fleet_that_is_closed_has_not_closed() -> None:
    refused = nightly(gpu={"pools": ["nowhere"]}).look()
    refused.edit(gpu=None)
    refused.look()
    assert refused.conditions()["WindowOpen"] == ("False", "Closed")
    assert refused.told() == []


def test_opened_by_hand_beside_the_windows() -> None:
    night = nightly().look()
    night.annotate(open_until="2026-11-20T20:00Z")
    night.look("2026-11-20 13:00")
    assert (night.replicas, night.wake) == (1, utc("2026-11-20 20:00"))
    assert night.conditions()["WindowOpen"] == ("True", "OpenedByHand")
    assert night.status["schedule"]["window"] == "override"
    assert night.look("2026-11-20 20:00").replicas == 0
    assert night.told() == ["WindowOpened", "WindowClosed"]


def test_closed_by_hand_beats_opened_by_hand() -> None:
    night = opened()
    night.annotate(open_until="2026-11-21T06:00Z", closed_until="2026-11-21T03:00Z")
    assert night.look("2026-11-21 01:30").replicas == 0
    assert night.look("2026-11-21 03:00").replicas == 1
    assert night.look("2026-11-21 05:00").replicas == 1, "open-until lies ahead still"
    assert night.look("2026-11-21 06:00").replicas == 0


def test_closed_for_ever_by_hand() -> None:
    night = opened()
    night.annotate(closed_until="9999-12-31T23:59:59Z")
    assert night.look("2026-11-21 01:30").replicas == 0
    assert night.look("2030-11-21 01:30").replicas == 0


def test_an_annotation_that_cannot_be_read_stops_nothing_and_is_told() -> None:
    night = opened()
    night.annotate(open_until="tonight", closed_until="2026-11-21T03:00Z")
    assert night.look("2026-11-21 01:30").replicas == 1, "nothing of it counts: who knows what was meant"
    assert night.condition("AnnotationsValid") == (
        "False",
        "InvalidAnnotation",
        (
            "metadata.annotations[llamafleet.io/open-until] = tonight: must be an instant with its offset "
            "from UTC, such as 2026-11-21T20:00Z."
        ),
    )
    assert night.look("2026-11-21 04:00").replicas == 0, "the windows go on"
    night.annotate(open_until="2026-11-21T20:00Z")
    night.look("2026-11-21 04:10")
    assert "AnnotationsValid" not in night.conditions()


@pytest.mark.parametrize("error", [Stale("HTTP 409"), Unavailable("HTTP 500")])
def test_an_opening_whose_status_cannot_be_written_is_told_once(error: Unavailable) -> None:
    night = nightly().look().look("2026-11-20 23:50")
    night.world.refused["status"] = error
    for second in (0, 1, 3, 7):
        with pytest.raises(type(error)):
            night.look(f"2026-11-21 00:00:0{second}")
    night.world.refused.clear()
    night.look("2026-11-21 00:00:09").look("2026-11-21 00:05")
    assert night.told() == ["WindowOpened"]
    night.world.refused["status"] = error
    for second in (0, 1, 3, 7):
        with pytest.raises(type(error)):
            night.look(f"2026-11-21 04:00:0{second}")
    night.world.refused.clear()
    night.look("2026-11-21 04:00:09")
    assert night.told() == ["WindowOpened", "WindowClosed"]


def test_a_fleet_one_of_whose_children_cannot_be_written_knows_when_its_window_ends() -> None:
    night = nightly("2026-11-21 01:00").look()
    del night.world.objects["PodDisruptionBudget"]
    night.world.refused["PodDisruptionBudget"] = Unavailable("HTTP 403")
    with pytest.raises(Unavailable) as failure:
        night.look("2026-11-21 03:59:30")
    assert failure.value.wake_seconds == 30.0


def test_every_night_is_told() -> None:
    night = nightly()
    for day in range(21, 28):
        night.look(f"2026-11-{day} 01:00").look(f"2026-11-{day} 05:00").look(f"2026-11-{day} 12:00")
    assert night.told() == ["WindowOpened", "WindowClosed"] * 7


def test_a_window_shorter_than_a_start_is_warned_about() -> None:
    short = {"windows": [{"name": "blink", "start": "0 1 * * *", "duration": "10m"}]}
    night = nightly(schedule=short).look()
    assert night.condition("WindowOpen")[2] == (
        "Closed until Sat 2026-11-21 01:00 Europe/Berlin (blink). Window blink is open for 10m, which is "
        "shorter than a cold start (15m7s)."
    )


def test_a_status_that_is_stale_is_decided_anew_by_what_was_written_meanwhile() -> None:
    """Somebody closes the fleet while we decide that it opens."""
    night = nightly().look()
    night.raw["metadata"]["resourceVersion"] = "7"
    resource = night.world.resource

    async def late(key: object) -> object:
        seen = await resource(key)
        night.annotate(closed_until="2026-11-22T00:00Z")
        night.raw["metadata"]["resourceVersion"] = "8"
        return seen

    night.world.resource = late
    with pytest.raises(Stale):
        night.look("2026-11-21 00:00")
    night.world.resource = resource
    night.look("2026-11-21 00:00:01")
    assert night.replicas == 0
    assert night.conditions()["WindowOpen"] == ("False", "ClosedByHand")
