"""A fleet opens and closes at its hours and by hand, on the real control plane and by the real clock."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cluster.duty import Duty
from fleet_operator import running_operator
from llamafleet.api.names import CLOSED_LABEL
from llamas import SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

OPEN_UNTIL = "llamafleet.io/open-until"
CLOSED_UNTIL = "llamafleet.io/closed-until"

LATE = timedelta(seconds=5)
"""How late an opening or a closing may come on a loaded machine; the operator's own timer takes a second."""

HALF_A_DAY = timedelta(hours=12)
AN_HOUR = timedelta(hours=1)
SOME_MINUTES = timedelta(minutes=5)
QUIET = timedelta(seconds=10)


@pytest.fixture
def small(duty: Duty, installed: ControlPlane, namespace: str) -> Llama:
    """An 8B model: one GPU."""
    del duty
    return Llama(installed, namespace, "small")


def now() -> datetime:
    return datetime.now(UTC)


def text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def soon(seconds: int = 8) -> datetime:
    """An instant, to the second, before which so much can be done as a test does on a loaded machine."""
    return (now() + timedelta(seconds=seconds)).replace(microsecond=0)


def daily(start: datetime, **fields: Any) -> dict[str, Any]:
    """A window of an hour that comes every day, and that begins in this minute."""
    return {"name": "daily", "start": f"{start.minute} {start.hour} * * *", "duration": "1h", **fields}


def open_now() -> dict[str, Any]:
    """A schedule that is open: its window began some minutes ago."""
    return {"windows": [daily(now() - SOME_MINUTES)]}


def closed_now(**fields: Any) -> dict[str, Any]:
    """A schedule that is closed, for half a day."""
    return {"windows": [daily(now() + HALF_A_DAY)], **fields}


def opens_at(instant: datetime, end: datetime | None = None) -> dict[str, Any]:
    """A schedule that is closed, but for one time that begins, or ends, to the second."""
    span = {"from": text(instant), "to": text(end or instant + AN_HOUR), "state": "Open"}
    return closed_now(exceptions=[span])


def endpoints(llama: Llama) -> list[Any]:
    """Where its Service leads to."""
    label = f"kubernetes.io/service-name={llama.name}"
    slices = llama.cluster.get("endpointslices", f"--namespace={llama.namespace}", "-l", label)["items"]
    return [endpoint for one in slices for endpoint in one.get("endpoints") or []]


def is_open(llama: Llama, reason: str = "Open") -> None:
    """Wait until it is open, and the Service leads to its pods."""
    llama.wait_for("WindowOpen", "True", reason)
    llama.wait_for("Ready", "True", "AllReplicasReady")
    until(
        lambda: len(endpoints(llama)) == len(llama.pods()) > 0, SETTLE_SECONDS, "the Service to lead to pods"
    )
    assert llama.status()["schedule"]["open"] is True


def is_closed(llama: Llama, reason: str = "Closed") -> None:
    """Wait until it is closed: nobody is sent to a pod, and there is none."""
    llama.wait_for("WindowOpen", "False", reason)
    until(lambda: not llama.pods() and not endpoints(llama), SETTLE_SECONDS, "no pod to be left")
    assert llama.get("deployment")["spec"]["replicas"] == 0
    assert llama.get("service")["spec"]["selector"][CLOSED_LABEL] == "true"
    assert llama.status()["schedule"]["open"] is False
    llama.wait_for("Ready", "True", "ScaledToZero")


def knows(llama: Llama, instant: datetime) -> None:
    """Wait until the operator has written down that it opens or closes next at this instant."""
    until(
        lambda: llama.status()["schedule"].get("nextTransition") == text(instant),
        SETTLE_SECONDS,
        f"{text(instant)} to be known",
    )


def turned(llama: Llama) -> datetime:
    """Since when it is as open or closed as it is."""
    return datetime.fromisoformat(llama.condition("WindowOpen")["lastTransitionTime"])


def test_the_schedule_opens_and_closes_a_fleet(small: Llama) -> None:
    begin = (now() - SOME_MINUTES).replace(second=0, microsecond=0)
    window = daily(begin, minReplicas=2)
    small.apply(schedule={"windows": [window]}, scaling={"minReplicas": 1, "maxReplicas": 3})
    is_open(small)
    status = small.status()
    assert len(small.pods()) == status["desiredReplicas"] == 2, "the window's own bound counts"
    assert status["schedule"]["window"] == "daily"
    assert status["schedule"]["nextTransition"] == text(begin + AN_HOUR)
    begin = (now() + HALF_A_DAY).replace(second=0, microsecond=0)
    small.patch(schedule={"windows": [daily(begin)]})
    is_closed(small)
    assert small.status()["schedule"]["nextTransition"] == text(begin)
    assert small.status()["cost"]["hourlyRate"] == "0.00"


def test_a_fleet_that_is_closed_from_the_start_gets_no_pod(small: Llama) -> None:
    small.apply(schedule=closed_now())
    is_closed(small)
    kinds = {one["kind"] for one in small.cluster.get("events", f"--namespace={small.namespace}")["items"]}
    assert "Pod" not in kinds
    assert small.told() == []


def test_a_person_closes_an_open_fleet_and_opens_it_again(small: Llama) -> None:
    small.apply(schedule=open_now())
    is_open(small)
    small.annotate(f"{CLOSED_UNTIL}={text(now() + timedelta(minutes=30))}")
    is_closed(small, "ClosedByHand")
    small.annotate(f"{CLOSED_UNTIL}-")
    is_open(small)
    assert small.told() == ["WindowOpened", "WindowClosed", "WindowOpened"]


def test_a_person_closes_a_fleet_without_a_schedule(small: Llama) -> None:
    small.apply()
    small.wait_for("Ready", "True", "AllReplicasReady")
    small.annotate(f"{CLOSED_UNTIL}={text(now() + timedelta(minutes=30))}")
    is_closed(small, "ClosedByHand")
    small.annotate(f"{CLOSED_UNTIL}-")
    small.wait_for("Ready", "True", "AllReplicasReady")
    assert small.condition("WindowOpen") == {}, "without a schedule there is nothing to say of it"
    assert small.told() == ["WindowClosed", "WindowOpened"]


def test_a_fleet_that_a_person_opens_closes_by_itself_at_that_instant(small: Llama) -> None:
    small.apply(schedule=closed_now())
    is_closed(small)
    end = now() + AN_HOUR
    small.annotate(f"{OPEN_UNTIL}={text(end)}")
    small.wait_for("WindowOpen", "True", "OpenedByHand")
    assert small.status()["schedule"] == {"open": True, "window": "override", "nextTransition": text(end)}
    end = soon()
    small.annotate(f"{OPEN_UNTIL}={text(end)}")
    is_closed(small)
    assert end <= turned(small) < end + LATE
    assert small.told() == ["WindowOpened", "WindowClosed"]


def test_a_window_closes_by_itself_at_its_end(small: Llama) -> None:
    begin = now() - SOME_MINUTES
    small.apply(schedule=opens_at(begin))
    is_open(small)
    end = soon()
    small.patch(schedule=opens_at(begin, end))
    is_closed(small)
    assert end <= turned(small) < end + LATE


def test_gitops_does_not_undo_what_a_person_asked_for(small: Llama) -> None:
    gitops = ("apply", "--server-side", "--field-manager=gitops", "--force-conflicts", "-f", "-")
    schedule = closed_now()
    small.apply(schedule=schedule)
    is_closed(small)
    end = (now() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%MZ")
    small.annotate(f"{OPEN_UNTIL}={end}")
    is_open(small, "OpenedByHand")
    pods = small.uids()
    spec = {"model": {"variant": "llama-3.1-8b"}, "schedule": schedule}
    for replicas in (1, 2):
        small.cluster.kubectl(*gitops, input=manifest(small, **spec, replicas=replicas))
        small.wait_for("Ready", "True", "AllReplicasReady")
    assert small.get()["metadata"]["annotations"] == {OPEN_UNTIL: end}
    assert pods < small.uids(), "the pod went on, and another one came"
    assert small.condition("WindowOpen")["reason"] == "OpenedByHand"
    assert small.status()["schedule"]["nextTransition"] == end.replace("Z", ":00Z")


def manifest(llama: Llama, **spec: Any) -> str:
    """What a repository holds: the resource without what a cluster knows of it."""
    metadata = {"name": llama.name, "namespace": llama.namespace}
    head = {"apiVersion": "llamafleet.io/v1alpha1", "kind": "LlamaDeployment"}
    return json.dumps({**head, "metadata": metadata, "spec": spec})


def test_an_annotation_that_is_no_instant_changes_nothing_and_is_named(small: Llama) -> None:
    small.apply(schedule=open_now())
    is_open(small)
    pods = small.uids()
    small.annotate(f"{CLOSED_UNTIL}=tomorrow")
    message = small.wait_for("AnnotationsValid", "False", "InvalidAnnotation")
    assert message == (
        "metadata.annotations[llamafleet.io/closed-until] = tomorrow: "
        "must be an instant with its offset from UTC, such as 2026-11-21T20:00Z."
    )
    assert small.uids() == pods


def test_an_opening_and_a_closing_are_told_once_whoever_looks(small: Llama, duty: Duty) -> None:
    small.apply(schedule=closed_now())
    is_closed(small)
    with duty.away():
        small.annotate(f"{OPEN_UNTIL}={text(now() + timedelta(hours=2))}")
    is_open(small, "OpenedByHand")
    with duty.away():
        pass
    duty.look(small)
    assert small.told() == ["WindowOpened"]
    with duty.away():
        small.annotate(f"{OPEN_UNTIL}-")
    is_closed(small)
    with duty.away():
        pass
    duty.look(small)
    assert small.told() == ["WindowOpened", "WindowClosed"]


def test_an_operator_that_stands_by_tells_nothing(small: Llama, installed: ControlPlane) -> None:
    small.apply(schedule=closed_now())
    is_closed(small)
    with running_operator(installed):
        for _ in range(2):
            small.annotate(f"{OPEN_UNTIL}={text(now() + timedelta(hours=2))}")
            is_open(small, "OpenedByHand")
            small.annotate(f"{OPEN_UNTIL}-")
            is_closed(small)
    assert small.told() == ["WindowOpened", "WindowClosed"] * 2


def test_replicas_start_at_once_when_their_window_begins_soon(small: Llama) -> None:
    small.apply(schedule={"windows": [daily(now() + SOME_MINUTES)], "preWarm": "10m"})
    small.wait_for("WindowOpen", "False", "PreWarming")
    small.wait_for("Ready", "True", "AllReplicasReady")
    assert small.status()["schedule"]["open"] is False
    assert small.told() == []


def test_replicas_start_early_and_are_ready_when_their_window_begins(small: Llama) -> None:
    start = now() + SOME_MINUTES
    small.apply(schedule={**opens_at(start), "preWarm": "10m"})
    small.wait_for("WindowOpen", "False", "PreWarming")
    assert small.status()["schedule"] == {"open": False, "window": "", "nextTransition": text(start)}
    small.wait_for("Ready", "True", "AllReplicasReady")
    assert small.told() == []
    pods, start = small.uids(), soon()
    small.patch(schedule=opens_at(start))
    small.wait_for("WindowOpen", "True", "Open")
    assert start <= turned(small) < start + LATE
    assert small.uids() == pods
    (pod,) = small.pods()
    (ready,) = (one for one in pod["status"]["conditions"] if one["type"] == "Ready")
    assert datetime.fromisoformat(ready["lastTransitionTime"]) <= start
    assert small.told() == ["WindowOpened"]


def test_replicas_wait_for_the_time_of_their_warming(small: Llama) -> None:
    early = timedelta(minutes=2)
    small.apply(schedule={**opens_at(now() + AN_HOUR), "preWarm": "2m"})
    is_closed(small)
    warm = soon()
    small.patch(schedule=opens_at(warm + early))
    small.wait_for("WindowOpen", "False", "PreWarming")
    small.wait_for("Ready", "True", "AllReplicasReady")
    (pod,) = small.pods()
    assert warm <= datetime.fromisoformat(pod["metadata"]["creationTimestamp"]) < warm + LATE


BAD = {
    "an unknown zone": (
        {"timeZone": "Europe/Atlantis"},
        "spec.schedule.timeZone = Europe/Atlantis: must be ",
    ),
    "30 February": (
        {"windows": [{"name": "never", "start": "0 1 30 2 *", "duration": "4h"}]},
        "spec.schedule.windows[0].start = 0 1 30 2 *: must ",
    ),
    "longer than its period": (
        {"windows": [{"name": "long", "start": "0 */2 * * *", "duration": "3h"}]},
        "spec.schedule.windows[0].duration = 3h: must be at most 2h, ",
    ),
    "an exception that closes nothing": (
        {
            "windows": [{"name": "night", "start": "0 1 * * 1-5", "duration": "4h"}],
            "exceptions": [{"date": "2027-01-03", "state": "Closed"}],
        },
        "spec.schedule.exceptions[0] = Closed on 2027-01-03: must close a time in which ",
    ),
}


@pytest.mark.parametrize(("bad", "words"), BAD.values(), ids=BAD)
def test_a_bad_schedule_is_named_and_an_open_fleet_stays_open(
    small: Llama, bad: dict[str, Any], words: str
) -> None:
    schedule = open_now()
    small.apply(schedule=schedule)
    is_open(small)
    pods, level = small.uids(), small.status()["schedule"]
    small.patch(schedule={**schedule, **bad})
    message = small.wait_for("Sized", "False", "InvalidSpec")
    assert words in message
    assert small.condition("Ready")["status"] == "False"
    assert small.condition("WindowOpen")["status"] == "True"
    assert (small.uids(), small.status()["schedule"]) == (pods, level)
    assert len(endpoints(small)) == 1
    small.patch(schedule={"timeZone": None, "exceptions": None, **schedule})
    small.wait_for("Ready", "True", "AllReplicasReady")
    assert small.uids() == pods


def test_with_a_bad_schedule_a_closed_fleet_stays_closed(small: Llama, duty: Duty) -> None:
    """Also when the time has come at which it would have opened."""
    small.apply(schedule={**opens_at(now() + AN_HOUR), "preWarm": "1s"})
    is_closed(small)
    start = soon(12)
    small.patch(schedule=opens_at(start))
    knows(small, start)
    small.patch(schedule={"timeZone": "Europe/Atlantis"})
    small.wait_for("Sized", "False", "InvalidSpec")
    with duty.away():
        until(lambda: now() > start, SETTLE_SECONDS, "its window to begin")
    duty.look(small)
    assert small.get("deployment")["spec"]["replicas"] == 0
    assert small.pods() == endpoints(small) == []


def test_with_a_bad_schedule_a_person_can_close_a_fleet(small: Llama) -> None:
    small.apply(schedule=open_now())
    is_open(small)
    small.patch(schedule={"timeZone": "Europe/Atlantis"})
    small.wait_for("Sized", "False", "InvalidSpec")
    small.annotate(f"{CLOSED_UNTIL}={text(now() + timedelta(minutes=30))}")
    until(lambda: not small.pods() and not endpoints(small), SETTLE_SECONDS, "no pod to be left")
    assert small.get("deployment")["spec"]["replicas"] == 0


def test_with_a_bad_schedule_an_open_fleet_closes_at_the_end_that_was_known(small: Llama) -> None:
    begin = now() - SOME_MINUTES
    small.apply(schedule=opens_at(begin))
    is_open(small)
    end = soon(12)
    small.patch(schedule=opens_at(begin, end))
    knows(small, end)
    small.patch(schedule={"timeZone": "Europe/Atlantis"})
    small.wait_for("Sized", "False", "InvalidSpec")
    until(lambda: not small.pods() and not endpoints(small), SETTLE_SECONDS, "no pod to be left")
    assert end <= now(), "it is open until its end"
    small.wait_for("WindowOpen", "False", "SpecRefused")
    assert end <= turned(small) < end + LATE
    assert small.get("deployment")["spec"]["replicas"] == 0


def test_a_quiet_fleet_with_hours_and_money_causes_no_writes(small: Llama, duty: Duty) -> None:
    """Not by the time that goes by, and not by looks: not even when there is something to warn of."""
    cost = {"monthlyBudget": "2.00", "compareWith": "openai/gpt-4.1"}
    small.apply(schedule=open_now(), cost=cost, scaling={"minReplicas": 1, "maxReplicas": 1000})
    is_open(small)
    small.wait_for("CeilingWithinBudget", "False")
    small.wait_for("Progressing", "False", "Settled")
    duty.look(small)
    before, begun = duty.writes(small), now()
    assert before, "the operator did write while the fleet came up"
    while now() < begun + QUIET:
        duty.look(small)
    assert duty.writes(small) == before
