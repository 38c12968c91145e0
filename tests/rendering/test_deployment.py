"""What a Deployment becomes when its fleet is put to sleep by a spec that is refused otherwise."""

from builders import llama, plan_of
from llamafleet.rendering.deployment import asleep, deployment


def test_a_fleet_that_is_put_to_sleep_keeps_everything_of_ours_but_its_replicas() -> None:
    awake = deployment(llama(replicas=2), plan_of(llama(replicas=2)))
    assert asleep(awake) == {**awake, "spec": {**awake["spec"], "replicas": 0}}


def test_annotations_of_others_are_left_to_them() -> None:
    live = deployment(llama(), plan_of(llama()))
    ours = dict(live["metadata"]["annotations"])
    live["metadata"]["annotations"] |= {"deployment.kubernetes.io/revision": "3", "team": "blue"}
    assert ours.keys() == {"llamafleet.io/applied"}
    assert asleep(live)["metadata"]["annotations"] == ours


def test_a_deployment_that_lost_its_annotations_can_still_be_put_to_sleep() -> None:
    live = deployment(llama(), plan_of(llama()))
    del live["metadata"]["annotations"]
    assert asleep(live)["spec"]["replicas"] == 0
    assert asleep(live)["metadata"]["annotations"] == {}
