"""One reconcile, state in and state out: what is written, what is left alone, and what the status says."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from builders import NOW, ended, pod, raw_llama, raw_pool
from llamafleet.api.observed import Key
from llamafleet.catalogue import catalogue
from llamafleet.errors import Conflict, Ending, Forbidden, Unavailable
from llamafleet.reconcile.reconciler import Reconciler
from reconcile.memory import Memory

KEY = Key("team-a", "llama")
KINDS = ["ServiceAccount", "NetworkPolicy", "PodDisruptionBudget", "Service", "Deployment"]


class Fleet:
    """One resource in its world, and a clock that the test sets."""

    def __init__(self, raw: dict[str, Any] | None, **world: Any) -> None:
        """Put the resource into a world that holds these things beside it."""
        self.world = Memory(raw, **world)
        self.now = NOW
        self._reconciler = Reconciler(self.world, self._clock, "llamafleet-system", catalogue())

    def _clock(self) -> datetime:
        return self.now

    def reconcile(self) -> bool:
        """Whether there still is such a resource."""
        return self.repairs() is not None

    def repairs(self) -> int | None:
        """How many children had to be repaired."""
        outcome = asyncio.run(self._reconciler.reconcile(KEY))
        return None if outcome is None else outcome.repairs

    def settled(self) -> "Fleet":
        """The same after one reconcile, with the record of its writes cleared."""
        assert self.reconcile()
        self.world.writes.clear()
        return self

    @property
    def raw(self) -> dict[str, Any]:
        assert self.world.resource_now is not None
        return self.world.resource_now

    def condition(self, kind: str) -> tuple[str, str, str]:
        found = next(item for item in self.raw["status"]["conditions"] if item["type"] == kind)
        return found["status"], found["reason"], found["message"]


def fleet(**spec: Any) -> Fleet:
    return Fleet(raw_llama(**spec))


def test_a_new_resource_gets_its_children_in_order_and_then_its_status() -> None:
    new = fleet(replicas=2)
    assert new.reconcile()
    assert new.world.writes == [*(f"create {kind}" for kind in KINDS), "status"]
    assert new.world.objects["Deployment"]["spec"]["replicas"] == 2
    assert new.raw["status"]["desiredReplicas"] == 2
    assert new.condition("Ready")[:2] == ("False", "Starting")


def test_a_settled_fleet_causes_no_writes_however_much_time_passes() -> None:
    settled = fleet().settled()
    for _ in range(3):
        settled.now += timedelta(minutes=10)
        assert settled.reconcile()
    assert settled.world.writes == []


def test_only_the_child_whose_intent_changed_is_written() -> None:
    edited = fleet(replicas=1).settled()
    edited.raw["spec"]["replicas"] = 3
    edited.raw["metadata"]["generation"] = 2
    assert edited.reconcile()
    assert edited.world.writes == ["update Deployment", "status"]
    assert edited.world.objects["Deployment"]["spec"]["replicas"] == 3
    assert edited.raw["status"]["observedGeneration"] == 2


def test_a_child_that_was_deleted_is_made_again() -> None:
    robbed = fleet().settled()
    del robbed.world.objects["Service"]
    assert robbed.reconcile()
    assert robbed.world.writes == ["create Service"]


def test_a_child_that_somebody_changed_is_brought_back() -> None:
    drifted = fleet().settled()
    drifted.world.objects["Service"]["spec"]["ports"][0]["port"] = 8080
    assert drifted.reconcile()
    assert drifted.world.writes == ["update Service"]
    assert drifted.world.objects["Service"]["spec"]["ports"][0]["port"] == 80


def test_what_others_add_to_a_child_is_left_alone() -> None:
    annotated = fleet().settled()
    annotated.world.objects["Deployment"]["metadata"]["annotations"]["team"] = "a"
    annotated.world.objects["Service"]["spec"]["clusterIP"] = "10.0.0.1"
    assert annotated.reconcile()
    assert annotated.world.writes == []


def test_a_port_that_somebody_opened_in_the_network_policy_is_closed_again() -> None:
    opened = fleet().settled()
    rule = opened.world.objects["NetworkPolicy"]["spec"]["ingress"][0]
    rule["ports"].append({"protocol": "TCP", "port": 22})
    assert opened.reconcile()
    assert opened.world.writes == ["update NetworkPolicy"]


def test_a_quantity_in_the_api_servers_own_form_is_no_difference() -> None:
    quiet = fleet(serving={"resources": {"requests": {"cpu": "6000m"}}}).settled()
    template = quiet.world.objects["Deployment"]["spec"]["template"]
    template["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "6"
    assert quiet.reconcile()
    assert quiet.world.writes == []


def test_a_child_that_another_resource_controls_is_not_updated_but_claimed_by_creation() -> None:
    """Only the creation asks the API server whose the object is, and refuses when it is not ours."""
    foreign = fleet().settled()
    foreign.world.objects["Service"]["metadata"]["ownerReferences"][0]["uid"] = "somebody-else"
    foreign.world.refused["Service"] = Conflict("Service team-a/llama exists")
    with pytest.raises(Conflict, match="Service team-a/llama exists"):
        foreign.reconcile()
    assert foreign.world.writes == ["status"]
    assert foreign.condition("Degraded") == ("True", "NameConflict", "Service team-a/llama exists.")


def test_a_child_without_any_owner_is_not_updated_either() -> None:
    orphan = fleet().settled()
    del orphan.world.objects["Service"]["metadata"]["ownerReferences"]
    assert orphan.reconcile()
    assert orphan.world.writes == ["create Service"]


def test_a_resource_that_is_gone_is_no_work() -> None:
    gone = Fleet(None)
    assert not gone.reconcile()
    assert gone.world.writes == []


def test_a_resource_that_is_being_deleted_is_no_work() -> None:
    going = fleet()
    going.raw["metadata"]["deletionTimestamp"] = "2026-11-21T11:59:00Z"
    assert not going.reconcile()
    assert going.world.writes == []


def test_no_pods_are_made_while_one_of_their_guards_cannot_be_and_the_failure_is_raised() -> None:
    refused = fleet()
    refused.world.refused["PodDisruptionBudget"] = Forbidden("apply: HTTP 403: may not")
    with pytest.raises(Forbidden, match="HTTP 403: may not"):
        refused.reconcile()
    made = ["create ServiceAccount", "create NetworkPolicy", "create Service"]
    assert refused.world.writes == [*made, "status"]
    assert refused.condition("Ready") == ("False", "Forbidden", "apply: HTTP 403: may not.")
    assert refused.condition("Degraded") == ("True", "Forbidden", "apply: HTTP 403: may not.")
    assert "cost" not in refused.raw["status"], "nothing runs, so nothing costs"


def test_a_fleet_that_must_sleep_does_so_whatever_else_fails() -> None:
    """Money first: one child that cannot be written does not keep GPUs busy."""
    broken = fleet(replicas=2).settled()
    broken.world.objects["NetworkPolicy"]["spec"]["ingress"] = []
    broken.world.refused["NetworkPolicy"] = Forbidden("apply: HTTP 403: may not")
    broken.raw["spec"]["suspend"] = True
    with pytest.raises(Forbidden, match="may not"):
        broken.reconcile()
    assert broken.world.objects["Deployment"]["spec"]["replicas"] == 0
    assert broken.raw["status"]["desiredReplicas"] == 0
    assert broken.raw["status"]["cost"]["hourlyRate"] == "0.00"


def test_a_sleep_that_could_not_be_written_does_not_look_free() -> None:
    awake = fleet(replicas=2).settled()
    awake.world.refused["Deployment"] = Unavailable("apply: HTTP 500: no")
    awake.raw["spec"]["suspend"] = True
    with pytest.raises(Unavailable, match="HTTP 500"):
        awake.reconcile()
    assert awake.raw["status"]["desiredReplicas"] == 2
    assert awake.raw["status"]["cost"]["hourlyRate"] == "2.38"


def test_a_refused_spec_can_still_be_put_to_sleep() -> None:
    refused = fleet(replicas=2).settled()
    template = refused.world.objects["Deployment"]["spec"]["template"]
    refused.raw["spec"] |= {"gpu": {"pools": ["nowhere"]}, "suspend": True}
    assert refused.repairs() == 2
    assert refused.world.writes == ["update Service", "update Deployment", "status"]
    assert refused.world.objects["Deployment"]["spec"]["replicas"] == 0
    assert refused.world.objects["Deployment"]["spec"]["template"] == template
    assert refused.raw["status"]["desiredReplicas"] == 0
    assert refused.raw["status"]["cost"]["hourlyRate"] == "0.00"
    refused.world.writes.clear()
    assert refused.repairs() == 0
    assert refused.world.writes == []


def test_a_spec_that_cannot_even_be_read_can_be_put_to_sleep() -> None:
    """An older operator took it: the author must not have to mend it before it stops to cost."""
    unreadable = fleet(replicas=2).settled()
    unreadable.raw["spec"] |= {"gpu": {"count": 3}}
    assert unreadable.reconcile()
    assert unreadable.world.writes == ["status"]
    assert unreadable.raw["status"]["cost"]["hourlyRate"] == "2.38"
    unreadable.raw["spec"] |= {"suspend": True}
    assert unreadable.reconcile()
    assert unreadable.world.objects["Deployment"]["spec"]["replicas"] == 0
    assert unreadable.raw["status"]["cost"]["hourlyRate"] == "0.00"


def test_a_running_fleet_does_not_move_for_a_better_price() -> None:
    """Moving would take its pods away; the author decides when."""
    dear, cheap = (
        raw_pool(name, price={"onDemand": price}) for name, price in (("dear", "2"), ("cheap", "1"))
    )
    running = Fleet(raw_llama(), gpu_pools=(dear,)).settled()
    running.world.gpu_pools = (dear, cheap)
    assert running.repairs() == 0
    assert running.raw["status"]["plan"]["pool"] == "dear"
    running.raw["spec"]["suspend"] = True
    assert running.reconcile()
    running.raw["spec"]["suspend"] = False
    assert running.reconcile()
    assert running.raw["status"]["plan"]["pool"] == "cheap", "a fleet that sleeps wakes where it is cheapest"


def test_a_fleet_whose_status_is_of_an_older_release_stays_where_it_runs() -> None:
    """That release knew no pipeline stages, and did not say that there are none."""
    dear, cheap = (
        raw_pool(name, price={"onDemand": price}) for name, price in (("dear", "2"), ("cheap", "1"))
    )
    running = Fleet(raw_llama(), gpu_pools=(dear,)).settled()
    assert running.raw["status"]["plan"].pop("pipelineParallel") == 1
    running.world.gpu_pools = (dear, cheap)
    assert running.repairs() == 0
    plan = running.raw["status"]["plan"]
    assert (plan["pool"], plan["pipelineParallel"]) == ("dear", 1)


def test_a_lasting_failure_is_written_once() -> None:
    refused = fleet()
    refused.world.refused["Service"] = Unavailable("HTTP 500: no")
    for _ in range(3):
        with pytest.raises(Unavailable, match="HTTP 500: no"):
            refused.reconcile()
        refused.now += timedelta(minutes=1)
    assert refused.world.writes.count("status") == 1


def test_a_failure_that_ended_leaves_the_status() -> None:
    refused = fleet()
    refused.world.refused["Service"] = Unavailable("HTTP 500: no")
    with pytest.raises(Unavailable, match="HTTP 500: no"):
        refused.reconcile()
    refused.world.refused.clear()
    assert refused.reconcile()
    assert refused.condition("Degraded")[:2] == ("False", "AsExpected")


def test_a_namespace_that_ends_is_left_alone() -> None:
    ending = fleet()
    ending.world.refused["ServiceAccount"] = Ending("HTTP 403: being terminated")
    with pytest.raises(Ending):
        ending.reconcile()
    assert ending.world.writes == []


def test_a_spec_that_cannot_be_read_applies_nothing_and_says_why() -> None:
    unreadable = fleet()
    unreadable.raw["spec"]["serving"] = {"concurrency": 0}
    assert unreadable.reconcile()
    assert unreadable.world.writes == ["status"]
    status, reason, message = unreadable.condition("Sized")
    assert (status, reason) == ("False", "InvalidSpec")
    assert message == "spec.serving.concurrency = 0: must be greater than or equal to 1."


def test_a_spec_that_cannot_be_planned_applies_nothing_and_says_why() -> None:
    impossible = fleet(gpu={"pools": ["nowhere"]})
    assert impossible.reconcile()
    assert impossible.world.writes == ["status"]
    assert impossible.condition("Sized") == (
        "False",
        "InvalidSpec",
        "spec.gpu.pools = nowhere: must be the name of a GpuPool; there are: a100-80gb.",
    )


def test_a_bad_edit_leaves_the_children_and_the_decision_of_before() -> None:
    edited = fleet(replicas=2).settled()
    decided = edited.raw["status"]["plan"]
    edited.raw["spec"]["serving"] = {"contextLength": 1_000_000}
    edited.raw["metadata"]["generation"] = 2
    assert edited.reconcile()
    assert edited.world.writes == ["status"]
    assert edited.raw["status"]["plan"] == decided
    assert edited.raw["status"]["desiredReplicas"] == 2
    assert edited.world.objects["Deployment"]["spec"]["replicas"] == 2


def test_a_pool_that_cannot_be_read_stops_nobody_who_uses_another() -> None:
    good = raw_pool("good", price={"onDemand": "1"})
    mixed = Fleet(raw_llama(), gpu_pools=(raw_pool("broken", gpusPerNode="eight"), good))
    assert mixed.reconcile()
    assert mixed.raw["status"]["plan"]["pool"] == "good"


def test_a_pool_that_cannot_be_read_is_not_replaced_by_the_built_in_one() -> None:
    """The built-in pool has another price: taking it in silence would show a wrong bill."""
    alone = Fleet(raw_llama(), gpu_pools=(raw_pool("broken", gpusPerNode="eight"),))
    assert alone.reconcile()
    assert alone.condition("Sized")[:2] == ("False", "InvalidSpec")
    assert "broken: spec.gpusPerNode = eight" in alone.condition("Sized")[2]
    assert alone.world.objects == {}


GARBLED: dict[str, dict[str, Any]] = {
    "words where a list should be": {"conditions": "all well"},
    "a condition without a time": {"conditions": [{"type": "Ready", "status": "True", "reason": "R"}]},
    "a count below zero": {"desiredReplicas": -1},
}


@pytest.mark.parametrize("status", GARBLED.values(), ids=GARBLED.keys())
def test_a_garbled_status_is_written_anew(status: dict[str, Any]) -> None:
    garbled = fleet(scaling={"minReplicas": 2, "maxReplicas": 4}).settled().settled()
    written = garbled.raw["status"]
    garbled.raw["status"] = status
    assert garbled.reconcile()
    assert garbled.world.writes == ["status"]
    assert garbled.raw["status"] == written


def test_the_log_of_a_failed_server_explains_it() -> None:
    crashed = pod(ended=ended("Error", 1, "RuntimeError: Engine core initialization failed."), restarts=1)
    log = "(EngineCore pid=1) ERROR ValueError: No available memory for the cache blocks. Try\nlast line"
    failing = Fleet(raw_llama(), running=(crashed,), logs={crashed.name: log})
    assert failing.reconcile()
    assert failing.condition("Degraded")[:2] == ("True", "InsufficientMemory")


def test_a_log_that_cannot_be_read_stops_nothing() -> None:
    crashed = pod(ended=ended("Error", 1, "RuntimeError: Engine core initialization failed."))
    failing = Fleet(raw_llama(), running=(crashed,), logs={crashed.name: Unavailable("HTTP 500")})
    assert failing.reconcile()
    assert failing.condition("Degraded")[:2] == ("True", "ServerFailed")


def test_a_refused_pod_creation_is_told_from_the_deployments_status() -> None:
    quota = fleet().settled()
    quota.world.objects["Deployment"]["status"] = {
        "conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: gpus"}]
    }
    assert quota.reconcile()
    assert quota.condition("Degraded") == (
        "True",
        "PodsNotCreated",
        "pods are refused: exceeded quota: gpus.",
    )


def test_ready_pods_make_the_resource_ready_and_write_only_the_status() -> None:
    starting = fleet().settled()
    starting.now += timedelta(minutes=5)
    starting.world.roll_out(pod(ready=True))
    assert starting.reconcile()
    assert starting.world.writes == ["status"]
    assert starting.condition("Ready") == ("True", "AllReplicasReady", "1 of 1 replicas are ready.")
    assert starting.raw["status"]["readyReplicas"] == 1


def test_pods_of_the_last_spec_do_not_make_the_new_one_ready() -> None:
    edited = fleet().settled()
    edited.world.roll_out(pod(ready=True))
    edited.settled()
    edited.raw["spec"]["serving"] = {"contextLength": 8192}
    edited.raw["metadata"]["generation"] = 2
    assert edited.reconcile()
    assert edited.world.writes == ["update Deployment", "status"]
    assert edited.raw["status"]["observedGeneration"] == 2
    assert edited.condition("Ready")[0] == "False"
    assert edited.condition("Progressing")[0] == "True"


def test_an_account_that_may_not_be_kept_is_not_remembered_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    fleet = Fleet(raw_llama()).settled()
    fleet.world.accounts_left[KEY] = fleet.raw["status"]["cost"]["ledger"]
    fleet.world.refused["account"] = Forbidden("HTTP 403")
    fleet.world.resource_now = None
    assert not fleet.reconcile()
    assert not fleet.reconcile()
    assert caplog.messages == ["team-a/llama leaves no account: HTTP 403"]
    assert fleet.world.accounts_left == {}
