"""A user who may create LlamaDeployments in one namespace, and nothing else, tries to gain more by them.

What can be told by its form the API server refuses, in words that name the field. The rest is contained: of
it the operator makes what it makes for everybody, in the same namespace, and touches nothing of others.
"""

import json
from collections.abc import Iterator
from typing import Final

import pytest

from fleet_operator import NAMESPACE
from llamas import SETTLE_SECONDS, Llama
from security.attempts import pool
from security.attempts_flags import DANGEROUS, EVERY_OTHER_FLAG
from security.attempts_pools import REFUSED_POOLS
from security.expected import fleet_of
from security.place import HERE, TENANT, THERE
from security.shape import faults, live_pod_faults
from security.storm import REFUSED, TAKEN, Outcome, reasons, storm
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.wait import until

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def outcome(installed: ControlPlane) -> Iterator[Outcome]:
    """Everything was tried."""
    with storm(installed) as found:
        yield found


def test_there_are_hundreds_of_attempts_and_the_worst_flags_are_among_them() -> None:
    own = len(REFUSED) - len(EVERY_OTHER_FLAG) + len(REFUSED_POOLS) + len(TAKEN)
    assert own >= 300
    assert len(TAKEN) >= 100
    assert {f"vLLM's own {name}" for name in DANGEROUS} <= EVERY_OTHER_FLAG.keys()


@pytest.mark.parametrize("what", [*REFUSED, *REFUSED_POOLS])
def test_it_is_refused_in_words_that_name_the_field(outcome: Outcome, what: str) -> None:
    answer, words = outcome.answers[what], ({**REFUSED, **REFUSED_POOLS})[what].words
    assert not answer.taken, "it was taken"
    assert words is not None
    assert words in answer.message


@pytest.mark.parametrize("what", TAKEN)
def test_it_is_contained(outcome: Outcome, what: str) -> None:
    """What came of it is a model server of the restricted shape, or nothing and a reason."""
    assert outcome.answers[what].taken, outcome.answers[what].message
    raw = outcome.resources.get(outcome.named[what])
    if raw is None:
        return  # the garbage collector took it: its owner does not exist
    fleet = fleet_of(raw, outcome.pools)
    made = [one for one in outcome.objects if _belongs(one, raw)]
    assert [fault for one in made for fault in faults(one, fleet)] == []
    pods = [
        one for one in outcome.pods if one["metadata"]["labels"]["llamafleet.io/deployment"] == fleet.name
    ]
    assert [fault for one in pods for fault in live_pod_faults(one, fleet)] == []
    assert made or reasons(raw).get("Ready") not in {None, "AllReplicasReady"}


def _belongs(child: dict[str, object], raw: dict[str, object]) -> bool:
    return raw["metadata"]["uid"] in json.dumps(child["metadata"]["ownerReferences"])  # type: ignore[index]


def test_nothing_was_made_that_belongs_to_no_resource_there(outcome: Outcome) -> None:
    uids = {raw["metadata"]["uid"] for raw in outcome.resources.values()}
    strangers = [
        f"{one['kind']} {one['metadata']['namespace']}/{one['metadata']['name']}"
        for one in outcome.objects
        if one["metadata"]["namespace"] != HERE
        or not {owner["uid"] for owner in one["metadata"]["ownerReferences"]} <= uids
    ]
    assert strangers == []


def test_nothing_of_others_was_touched(outcome: Outcome) -> None:
    before, after = outcome.others
    assert after == before


CONFLICTS: Final = {
    "the name of the default account": "ServiceAccount",
    "the name of an account with rights": "ServiceAccount",
    "the name of a Service of others": "Service",
    "the name of a Deployment of others": "Deployment",
    "the name of a policy of others": "NetworkPolicy",
    "the name of a budget of others": "PodDisruptionBudget",
    "the name of a slice of others": "EndpointSlice",
}


@pytest.mark.parametrize("what", CONFLICTS)
def test_a_name_of_others_gets_no_pod_and_the_author_is_told_why(outcome: Outcome, what: str) -> None:
    raw = outcome.resources[outcome.named[what]]
    (message,) = [one["message"] for one in raw["status"]["conditions"] if one["type"] == "Ready"]
    name = outcome.named[what]
    assert reasons(raw)["Ready"] == "NameConflict"
    assert f"{CONFLICTS[what]} {HERE}/" in message
    assert not [one for one in outcome.pods if one["metadata"]["labels"]["llamafleet.io/deployment"] == name]


def test_a_status_that_was_brought_along_counts_for_nothing(outcome: Outcome) -> None:
    status = outcome.resources[outcome.named["a status beside the spec"]]["status"]
    assert status["observedGeneration"] == 1
    assert status["desiredReplicas"] == 1
    assert "-99" not in json.dumps(status)


def test_an_instant_that_is_none_is_told_in_a_condition(outcome: Outcome) -> None:
    status = outcome.resources[outcome.named["an instant that writes a log line"]]["status"]
    (odd,) = [one for one in status["conditions"] if one["type"] == "AnnotationsValid"]
    assert odd["reason"] == "InvalidAnnotation"
    assert "must be an instant with its offset from UTC" in odd["message"]


def test_no_pod_was_held_back_by_the_restricted_rules(outcome: Outcome) -> None:
    events = outcome.cluster.get("events", f"--namespace={HERE}", "--field-selector=reason=FailedCreate")
    assert not [one["message"] for one in events["items"] if "PodSecurity" in one["message"]]


def test_the_operator_is_well_and_its_log_holds_no_line_of_anybody_elses(outcome: Outcome) -> None:
    assert outcome.operator.alive()
    log = outcome.operator.log.read_text()
    assert "Traceback" not in log
    assert not [line for line in log.splitlines() if line.startswith("[ERROR] root is gone")]
    assert "\x1b[31m" not in log
    assert "\u202e" not in log


def test_somebody_honest_is_served_meanwhile(outcome: Outcome) -> None:
    fleet = Llama(outcome.cluster, THERE, "honest")
    fleet.apply(model={"quantization": "FP8"})
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    raw = fleet.get()
    children = [fleet.get(kind) for kind in ("deployment", "service", "networkpolicy", "serviceaccount")]
    assert [fault for one in children for fault in faults(one, fleet_of(raw, outcome.pools))] == []


SUBRESOURCE: Final = ("--subresource=status", "--type=merge")

BY_HAND: Final = {
    "write a status": ("patch", "llama", "vllm", *SUBRESOURCE, '--patch={"status":{"replicas":7}}'),
    "scale by the subresource": ("scale", "llama", "vllm", "--replicas=7"),
    "make a pod": ("run", "shell", "--image=sh"),
    "make a Deployment": ("create", "deployment", "x", "--image=sh"),
    "change a child": ("patch", "deployment", "vllm", '--patch={"spec":{"replicas":7}}'),
    "read a child": ("get", "deployment", "vllm"),
    "read a Secret": ("get", "secret", "builder-token"),
    "run a program in a pod": ("exec", "x", "--", "sh"),
    "read a log": ("logs", "x"),
    "get a token": ("create", "token", "builder"),
    "read the carry-over": ("get", "configmap", "llamafleet-carry-over", f"--namespace={NAMESPACE}"),
    "give itself a role": ("create", "rolebinding", "more", "--clusterrole=admin", f"--user={TENANT}"),
    "make a pool": ("create", "-f", "-"),
    "look elsewhere": ("get", "llama", f"--namespace={THERE}"),
}


@pytest.mark.parametrize("what", BY_HAND)
def test_the_tenant_may_not(outcome: Outcome, what: str) -> None:
    kubectl = outcome.cluster.kubectl
    body = json.dumps({**pool(), "metadata": {"name": "mine"}})
    elsewhere = any(word.startswith("--namespace=") for word in BY_HAND[what])
    where = () if elsewhere else (f"--namespace={HERE}",)
    with pytest.raises(TestbedError, match=r"cannot|forbidden"):
        kubectl(*BY_HAND[what][:1], *where, f"--as={TENANT}", *BY_HAND[what][1:], input=body)


def test_a_status_that_somebody_forges_is_put_right_and_grants_nothing(outcome: Outcome) -> None:
    """By somebody with that right. Neither sum nor plan is believed: the pods that there are count."""
    fleet, here = Llama(outcome.cluster, THERE, "forged"), f"--namespace={THERE}"
    fleet.apply(model={"quantization": "FP8"}, cost={"monthlyBudget": "1000.00"})
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    forged = {"observedGeneration": 99, "desiredReplicas": 7, "replicas": 0, "cost": None, "plan": None}
    patch = json.dumps({"status": forged})
    outcome.cluster.kubectl("patch", "llama", "forged", here, *SUBRESOURCE, f"--patch={patch}")
    fleet.annotate("note=look")
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    until(lambda: _is_right(fleet), SETTLE_SECONDS, "the status to be put right")
    assert (fleet.get("deployment")["metadata"]["generation"], len(fleet.pods())) == (1, 1)


def _is_right(fleet: Llama) -> bool:
    status = fleet.status()
    paid = {meter["uid"] for meter in status.get("cost", {}).get("ledger", {}).get("meters", ())}
    return (status["desiredReplicas"], status["observedGeneration"], paid) == (1, 1, fleet.uids())
