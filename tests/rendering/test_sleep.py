"""What the children of a fleet become when it is put to sleep by a spec that is refused otherwise."""

from typing import Any

from builders import llama, plan_of
from llamafleet.rendering.deployment import deployment
from llamafleet.rendering.service import service
from llamafleet.rendering.sleep import asleep


def slept(live: dict[str, Any]) -> dict[str, Any]:
    (only,) = asleep({"Deployment": live})
    return only


def test_a_fleet_that_is_put_to_sleep_keeps_everything_of_ours_but_its_replicas() -> None:
    awake = deployment(llama(replicas=2), plan_of(llama(replicas=2)))
    assert slept(awake) == {**awake, "spec": {**awake["spec"], "replicas": 0}}


def test_its_service_leads_nowhere_before_its_pods_end_and_keeps_the_address_that_it_was_given() -> None:
    awake = service(llama(), is_open=True)
    live = {**awake, "spec": {**awake["spec"], "clusterIP": "10.96.0.7"}}
    first, then = asleep({"Deployment": deployment(llama(), plan_of(llama())), "Service": live})
    assert first == {
        **awake,
        "spec": service(llama(), is_open=False)["spec"],
    }
    assert then["kind"] == "Deployment"


def test_annotations_of_others_are_left_to_them() -> None:
    live = deployment(llama(), plan_of(llama()))
    ours = dict(live["metadata"]["annotations"])
    live["metadata"]["annotations"] |= {"deployment.kubernetes.io/revision": "3", "team": "blue"}
    assert all(key.startswith("llamafleet.io/") for key in ours)
    assert slept(live)["metadata"]["annotations"] == ours


def test_a_deployment_that_lost_its_annotations_can_still_be_put_to_sleep() -> None:
    live = deployment(llama(), plan_of(llama()))
    del live["metadata"]["annotations"]
    assert slept(live)["spec"]["replicas"] == 0
    assert slept(live)["metadata"]["annotations"] == {}


def test_nothing_is_put_to_sleep_where_nothing_runs() -> None:
    assert asleep({"Service": service(llama(), is_open=True)}) == ()
