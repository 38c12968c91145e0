"""The kinds themselves change underneath, and nothing but them stands between a user and the API server."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import yaml

from fleet_operator import CRDS, MANIFESTS
from llamafleet.api.crd import crds
from llamas import SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("operator")]

HOOKS: Final = (
    "validatingwebhookconfigurations",
    "mutatingwebhookconfigurations",
    "validatingadmissionpolicies",
    "mutatingadmissionpolicies",
    "apiservices",
)
"""What can keep a request waiting for somebody else, or refuse it for that one's absence."""

Schema = dict[str, Any]


def test_an_install_has_no_webhook_that_could_be_away(installed: ControlPlane, namespace: str) -> None:
    """The rules are in the kinds: they hold while the operator is away, and nothing waits for anybody."""
    shipped = [
        (file.parent.name, document["kind"])
        for file in sorted(MANIFESTS.rglob("*.yaml"))
        for document in yaml.safe_load_all(file.read_text("utf-8"))
        if document
    ]
    assert len(shipped) > 5
    assert [kind for _, kind in shipped if "Webhook" in kind] == []
    policies = {folder for folder, kind in shipped if "AdmissionPolicy" in kind}
    assert policies == {"admission"}, "whoever wants some applies that folder, and it waits for nobody either"
    found = installed.kubectl("get", ",".join(HOOKS), "-o", "json")
    hooks = [one for one in json.loads(found)["items"] if "llamafleet" in json.dumps(one)]
    assert [one["metadata"]["name"] for one in hooks if not one["metadata"]["name"].endswith(_OUR_OWN)] == []
    definitions = installed.get("-f", str(CRDS))["items"]
    assert {one["spec"]["conversion"]["strategy"] for one in definitions} == {"None"}
    bad = Llama(installed, namespace, "bad")
    with pytest.raises(TestbedError, match=r"spec\.cost must have at least one of"):
        bad.apply(cost={"onExhausted": "Warn"})


_OUR_OWN: Final = ("llamafleet.io",)
"""The API services that Kubernetes makes for every group of a CRD; they lead to the API server itself."""


@pytest.fixture
def redefine(installed: ControlPlane) -> Iterator[Callable[[Callable[[Schema], None]], None]]:
    """Change the schema of our kind in the cluster; at the end it is as we ship it."""

    def change(edit: Callable[[Schema], None]) -> None:
        kinds = [copy.deepcopy(kind) for kind in crds()]
        for kind in kinds:
            if kind["spec"]["names"]["kind"] == "LlamaDeployment":
                edit(kind["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"])
        file = installed.folder / "other-kinds.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": kinds}))
        installed.install_kinds(file)

    yield change
    installed.install_kinds(CRDS)


def test_fields_of_a_newer_definition_are_ignored(
    installed: ControlPlane, namespace: str, redefine: Callable[[Callable[[Schema], None]], None]
) -> None:
    """The kinds are upgraded before the operator, as every upgrade should go."""
    fleet = Llama(installed, namespace, "newer")
    fleet.apply(replicas=1)
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    before = fleet.uids()
    text = {"type": "string"}

    def newer(properties: Schema) -> None:
        properties["spec"]["properties"]["hope"] = text
        properties["spec"]["properties"]["model"]["properties"]["mood"] = {**text, "default": "sunny"}
        properties["status"]["properties"]["weather"] = text

    redefine(newer)
    spec = {"model": {"mood": "cheerful"}, "hope": "yes", "replicas": 2}
    until(lambda: _takes(fleet, spec), SETTLE_SECONDS, "the new fields to be served")
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    assert before < fleet.uids(), "another replica, and the pod that ran goes on"
    patch = ("--subresource=status", "--type=merge", '-p={"status":{"weather":"rain"}}')
    installed.kubectl("patch", "llama", fleet.name, f"--namespace={namespace}", *patch)
    fleet.patch(replicas=1)
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    assert (fleet.status()["weather"], fleet.get()["spec"]["hope"]) == ("rain", "yes")


def _takes(fleet: Llama, spec: dict[str, Any]) -> bool:
    try:
        fleet.apply(**spec)
    except TestbedError:
        return False
    return True


def test_what_an_older_definition_does_not_know_is_taken_as_its_default(
    installed: ControlPlane, namespace: str, redefine: Callable[[Callable[[Schema], None]], None]
) -> None:
    """The kinds are older than the operator, as after ``helm upgrade``, which leaves them as they are.

    The fleet goes on; what it says and what it has spent are written, but for the fields that nobody knows.
    """
    fleet = Llama(installed, namespace, "older")
    fleet.apply(replicas=1, cost={"monthlyBudget": "1000.00"})
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    before = fleet.uids()

    def older(properties: Schema) -> None:
        for field in ("serving", "gpu"):
            properties["spec"]["properties"].pop(field)
        for field in ("drainingGpus", "reasons"):
            properties["status"]["properties"].pop(field)
        properties["status"]["properties"]["plan"]["properties"].pop("pipelineParallel")

    redefine(older)
    until(lambda: "serving" not in fleet.get()["spec"], SETTLE_SECONDS, "the old kind to be served")
    fleet.patch(replicas=2)
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    assert before < fleet.uids()
    status = fleet.status()
    assert (status["desiredReplicas"], "reasons" in status, "drainingGpus" in status) == (2, False, False)
    assert {meter["uid"] for meter in status["cost"]["ledger"]["meters"]} == fleet.uids()
    installed.install_kinds(CRDS)
    fleet.patch(replicas=1)
    until(lambda: "reasons" in fleet.status(), SETTLE_SECONDS, "the whole status, by our own kind")
    fleet.wait_for("Ready", "True", "AllReplicasReady")
