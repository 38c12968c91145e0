"""The life of a LlamaDeployment on a real control plane: applied, edited, tampered with, deleted."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from fleet_operator import OperatorProcess
from llamas import CHILDREN, GONE_SECONDS, SETTLE_SECONDS, Llama
from testbed.audit import DECISION, length, whole_lines
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("operator")]

OPERATOR = "system:serviceaccount:llamafleet-system:llamafleet"
Event = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def audited(installed: ControlPlane) -> Callable[[], list[Event]]:
    """What the API server has recorded of the operators of this module, from before the first one started.

    It writes its audit log before it answers, so an answer that was seen has its line.
    """
    start = length(installed.audit_log)

    def events() -> list[Event]:
        lines = whole_lines(installed.audit_log, start)
        found = [json.loads(line) for line in lines if OPERATOR.encode() in line]
        return [event for event in found if event["user"]["username"] == OPERATOR]

    return events


@pytest.fixture
def scout(installed: ControlPlane, namespace: str) -> Llama:
    return Llama(installed, namespace, "scout")


@pytest.fixture
def small(installed: ControlPlane, namespace: str) -> Llama:
    """An 8B model: one GPU."""
    return Llama(installed, namespace, "small")


@pytest.mark.parametrize(
    ("name", "gpus", "numbers"),
    [
        ("scout", 1, ("INT4", "72.82 GiB usable", "58.79 weights", "2.50 overhead", "11.49 GiB KV cache")),
        ("maverick", 2, ("INT4", "72.82 GiB usable", "99.76 weights", "in host memory", "4.53 GiB KV cache")),
    ],
    ids=["scout takes one GPU", "maverick takes two, with part of its experts in host memory"],
)
def test_a_sample_becomes_ready_on_the_right_gpus_and_says_why(
    installed: ControlPlane, namespace: str, name: str, gpus: int, numbers: tuple[str, ...]
) -> None:
    llama = Llama(installed, namespace, name)
    llama.apply_sample()
    llama.wait_for("Ready", "True", "AllReplicasReady")
    (pod,) = llama.pods()
    assert pod["spec"]["containers"][0]["resources"]["limits"] == {"nvidia.com/gpu": str(gpus)}
    node = installed.get("node", pod["spec"]["nodeName"])
    assert node["metadata"]["labels"]["nvidia.com/gpu.product"] == "NVIDIA-A100-SXM4-80GB"
    described = installed.kubectl("describe", "llama", name, f"--namespace={namespace}")
    for number in numbers:
        assert number in described
    status = llama.get()["status"]
    assert status["plan"]["gpusPerReplica"] == gpus
    assert Decimal(status["cost"]["hourlyRate"]) == gpus * Decimal("1.19")
    assert status["observedGeneration"] == 1


def test_the_table_answers_whether_it_is_well(scout: Llama) -> None:
    scout.apply_sample()
    scout.wait_for("Ready", "True")

    def answers() -> bool:
        heading, row = scout.cluster.kubectl("get", "llama", f"--namespace={scout.namespace}").splitlines()
        assert heading.split("  ")[0] == "NAME"
        assert row.split()[:7] == ["scout", "True", "scout", "1", "1", "1", "1.19"]
        return True

    # Its Deployment and its pods are watched apart: the one may be known to be complete before the others.
    until(answers, SETTLE_SECONDS, "the table to count its replica")


def test_every_child_is_owned_by_the_resource(scout: Llama) -> None:
    scout.apply_sample()
    scout.wait_for("Ready", "True")
    uid = scout.get()["metadata"]["uid"]
    for kind in CHILDREN:
        (owner,) = scout.get(kind)["metadata"]["ownerReferences"]
        assert (owner["uid"], owner["controller"]) == (uid, True)


def test_we_leave_no_mark_on_our_own_resource_but_its_status(scout: Llama) -> None:
    scout.apply_sample()
    scout.wait_for("Ready", "True")
    resource = scout.cluster.get(
        "llama", scout.name, f"--namespace={scout.namespace}", "--show-managed-fields"
    )
    metadata = resource["metadata"]
    assert "finalizers" not in metadata
    assert set(metadata.get("annotations", {})) == set()
    ours = [entry for entry in metadata["managedFields"] if entry["manager"] == "llamafleet"]
    assert [entry["subresource"] for entry in ours] == ["status"]


def test_an_edit_changes_the_pods(small: Llama) -> None:
    small.apply()
    small.wait_for("Ready", "True")
    small.apply(serving={"contextLength": 16384}, replicas=2)
    small.wait_for("Ready", "True", "AllReplicasReady")

    def both_new() -> bool:
        pods = small.pods()
        assert len(pods) == 2
        return all("--max-model-len=16384" in pod["spec"]["containers"][0]["args"] for pod in pods)

    until(both_new, SETTLE_SECONDS, "two pods with the new context length")
    assert small.get()["status"]["cost"]["hourlyRate"] == "2.38"


def test_an_edit_is_not_ready_before_its_own_pods_are(small: Llama) -> None:
    """What ran before says nothing about the new spec: ``kubectl wait`` and GitOps tools rely on that."""
    small.apply()
    small.wait_for("Ready", "True")
    small.cluster.annotate_new_pods(small.namespace, load_time="600s")
    small.apply(serving={"contextLength": 16384})
    until(
        lambda: small.get()["status"]["observedGeneration"] == 2,
        SETTLE_SECONDS,
        "the operator to act on the edit",
    )
    assert small.condition("Ready")["status"] == "False"
    assert small.condition("Progressing")["status"] == "True"
    small.cluster.annotate_new_pods(small.namespace)


def test_a_name_can_be_used_again_at_once(small: Llama) -> None:
    """What the first one left is waited for, not taken over."""
    small.apply()
    small.wait_for("Ready", "True")
    first = small.get()["metadata"]["uid"]
    small.delete()
    small.apply()
    until(
        lambda: small.condition("Ready").get("status") == "True", GONE_SECONDS, "the second one to be ready"
    )
    second = small.get()["metadata"]["uid"]
    assert second != first
    for kind in CHILDREN:
        assert [owner["uid"] for owner in small.get(kind)["metadata"]["ownerReferences"]] == [second]


def test_kubectl_scale_and_suspend_change_the_count(small: Llama) -> None:
    small.apply(replicas=1)
    small.wait_for("Ready", "True")
    small.cluster.kubectl("scale", "llama", small.name, "--replicas=3", f"--namespace={small.namespace}")
    small.wait_for("Ready", "True", "AllReplicasReady")
    assert len(small.pods()) == 3
    small.cluster.kubectl(
        "patch",
        "llama",
        small.name,
        f"--namespace={small.namespace}",
        "--type=merge",
        '-p={"spec":{"suspend":true}}',
    )
    small.wait_for("Ready", "True", "ScaledToZero")
    until(lambda: not small.pods(), SETTLE_SECONDS, "no pod to be left")
    status = small.get()["status"]
    assert status["reasons"][-1]["step"] == "suspended"
    assert status["cost"]["hourlyRate"] == "0.00"


def test_a_deleted_resource_leaves_nothing(small: Llama) -> None:
    small.apply()
    small.wait_for("Ready", "True")
    small.delete()
    until(lambda: small.left() == [] and not small.pods(), GONE_SECONDS, "every child to be gone")


def writes(events: list[Event], llama: Llama) -> list[str]:
    """What was written in the namespace of this resource."""
    return [
        f"{event['verb']} {event['requestURI']}"
        for event in events
        if event.get("objectRef", {}).get("namespace") == llama.namespace
        and event["verb"] not in {"get", "list", "watch"}
    ]


def looks(events: list[Event], llama: Llama) -> int:
    """How often this resource was read, as every look at it begins."""
    path = f"/apis/llamafleet.io/v1alpha1/namespaces/{llama.namespace}/llamadeployments/{llama.name}"
    return sum((event["verb"], event["requestURI"]) == ("get", path) for event in events)


def test_of_an_impossible_resource_nothing_but_its_status_is_ever_written(
    small: Llama, audited: Callable[[], list[Event]]
) -> None:
    small.apply(model={"variant": "maverick", "quantization": "BF16"}, gpu={"hostOffload": "Never"})
    message = small.wait_for("Sized", "False", "DoesNotFit")
    assert "BF16 on 8 x a100-80gb (pool a100-80gb) needs 97.04 of 72.82 GiB per GPU" in message
    written = {
        line.partition("?")[0].rpartition("/llamadeployments/")[2] for line in writes(audited(), small)
    }
    assert written == {"small/status"}


def test_a_quiet_fleet_causes_no_writes(
    operator: OperatorProcess, scout: Llama, audited: Callable[[], list[Event]]
) -> None:
    """Nothing is written once the fleet has settled, not even by an operator that starts anew."""
    scout.apply_sample()
    scout.wait_for("Progressing", "False", "Settled")
    look(scout, audited, "settled")  # what is seen may have no line yet, and pods may be known after it
    before = writes(audited(), scout)
    assert before, "the operator did write while the fleet came up, and the audit log shows it"
    seen = len(audited())
    operator.restart()
    until(lambda: looks(audited()[seen:], scout), SETTLE_SECONDS, "the new operator to look")
    look(scout, audited, "quiet")
    assert writes(audited(), scout) == before


def look(llama: Llama, audited: Callable[[], list[Event]], note: str) -> None:
    """Have it look once more, from beginning to end, by something that concerns nobody.

    Nobody looks at one resource twice at the same time, so the next look shows that the one before has ended,
    with whatever it wrote.
    """
    for once_more in (note, f"still-{note}"):
        seen = len(audited())
        llama.annotate(f"note={once_more}")
        until(
            lambda seen=seen: looks(audited()[seen:], llama),  # type: ignore[misc]
            SETTLE_SECONDS,
            f"the operator to look again after {once_more}",
        )


def test_the_operator_uses_only_the_rights_that_it_was_given(
    small: Llama, audited: Callable[[], list[Event]]
) -> None:
    """In this life, and in those of all tests above."""
    small.apply()
    small.wait_for("Ready", "True")
    # A request that its operator has dropped may end before anybody decides on it.
    notes = [event.get("annotations", {}) for event in audited()]
    assert {note[DECISION] for note in notes if DECISION in note} == {"allow"}
