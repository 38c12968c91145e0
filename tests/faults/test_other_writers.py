"""Somebody else decides the count through the scale subresource: it stays inside windows, bounds and budget.

The HPA is the real one, of kube-controller-manager. No metrics are served here, and none are needed: an HPA
whose target lies outside of its own bounds rescales to them before it looks at any metric.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cluster.duty import Duty
from llamas import SETTLE_SECONDS, Llama, pool, pools
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

HPA_SECONDS = 120.0
"""The HPA looks every 15 s (``--horizontal-pod-autoscaler-sync-period``); this only ends a hang."""

PRICE = 10
"""USD an hour of one replica."""


@pytest.fixture
def small(duty: Duty, installed: ControlPlane, namespace: str) -> Iterator[Llama]:
    """An 8B model: one GPU."""
    del duty
    with pools(installed, pool("priced", f"{PRICE}")):
        yield Llama(installed, namespace, "small")


def schedule(begin: timedelta, **window: Any) -> dict[str, Any]:
    """A window of an hour that comes every day, and that begins so long from now."""
    start = datetime.now(UTC) + begin
    daily = {"name": "daily", "start": f"{start.minute} {start.hour} * * *", "duration": "1h", **window}
    return {"windows": [daily]}


CLOSED = timedelta(hours=12)
OPEN = timedelta(minutes=-3)


def set_hpa(llama: Llama, fewest: int, most: int) -> None:
    """An HPA on the scale subresource of the fleet."""
    target = {"apiVersion": "llamafleet.io/v1alpha1", "kind": "LlamaDeployment", "name": llama.name}
    metric = {
        "type": "External",
        "external": {"metric": {"name": "queue"}, "target": {"type": "Value", "value": "1"}},
    }
    spec = {"scaleTargetRef": target, "minReplicas": fewest, "maxReplicas": most, "metrics": [metric]}
    head = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
    metadata = {"name": llama.name, "namespace": llama.namespace}
    llama.cluster.apply({**head, "metadata": metadata, "spec": spec})


def scale(llama: Llama, replicas: int) -> None:
    here = f"--namespace={llama.namespace}"
    llama.cluster.kubectl("scale", "llama", llama.name, f"--replicas={replicas}", here)


def wish(llama: Llama) -> int:
    """What ``spec.replicas`` asks for."""
    count: int = llama.get()["spec"]["replicas"]
    return count


def has(llama: Llama, replicas: int) -> dict[str, Any]:
    """Wait until the fleet has so many replicas, by every count that there is; its scale subresource."""

    def looks() -> bool:
        status = llama.status()
        assert status["desiredReplicas"] == replicas, status["reasons"]
        assert status["replicas"] == len(llama.pods()) == replicas
        return True

    until(looks, SETTLE_SECONDS, f"{replicas} replicas")
    found = llama.get("llama", "--subresource=scale")
    assert found["status"]["replicas"] == replicas
    return found


def test_an_hpa_decides_within_windows_and_budget(small: Llama, duty: Duty) -> None:
    small.apply(replicas=1, gpu={"pools": ["priced"]}, schedule=schedule(CLOSED))
    has(small, 0)
    set_hpa(small, fewest=4, most=6)
    until(lambda: wish(small) == 4, HPA_SECONDS, "the HPA to ask for its minimum")
    duty.look(small)
    has(small, 0)
    assert small.condition("WindowOpen")["status"] == "False"

    small.patch(schedule=schedule(OPEN, maxReplicas=3))
    has(small, 3)
    small.patch(schedule=schedule(OPEN))
    has(small, 4)
    small.patch(cost={"hourlyLimit": f"{2 * PRICE}"})
    has(small, 2)
    small.patch(cost=None)
    has(small, 4)

    set_hpa(small, fewest=1, most=2)
    until(lambda: wish(small) == 2, HPA_SECONDS, "the HPA to ask for its maximum")
    has(small, 2)
    owners = {
        entry["manager"]: entry.get("subresource", "")
        for entry in small.get("llama", "--show-managed-fields")["metadata"]["managedFields"]
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    }
    assert owners == {"kube-controller-manager": "scale"}, "the count has one writer"


def test_a_person_who_scales_a_closed_fleet_gets_it_at_its_opening(small: Llama, duty: Duty) -> None:
    small.apply(replicas=1, gpu={"pools": ["priced"]}, schedule=schedule(CLOSED))
    has(small, 0)
    scale(small, 3)
    duty.look(small)
    assert wish(small) == 3
    assert has(small, 0)["spec"]["replicas"] == 3
    small.patch(schedule=schedule(OPEN))
    has(small, 3)
    scale(small, 0)
    has(small, 0)
