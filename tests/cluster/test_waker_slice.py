"""Requests to a fleet that sleeps go to the waker: by a slice that the real controllers know."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cluster.duty import Duty, on_duty
from cluster.podserver import answering
from fleet_operator import NAMESPACE
from llamafleet.api.names import NAME_LABEL, WAKER_MANAGEMENT_PORT, WAKER_NAME
from llamas import GONE_SECONDS, SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

LABELS = {NAME_LABEL: WAKER_NAME}
HERE = f"--namespace={NAMESPACE}"


def deployment(replicas: int) -> dict[str, Any]:
    """Pods that stand for wakers, as the namespace of the operator lets them in."""
    container = {
        "name": "waker",
        "image": "none",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "tolerations": [{"operator": "Exists"}],
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": WAKER_NAME, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": spec},
        },
    }


SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": WAKER_NAME, "namespace": NAMESPACE},
    "spec": {
        "clusterIP": "None",
        "selector": LABELS,
        "ports": [{"name": "management", "port": WAKER_MANAGEMENT_PORT}],
    },
}


@pytest.fixture(scope="module")
def duty(installed: ControlPlane) -> Iterator[Duty]:
    """An operator that was told of two wakers."""
    installed.apply(SERVICE, deployment(2))
    until(lambda: len(wakers(installed)) == 2, SETTLE_SECONDS, "two wakers to be ready")
    with on_duty(installed, f"--waker={WAKER_NAME}") as found:
        yield found
    installed.kubectl("delete", "deployment,service", WAKER_NAME, HERE)


@pytest.fixture
def small(installed: ControlPlane, duty: Duty, namespace: str) -> Llama:
    """An 8B model: one GPU."""
    del duty
    return Llama(installed, namespace, "small")


def wakers(cluster: ControlPlane) -> list[str]:
    """The addresses of the wakers that are ready."""
    pods = cluster.get("pods", HERE, "-l", f"{NAME_LABEL}={WAKER_NAME}")["items"]
    ready = [pod for pod in pods if is_ready(pod) and "deletionTimestamp" not in pod["metadata"]]
    return sorted(pod["status"]["podIP"] for pod in ready)


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any((one["type"], one["status"]) == ("Ready", "True") for one in conditions)


def slice_of(llama: Llama) -> dict[str, Any]:
    name = f"{llama.name}-waker"
    return llama.cluster.get("endpointslice", name, f"--namespace={llama.namespace}")


def leads_to(llama: Llama) -> list[str]:
    """The addresses that the slice gives to the fleet's Service."""
    return [address for one in slice_of(llama)["endpoints"] or () for address in one["addresses"]]


def exists(llama: Llama) -> bool:
    """Whether there is a slice."""
    command = ("get", "endpointslice", f"{llama.name}-waker", f"--namespace={llama.namespace}")
    return bool(llama.cluster.kubectl(*command, "--ignore-not-found", "-o", "name"))


def asleep(llama: Llama) -> None:
    """Wait until requests go to the wakers."""
    until(lambda: exists(llama), SETTLE_SECONDS, "a slice of the wakers")
    until(lambda: leads_to(llama) == wakers(llama.cluster), SETTLE_SECONDS, "requests to go to the wakers")


def slice_writes(duty: Duty, llama: Llama) -> list[str]:
    return [line for line in duty.writes(llama) if "/endpointslices/" in line]


def test_requests_go_to_the_wakers_until_a_replica_is_ready_and_again_from_zero(
    small: Llama, duty: Duty
) -> None:
    small.cluster.annotate_new_pods(small.namespace, load_time="1h")
    small.apply()
    asleep(small)
    (port,) = slice_of(small)["ports"]
    assert 20000 <= port["port"] < 30000
    (pod,) = until(small.pods, SETTLE_SECONDS, "the pod that loads")
    small.cluster.annotate_pod(small.namespace, pod["metadata"]["name"], load_time=None)
    small.wait_for("Ready", "True")
    until(lambda: leads_to(small) == [], SETTLE_SECONDS, "requests to go to the replica alone")
    assert slice_of(small)["ports"] == [port]

    before = len(duty.writes(small))
    small.patch(suspend=True)
    small.wait_for("Ready", "True", "ScaledToZero")
    asleep(small)
    written = [line.rpartition("/")[2] for line in duty.writes(small)[before:]]
    children = [name for name in written if name != "status"]
    assert children == ["small-waker", "small", "small"]  # the slice, the Service, the Deployment
    assert slice_of(small)["ports"] == [port]


@pytest.mark.parametrize("suspend", [False, True], ids=["awake", "asleep"])
def test_a_quiet_fleet_writes_no_slice(small: Llama, duty: Duty, *, suspend: bool) -> None:
    """Also an empty list of endpoints, which the API server gives back as null, is what was asked for."""
    small.apply(suspend=suspend)
    small.wait_for("Progressing", "False", "Settled")
    wanted = wakers(small.cluster) if suspend else []
    until(lambda: leads_to(small) == wanted, SETTLE_SECONDS, "the slice to be as it should")
    duty.look(small)
    before = slice_writes(duty, small)
    assert before, "the operator did write the slice, and the audit log shows it"
    duty.look(small)
    with duty.away():
        pass
    duty.look(small)
    assert slice_writes(duty, small) == before


def test_other_wakers_are_led_to_as_soon_as_they_are_ready(small: Llama) -> None:
    small.apply(suspend=True)
    asleep(small)
    small.cluster.apply(deployment(3))
    until(lambda: len(leads_to(small)) == 3, SETTLE_SECONDS, "requests to go to three wakers")
    small.cluster.apply(deployment(2))
    until(lambda: len(wakers(small.cluster)) == 2, SETTLE_SECONDS, "two wakers to be left")
    asleep(small)


def test_each_fleet_has_a_port_of_its_own_and_its_slice_goes_with_it(small: Llama) -> None:
    other = Llama(small.cluster, small.namespace, "other")
    for fleet in (small, other):
        fleet.apply(suspend=True)
        asleep(fleet)
    ports = {fleet.name: slice_of(fleet)["ports"][0]["port"] for fleet in (small, other)}
    assert len(set(ports.values())) == 2
    other.delete()
    until(lambda: not exists(other), GONE_SECONDS, "the slice to be collected with its owner")
    assert slice_of(small)["ports"][0]["port"] == ports["small"]


@pytest.mark.parametrize(
    "change",
    [
        {"endpoints": []},
        {"ports": [{"name": "http", "port": 80}]},
        {"metadata": {"labels": {NAME_LABEL: "x"}}},
    ],
    ids=["emptied", "another port", "another label"],
)
def test_a_slice_that_was_tampered_with_is_repaired(small: Llama, change: dict[str, Any]) -> None:
    small.apply(suspend=True)
    asleep(small)
    before = slice_of(small)
    here = f"--namespace={small.namespace}"
    small.cluster.kubectl(
        "patch", "endpointslice", "small-waker", here, "--type=merge", f"-p={json.dumps(change)}"
    )

    def repaired() -> bool:
        after = slice_of(small)
        assert after["metadata"]["labels"] == before["metadata"]["labels"]
        assert after["endpoints"] == before["endpoints"]
        assert 20000 <= after["ports"][0]["port"] < 30000
        return True

    until(repaired, SETTLE_SECONDS, "the slice to be repaired")


def test_an_operator_without_a_waker_empties_what_an_earlier_choice_has_left(
    installed: ControlPlane, small: Llama, duty: Duty
) -> None:
    small.apply(suspend=True)
    asleep(small)
    duty.end()
    try:
        with on_duty(installed):
            until(lambda: leads_to(small) == [], SETTLE_SECONDS, "requests to go to no waker")
    finally:
        duty.begin()
    small.annotate("note=the-other-one-is-back")
    asleep(small)


def test_the_first_request_at_a_waker_makes_the_operator_look(small: Llama, duty: Duty) -> None:
    held: dict[str, int] = {}
    small.apply(suspend=True)
    small.wait_for("Ready", "True", "ScaledToZero")
    asleep(small)

    def answer(_address: str, path: str) -> str | None:
        return json.dumps(held) if path == "/held" else None

    with answering(WAKER_MANAGEMENT_PORT, answer):
        duty.look(small)
        before = duty.looks(small)
        held[f"{small.namespace}/{small.name}"] = 1
        until(lambda: duty.looks(small) > before, 10.0, "the operator to look at the fleet")
