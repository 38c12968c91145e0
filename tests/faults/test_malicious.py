"""A user who may create our resources and nothing else tries to gain more by them.

What can be told by its form the API server refuses, for the kinds say so; the rest is contained.
"""

import json
from typing import Any, Final, NamedTuple

import pytest

from cases.manifests import llama, model, pool, serving, window
from fleet_operator import OperatorProcess
from llamas import SETTLE_SECONDS, Llama
from testbed.cluster import Cluster
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.wait import until

pytestmark = pytest.mark.cluster


class Refused(NamedTuple):
    """A manifest that is not taken, and the API server's words."""

    body: dict[str, Any]
    words: str


WINDOW: Final = {"start": "0 1 * * *", "duration": "1h"}

REFUSED: Final = {
    "a command in the name of a model": Refused(
        model(source="hf://org/name;reboot", quantization="FP8"), "spec.model.source in body should match"
    ),
    "a command in the place of a model": Refused(
        model(source="hf://org/$(reboot)", quantization="FP8"), "spec.model.source in body should match"
    ),
    "a way out of the volume": Refused(
        model(source="pvc://claim/../../etc", quantization="FP8"), "spec.model.source in body should match"
    ),
    "an option in the place of a model": Refused(
        model(source="hf://--trust-remote-code/x", quantization="FP8"),
        "spec.model.source in body should match",
    ),
    "an option in the place of a revision": Refused(
        model(source="hf://org/name@--trust-remote-code", quantization="FP8"),
        "spec.model.source in body should match",
    ),
    "an image with a command": Refused(serving(image="vllm:v1; rm -rf /"), "spec.serving.image in body"),
    "a short option": Refused(serving(extraArgs=["-tp", "8"]), "spec.serving.extraArgs[0] in body"),
    "the port": Refused(serving(extraArgs=["--port=1"]), "must leave this flag to the operator"),
    "the API key": Refused(serving(extraArgs=["--api-key=x"]), "must name only allowed tuning flags"),
    "code from the hub": Refused(serving(extraArgs=["--trust-remote-code"]), "must name only allowed"),
    "the name by which it is served": Refused(
        serving(extraArgs=["--served-model-name=gpt"]), "must leave this flag to the operator"
    ),
    "two flags in one": Refused(
        serving(extraArgs=["--kv-cache-dtype=fp8 --host=::"]), "must give --kv-cache-dtype one of the values"
    ),
    "a line break in a flag": Refused(
        serving(extraArgs=["--seed=7\n--host=::"]), "spec.serving.extraArgs[0] in body should match"
    ),
    "a secret of another namespace": Refused(
        model(tokenSecretRef={"name": "hub", "key": "token", "namespace": "kube-system"}), "unknown field"
    ),
    "a secret by its path": Refused(
        model(tokenSecretRef={"name": "../kube-system/hub", "key": "token"}), "tokenSecretRef.name in body"
    ),
    "a volume of the host": Refused(
        serving(volumes=[{"name": "root", "hostPath": {"path": "/"}}]), "unknown field"
    ),
    "the network of the host": Refused(serving(hostNetwork=True), "unknown field"),
    "privileges": Refused(serving(securityContext={"privileged": True}), "unknown field"),
    "the account of somebody else": Refused(serving(serviceAccountName="admin"), "unknown field"),
    "a node of one's choice": Refused(llama(gpu={"nodeName": "control-plane"}), "unknown field"),
    "a taint of one's choice": Refused(llama(gpu={"tolerations": [{"operator": "Exists"}]}), "unknown field"),
    "a whole template": Refused(llama(template={"spec": {"hostPID": True}}), "unknown field"),
    "an address to be asked": Refused(
        llama(scaling={"metricsUrl": "http://169.254.169.254"}), "unknown field"
    ),
    "a GPU by hand": Refused(
        serving(resources={"requests": {"nvidia.com/gpu": 8}}),
        "must name only cpu, memory and ephemeral-storage",
    ),
    "a window each second": Refused(window(start="* * * * * *"), "must be five cron fields"),
    "windows without number": Refused(
        llama(schedule={"windows": [{"name": f"w{n}", **WINDOW} for n in range(100)]}), "must have at most"
    ),
    "exceptions without number": Refused(
        llama(schedule={"exceptions": [{"date": "2027-01-01", "state": "Open"}] * 2000}), "must have at most"
    ),
    "flags without number": Refused(serving(extraArgs=["--seed=7"] * 500), "must have at most 32 items"),
    "a text without end": Refused(serving(image="x" * 100_000), "may not be more than"),
    "more than the store holds": Refused(
        {**llama(), "metadata": {"name": "big", "annotations": {"a": "x" * 4_000_000}}}, "large"
    ),
    "a name that no label holds": Refused(llama("a" * 64), "metadata.name must be at most 63"),
    "a name of other letters": Refused(llama("llаma"), "metadata.name"),  # noqa: RUF001 - a Cyrillic a
    "a zone that is a path": Refused(
        llama(schedule={"timeZone": "../../etc/passwd", "windows": [{"name": "w", **WINDOW}]}),
        "spec.schedule.timeZone in body should match",
    ),
    "a zone that clears the screen": Refused(
        llama(schedule={"timeZone": "Europe/\x1b[2J", "windows": [{"name": "w", **WINDOW}]}),
        "spec.schedule.timeZone in body should match",
    ),
    "replicas without number": Refused(llama(replicas=10**9), "less than or equal to 1000"),
    "a pool that asks for another resource": Refused(
        pool(resourceName="cpu\nmemory"), "spec.resourceName in body"
    ),
}


def offered(cluster: Cluster, body: dict[str, Any]) -> None:
    """Offer it strictly, as kubectl does; nothing is stored."""
    flags = ("--dry-run=server", "--validate=strict", "--namespace=default", "-f", "-")
    cluster.kubectl("create", *flags, input=json.dumps(body))


@pytest.mark.parametrize("what", REFUSED)
def test_a_manifest_that_asks_for_more_is_refused(installed: ControlPlane, what: str) -> None:
    body, words = REFUSED[what]
    with pytest.raises(TestbedError) as refusal:
        offered(installed, body)
    assert words in str(refusal.value)


FORGED: Final = "2026-11-21T12:00:00Z\n[ERROR] root is gone \x1b[31m\u202e"
"""A line of its own, a colour, and a mark that turns the writing round."""

STRANGE: Final = ("--seed=$(HF_TOKEN)", "--max-log-len=`reboot`", "--uvicorn-log-level=info;reboot")


@pytest.fixture
def restricted(installed: ControlPlane, namespace: str) -> str:
    """A namespace in which only pods by the restricted standard are let in."""
    installed.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    return namespace


def test_what_a_resource_carries_reaches_no_shell_no_log_line_and_no_pod_with_more_rights(
    installed: ControlPlane, restricted: str, operator: OperatorProcess
) -> None:
    """Under a Pod Security Standard that would refuse any pod that may do more than serve."""
    fleet = Llama(installed, restricted, "strange")
    fleet.apply(model={"tokenSecretRef": {"name": "hub", "key": "token"}}, serving={"extraArgs": [*STRANGE]})
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    (pod,) = fleet.pods()
    (server,) = pod["spec"]["containers"]
    assert "command" not in server or "sh" not in " ".join(server["command"])
    literal = [flag.replace("$(", "$$(") for flag in STRANGE]
    assert server["args"][-len(STRANGE) :] == literal, "each one word, and no variable of the pod's"
    spec = pod["spec"]
    assert not any(spec.get(field) for field in ("hostNetwork", "hostPID", "hostIPC", "nodeSelectorTerms"))
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == ("strange", False)
    assert not any("hostPath" in volume for volume in spec["volumes"])
    secrets = [one["valueFrom"]["secretKeyRef"]["name"] for one in server["env"] if "valueFrom" in one]
    assert secrets == ["hub"]

    fleet.annotate(f"llamafleet.io/open-until={FORGED}")
    message = fleet.wait_for("AnnotationsValid", "False", "InvalidAnnotation")
    assert "must be an instant with its offset from UTC" in message
    log = operator.log.read_text()
    assert not any(line.startswith("[ERROR] root") for line in log.splitlines())
    assert "\x1b[31m" not in log
    assert fleet.condition("Ready")["status"] == "True"


TENANT: Final = "tenant"


@pytest.fixture
def tenant(installed: ControlPlane, namespace: str) -> str:
    """A user who may do everything with our resources in one namespace, and nothing else."""
    here = f"--namespace={namespace}"
    installed.kubectl("create", "role", TENANT, "--verb=*", "--resource=llamadeployments.llamafleet.io", here)
    installed.kubectl("create", "rolebinding", TENANT, f"--role={TENANT}", f"--user={TENANT}", here)
    return f"--as={TENANT}"


@pytest.mark.usefixtures("operator")
def test_a_status_that_a_user_forges_counts_for_nothing(
    installed: ControlPlane, namespace: str, tenant: str
) -> None:
    """Neither with the resource nor by the subresource, for which it takes a right of its own."""
    fleet, here = Llama(installed, namespace, "forged"), f"--namespace={namespace}"
    money = {"month": "2026-11", "at": "2026-11-21T12:00:00Z", "spent": {"serving": "0"}}
    status = {"observedGeneration": 99, "replicas": 0, "readyReplicas": 0, "desiredReplicas": 7}
    body = llama("forged", model={"variant": "llama-3.1-8b"}, cost={"monthlyBudget": "1000.00"})
    body |= {"status": {**status, "cost": {"ledger": money}}}
    installed.kubectl("create", here, tenant, "-f", "-", input=json.dumps(body))
    fleet.wait_for("Ready", "True", "AllReplicasReady")
    assert fleet.status()["desiredReplicas"] == 1
    until(lambda: fleet.status()["cost"]["ledger"]["meters"], SETTLE_SECONDS, "the pod to be paid for")
    patch = json.dumps({"status": {**status, "cost": None}})
    with pytest.raises(TestbedError, match="llamadeployments/status"):
        installed.kubectl("patch", "llama", "forged", here, tenant, *SUBRESOURCE, f"--patch={patch}")
    with pytest.raises(TestbedError, match="cannot create resource"):
        installed.kubectl("run", "shell", "--image=sh", here, tenant)
    # Somebody with that right garbles it: the next look puts it right, and no replica comes of it.
    installed.kubectl("patch", "llama", "forged", here, *SUBRESOURCE, f"--patch={patch}")
    fleet.annotate("note=look")
    until(lambda: _is_right(fleet), SETTLE_SECONDS, "the status to be put right")
    assert (fleet.get("deployment")["metadata"]["generation"], len(fleet.pods())) == (1, 1)


SUBRESOURCE: Final = ("--subresource=status", "--type=merge")


def _is_right(fleet: Llama) -> bool:
    status = fleet.status()
    paid = {meter["uid"] for meter in status.get("cost", {}).get("ledger", {}).get("meters", ())}
    return (status["desiredReplicas"], status["observedGeneration"], paid) == (1, 1, fleet.uids())
