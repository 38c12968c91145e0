"""A fleet that shrinks gives up its least busy pods: the real ReplicaSet controller takes those that are marked."""

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
        busy |= {at[name]: 100 for name in last}
        here = f"--namespace={namespace}"
        installed.kubectl("annotate", "pod", last[0], here, f"{DELETION_COST_ANNOTATION}=-1")
        until(lambda: marks(fleet)[last[0]] == "-1", SETTLE_SECONDS, "the mark")
        installed.kubectl("scale", "llama", "small", "--replicas=2", here)
        until(lambda: len(marks(fleet)) == 2, GONE_SECONDS, "two more pods to be gone")
        assert marks(fleet) == {last[0]: "0", last[1]: None}
