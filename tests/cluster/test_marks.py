"""A fleet that shrinks: the real controllers take the pods that are marked, and leave those that rest."""

import pytest

from cluster.podserver import answering, metrics
from llamafleet.api.names import DELETION_COST_ANNOTATION, SERVING_PORT
from llamas import GONE_SECONDS, SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("operator")]


def marks(llama: Llama) -> dict[str, str | None]:
    """The mark of each pod, by its name."""
    return {
        pod["metadata"]["name"]: pod["metadata"]["annotations"].get(DELETION_COST_ANNOTATION)
        for pod in llama.pods()
    }


def addresses(llama: Llama) -> dict[str, str]:
    """The address of each pod, by its name."""
    return {pod["metadata"]["name"]: pod["status"]["podIP"] for pod in llama.pods()}


def test_exactly_the_least_busy_pods_go_and_marks_that_are_wrong_by_then_are_taken_back(
    installed: ControlPlane, namespace: str
) -> None:
    """Seven pods in all, of which three and then two go: by chance, that is one case in 350."""
    fleet = Llama(installed, namespace, "small")
    busy: dict[str, int] = {}

    def answer(address: str, path: str) -> str | None:
        return metrics(busy.get(address, 0)) if path == "/metrics" else None

    with answering(SERVING_PORT, answer):
        fleet.apply(replicas=7)
        fleet.wait_for("Ready", "True", "AllReplicasReady")
        assert set(marks(fleet).values()) == {None}, "a fleet that does not shrink marks nobody"
        at = addresses(fleet)
        names = sorted(at)
        stay = {names[number] for number in (1, 2, 4, 6)}
        busy |= {at[name]: 5 + number for number, name in enumerate(sorted(stay))}
        installed.kubectl("scale", "llama", "small", "--replicas=4", f"--namespace={namespace}")
        until(lambda: len(marks(fleet)) == 4, GONE_SECONDS, "three pods to be gone")
        assert marks(fleet) == dict.fromkeys(stay)

        # Somebody has marked a pod that is the busiest by now.
        last = sorted(stay)[:2]
        busy.clear()
        busy |= {at[name]: 100 for name in last}
        here = f"--namespace={namespace}"
        installed.kubectl("annotate", "pod", last[0], here, f"{DELETION_COST_ANNOTATION}=-1")
        until(lambda: marks(fleet)[last[0]] == "-1", SETTLE_SECONDS, "the mark")
        installed.kubectl("scale", "llama", "small", "--replicas=2", here)
        until(lambda: len(marks(fleet)) == 2, GONE_SECONDS, "two more pods to be gone")
        assert marks(fleet) == {last[0]: "0", last[1]: None}


def endpoints(llama: Llama) -> set[str]:
    """The pods to which the Service leads, by the slices of Kubernetes' own controller."""
    label = f"-l=kubernetes.io/service-name={llama.name}"
    slices = llama.cluster.get("endpointslices", f"--namespace={llama.namespace}", label)["items"]
    return {one["targetRef"]["name"] for item in slices for one in item["endpoints"] or ()}


def test_a_busy_pod_leaves_the_service_and_comes_back_when_it_is_wanted_again(
    installed: ControlPlane, namespace: str
) -> None:
    fleet, here = Llama(installed, namespace, "small"), f"--namespace={namespace}"
    busy: dict[str, int] = {}

    def answer(address: str, path: str) -> str | None:
        return metrics(busy.get(address, 0)) if path == "/metrics" else None

    def scale(replicas: int) -> None:
        installed.kubectl("scale", "llama", "small", f"--replicas={replicas}", here)

    with answering(SERVING_PORT, answer):
        fleet.apply(replicas=3)
        fleet.wait_for("Ready", "True", "AllReplicasReady")
        at, uids = addresses(fleet), fleet.uids()
        last, *others = sorted(at)
        busy |= {at[last]: 2, at[others[0]]: 7, at[others[1]]: 8}
        scale(2)
        until(lambda: endpoints(fleet) == set(others), SETTLE_SECONDS, "one pod to leave the Service")
        message = fleet.wait_for("Progressing", "True", "ScalingDown")
        assert message.startswith("3 replicas run, 2 are wanted.")
        assert fleet.uids() == uids

        scale(3)
        until(lambda: endpoints(fleet) == set(at), SETTLE_SECONDS, "it to be back in the Service")
        assert fleet.uids() == uids, "no pod went, and none is new"

        scale(2)
        until(lambda: endpoints(fleet) == set(others), SETTLE_SECONDS, "it to leave again")
        busy[at[last]] = 0
        until(lambda: set(marks(fleet)) == set(others), GONE_SECONDS, "it to go once it is empty")
        assert set(marks(fleet).values()) == {None}
