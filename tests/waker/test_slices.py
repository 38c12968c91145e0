"""What is believed of an EndpointSlice, and what is not."""

from typing import Any

import pytest

from llamafleet.waker.slices import Pod, SliceSeen, read, ready_pods

CONTROLLER = "endpointslice-controller.k8s.io"


def raw(name: str = "scout-x7k2b", writer: str = CONTROLLER, port: int = 8000, **more: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": "team-a",
            "uid": "uid",
            "resourceVersion": "7",
            "labels": {
                "kubernetes.io/service-name": "scout",
                "endpointslice.kubernetes.io/managed-by": writer,
            },
        },
        "addressType": "IPv4",
        "ports": [{"name": "metrics", "port": 9}, {"name": "http", "port": port}],
        "endpoints": [endpoint()],
        **more,
    }


def endpoint(address: str = "10.244.0.5", **more: Any) -> dict[str, Any]:
    target = {"kind": "Pod", "namespace": "team-a", "name": "scout-1"}
    return {"addresses": [address], "conditions": {"ready": True}, "targetRef": target, **more}


def test_the_controllers_slice_gives_ready_pods_and_no_port_of_ours() -> None:
    assert read(raw()) == SliceSeen("uid", "7", "scout", door=None, pods=(Pod("10.244.0.5", 8000),))


def test_our_slice_gives_a_port_and_no_pods() -> None:
    seen = read(raw("scout-waker", "llamafleet", 20007))
    assert (seen.door, seen.pods) == (20007, ())


@pytest.mark.parametrize(
    "slice_",
    [
        raw("scout-other", "llamafleet", 20007),
        raw("scout-waker", "llamafleet", 9090),
        raw("scout-waker", "llamafleet", 30000),
        raw("scout-waker", "llamafleet", ports=None),
        raw("scout-waker", "somebody", 20007),
    ],
    ids=["another name", "below the range", "above the range", "no port", "another writer"],
)
def test_a_port_is_taken_from_no_other_slice(slice_: dict[str, Any]) -> None:
    assert read(slice_).door is None


@pytest.mark.parametrize(
    "slice_",
    [
        raw(writer="somebody"),
        raw(writer="llamafleet"),
        raw(addressType="FQDN", endpoints=[endpoint("example.com")]),
        raw(endpoints=[endpoint("169.254.169.254")]),
        raw(endpoints=[endpoint("127.0.0.1")]),
        raw(addressType="IPv6", endpoints=[endpoint("::ffff:127.0.0.1")]),
        raw(endpoints=[endpoint(targetRef=None)]),
        raw(endpoints=[endpoint(targetRef={"kind": "Node", "namespace": "team-a", "name": "n"})]),
        raw(endpoints=[endpoint(targetRef={"kind": "Pod", "namespace": "team-b", "name": "p"})]),
        raw(endpoints=[endpoint(conditions={"ready": False})]),
        raw(endpoints=[endpoint(conditions={"ready": True, "terminating": True})]),
        raw(endpoints=None),
        raw(ports=[{"name": "other", "port": 1}]),
    ],
    ids=[
        "another writer",
        "our own",
        "a name",
        "a cloud's metadata service",
        "loopback",
        "loopback in disguise",
        "no target",
        "a node",
        "a pod elsewhere",
        "not ready",
        "on its way out",
        "empty",
        "another port",
    ],
)
def test_an_address_is_taken_from_nothing_else(slice_: dict[str, Any]) -> None:
    assert read(slice_).pods == ()


def test_a_pod_of_which_nothing_is_said_is_ready() -> None:
    assert read(raw(endpoints=[endpoint(conditions={})])).pods == (Pod("10.244.0.5", 8000),)


def test_pods_of_all_slices_of_the_service_count_once() -> None:
    slices = {
        "one": read(raw()),
        "again": read(raw()),
        "six": read(raw(addressType="IPv6", endpoints=[endpoint("fd00::5")])),
        "other": SliceSeen("uid", "7", "maverick", pods=(Pod("10.244.0.9", 8000),)),
    }
    assert ready_pods(slices, "scout") == (Pod("10.244.0.5", 8000), Pod("fd00::5", 8000))
