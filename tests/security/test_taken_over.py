"""The optional admission policy of the operator's account: whoever takes it over stays within the fleets."""

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest

from exploration.author import Answer, author
from fleet_operator import ACCOUNT, NAMESPACE
from llamafleet.adapters.kinds import POD
from llamafleet.api.names import child_labels
from security.attempts import Json
from security.guard import OPERATOR, pod, refusal
from testbed.cluster import SERVED_SECONDS
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

OWN: Final = "the operator may change only what belongs to a fleet"


def _head(api_version: str, kind: str, name: str, **metadata: Any) -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **metadata}}


def _owned(api_version: str, kind: str, name: str = "x", **content: Any) -> Json:
    owner = {
        "apiVersion": "llamafleet.io/v1alpha1",
        "kind": "LlamaDeployment",
        "name": "x",
        "uid": "u-1",
        "controller": True,
    }
    head = _head(api_version, kind, name, labels=child_labels("x"), ownerReferences=[owner])
    return {**head, **content}


def _deployment(**fields: Any) -> Json:
    container = {
        "name": "vllm",
        "image": "x",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        **fields.pop("container", {}),
    }
    spec = {
        "serviceAccountName": "x",
        "automountServiceAccountToken": False,
        "containers": [container],
        **fields,
    }
    labels = child_labels("x")
    template = {"metadata": {"labels": labels}, "spec": spec}
    return _owned("apps/v1", "Deployment", spec={"selector": {"matchLabels": labels}, "template": template})


TAKEN_OVER: Final = {
    "an account of its own": _head("v1", "ServiceAccount", "mine"),
    "an account of its own under a fleet's labels": _head(
        "v1", "ServiceAccount", "mine", labels=child_labels("x")
    ),
    "a child under another name": _owned("v1", "ServiceAccount", "coredns"),
    "a Deployment with another account": _deployment(serviceAccountName="builder"),
    "a Deployment with a token": _deployment(automountServiceAccountToken=True),
    "a Deployment on the host's network": _deployment(hostNetwork=True),
    "a Deployment with the host's processes": _deployment(hostPID=True),
    "a Deployment with a folder of the host": _deployment(volumes=[{"name": "r", "hostPath": {"path": "/"}}]),
    "a Deployment with a Secret": _deployment(volumes=[{"name": "r", "secret": {"secretName": "others"}}]),
    "a Deployment with privileges": _deployment(
        container={
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "privileged": False,
                "capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]},
            }
        }
    ),
}


@pytest.mark.parametrize("what", TAKEN_OVER)
def test_whoever_takes_the_operator_over_cannot_make(guarded: ControlPlane, what: str) -> None:
    ours = _deployment()
    assert refusal(guarded, ours, OPERATOR) == ""
    assert "ValidatingAdmissionPolicy 'llamafleet-operator'" in refusal(guarded, TAKEN_OVER[what], OPERATOR)


@pytest.mark.parametrize(
    ("labels", "patch", "words"),
    [
        ({"app": "shop"}, {"metadata": {"labels": {"a": "b"}}}, OWN),
        ({"app": "shop"}, {"metadata": {"labels": child_labels("x")}}, OWN),
        (
            child_labels("x"),
            {"spec": {"containers": [{"name": "a", "image": "evil.example/x"}]}},
            "the operator may change only labels and annotations of a pod",
        ),
        (child_labels("x"), {"metadata": {"labels": {"llamafleet.io/deployment": "y"}}}, OWN),
        (child_labels("x"), {"metadata": {"annotations": {"a": "b"}}}, ""),
    ],
    ids=["others", "others made its own", "another image", "to another fleet", "an annotation"],
)
def test_whoever_takes_the_operator_over_cannot_change_pods(
    guarded: ControlPlane, namespace: str, labels: Json, patch: Json, words: str
) -> None:
    body = {**pod("a"), "metadata": {"name": "one", "namespace": namespace, "labels": labels}}
    body["spec"] = {"containers": [{"name": "a", "image": "shop"}]}
    accounts = ("serviceaccounts", f"--namespace={namespace}")
    until(
        lambda: guarded.get(*accounts)["items"], SERVED_SECONDS, "the account without which no pod is let in"
    )
    guarded.apply(body)
    kubeconfig = guarded.folder / f"operator-{namespace}"
    guarded.kubeconfig_for_service_account(NAMESPACE, ACCOUNT, kubeconfig)
    changed = {"apiVersion": "v1", "kind": "Pod", **patch}
    changed["metadata"] = {"name": "one", "namespace": namespace, **patch.get("metadata", {})}
    answer = asyncio.run(_apply(kubeconfig, changed))
    assert (words in answer.message) if words else answer.taken, answer.message


async def _apply(kubeconfig: Path, body: Json) -> Answer:
    """As the operator itself would: it may not read a pod by its name, as kubectl does first."""
    async with author(kubeconfig) as operator:
        return await operator.apply(POD, body, dry=True)
