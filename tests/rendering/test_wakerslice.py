"""The slice that leads a fleet's requests to the waker while no replica is ready."""

from builders import llama, plan_of
from llamafleet.api.names import child_labels
from llamafleet.api.observed import WakerSeen
from llamafleet.rendering.children import children
from llamafleet.rendering.service import service
from llamafleet.rendering.wakerslice import waker_slice

WAKER = WakerSeen(port=20007, addresses=("10.0.0.4", "10.0.0.9"), family="IPv4")
SCOUT = llama(variant="scout")


def test_asleep_it_leads_to_every_waker_at_the_port_of_the_fleet() -> None:
    made = waker_slice(SCOUT, WAKER, awake=False)
    assert made["addressType"] == "IPv4"
    assert made["endpoints"] == [
        {"addresses": [address], "conditions": {"ready": True, "serving": True}}
        for address in ("10.0.0.4", "10.0.0.9")
    ]
    assert [port["port"] for port in made["ports"]] == [20007]


def test_awake_it_leads_nowhere_and_keeps_its_port() -> None:
    asleep, awake = (waker_slice(SCOUT, WAKER, awake=awake) for awake in (False, True))
    assert awake["endpoints"] == []
    assert awake["ports"] == asleep["ports"]


def test_it_belongs_to_the_service_and_to_nobody_elses_controller() -> None:
    metadata = waker_slice(SCOUT, WAKER, awake=True)["metadata"]
    assert metadata["name"] == "llama-waker"
    assert metadata["labels"] == {
        **child_labels("llama"),
        "kubernetes.io/service-name": "llama",
        "endpointslice.kubernetes.io/managed-by": "llamafleet",
    }
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("LlamaDeployment", SCOUT.metadata.uid, True)


def test_its_port_is_matched_to_that_of_the_service_by_name() -> None:
    (port,) = waker_slice(SCOUT, WAKER, awake=False)["ports"]
    (of_service,) = service(SCOUT, is_open=False)["spec"]["ports"]
    assert (port["name"], port["appProtocol"]) == (of_service["name"], of_service["appProtocol"])


def test_it_is_filled_before_the_service_is_closed_and_the_deployment_shrinks() -> None:
    asleep = waker_slice(SCOUT, WAKER, awake=False)
    kinds = [made["kind"] for made in children(SCOUT, plan_of(SCOUT), "llamafleet-system", [asleep])]
    assert kinds[-3:] == ["EndpointSlice", "Service", "Deployment"]
