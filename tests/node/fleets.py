"""A fleet on the real node: started small, looked at through the API, asked through its Service."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from llamafleet.api.names import (
    CLOSED_UNTIL_ANNOTATION,
    SERVICE_NAME_LABEL,
    SLICE_CONTROLLER,
    SLICE_MANAGER,
    SLICE_MANAGER_LABEL,
)
from llamas import Llama
from node.clients import ask
from testbed.images import HOME, PROGRAMS, Image
from testbed.wait import until

QUICK: Final = "localhost/fake-vllm:quick"
"""Ready a second after its start; two requests run at once, and a token takes 50 ms."""

ENDLESS: Final = "localhost/fake-vllm:endless"
"""Never ready: it loads for a day."""

SIMULATED: Final = "localhost/vllm-sim:quick"
"""The simulator, whose work can be measured: four requests run at once, and a token takes 50 ms."""

SLOW: Final = "localhost/vllm-sim:slow"
"""The same with 150 ms for a token. The plan expects three times as many requests at once on this GPU, so
what a replica can do is found out by watching it."""

SIMULATORS: Final = "simulated"
"""The folder with the programs that only the images of the simulator see."""


def _simulator(name: str, flags: str) -> Image:
    path = f"/{PROGRAMS}/{SIMULATORS}:/{HOME}/bin"
    return Image(name, {"PATH": path, "VLLM_SIM_FLAGS": flags})


IMAGES: Final = (
    Image(QUICK),
    Image(ENDLESS, {"FAKE_VLLM_STARTUP_SECONDS": "86400"}),
    _simulator(SIMULATED, "--max-num-seqs=4 --time-to-first-token=50ms --inter-token-latency=50ms"),
    _simulator(SLOW, "--max-num-seqs=4 --time-to-first-token=150ms --inter-token-latency=150ms"),
)

RUNNING: Final = 2
TOKENS_PER_SECOND: Final = 20
POOL: Final = "real"
GPU: Final = "l4"
CONTEXT: Final = 8192
"""Beside the weights there is so little memory that the plan expects a dozen requests at once."""

SMALL: Final = {"requests": {"cpu": "50m", "memory": "128Mi", "ephemeral-storage": "1Gi"}}
READY_SECONDS: Final = 180.0
"""25 are usual, but 19 pods may start at once."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """A LlamaDeployment whose pods run on the real node."""

    llama: Llama

    def apply(self, image: str = QUICK, **spec: Any) -> None:
        """Create it, or change it."""
        serving = {"image": image, "resources": SMALL, "contextLength": CONTEXT}
        self.llama.apply(serving=serving, gpu={"pools": [POOL]}, **spec)

    def start(self, **spec: Any) -> str:
        """Create it, wait until the Service leads to all its replicas, and return the Service's address."""
        self.apply(**spec)
        self.llama.wait_for("Ready", "True", "AllReplicasReady")
        replicas = spec.get("replicas", max(1, spec.get("scaling", {}).get("minReplicas", 1)))
        until(lambda: len(self.endpoints()) == replicas, READY_SECONDS, "the Service to lead to the pods")
        address: str = self.llama.get("service")["spec"]["clusterIP"]
        until(
            lambda: ask(address, tokens=1, model=self.llama.name).complete,
            READY_SECONDS,
            "an answer through the Service",
        )
        return address

    def close(self) -> None:
        """Close it before its time, as an administrator does; it needs a schedule for that."""
        until_then = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        name, here = self.llama.name, f"--namespace={self.llama.namespace}"
        note = f"{CLOSED_UNTIL_ANNOTATION}={until_then}"
        self.llama.cluster.kubectl("annotate", "--overwrite", "llama", name, here, note)

    def endpoints(self) -> list[str]:
        """The addresses of the pods that the Service sends new requests to."""
        return self._slices(SLICE_CONTROLLER)

    def doors(self) -> list[str]:
        """The addresses of the wakers that the Service sends new requests to."""
        return self._slices(SLICE_MANAGER)

    def _slices(self, writer: str) -> list[str]:
        label = f"{SERVICE_NAME_LABEL}={self.llama.name},{SLICE_MANAGER_LABEL}={writer}"
        slices = self.llama.cluster.get("endpointslices", f"--namespace={self.llama.namespace}", "-l", label)
        found = [one for item in slices["items"] for one in item.get("endpoints") or []]
        return [one["addresses"][0] for one in found if one["conditions"].get("serving")]

    def wanted(self) -> int:
        """How many replicas its Deployment asks for."""
        count: int = self.llama.get("deployment")["spec"]["replicas"]
        return count

    def pods(self) -> list[dict[str, Any]]:
        """Its pods, those on their way out, too."""
        return self.llama.pods()

    def deleting(self) -> list[dict[str, Any]]:
        """Its pods on their way out."""
        return [pod for pod in self.pods() if "deletionTimestamp" in pod["metadata"]]

    def remove(self) -> None:
        """Delete it without patience, and without waiting: the next fleet has a namespace of its own.

        Its pods come first, for a kubelet obeys only the first deletion of a pod (kubernetes issue 83916).
        """
        here = f"--namespace={self.llama.namespace}"
        cluster = self.llama.cluster
        cluster.kubectl("delete", "pods", "--all", here, "--grace-period=1", "--wait=false")
        cluster.kubectl("delete", "llama", "--all", here, "--wait=false")


def always_open(drain: str = "5m") -> dict[str, Any]:
    """A schedule that never closes by itself."""
    window = {"name": "always", "start": "0 0 * * *", "duration": "24h"}
    return {"windows": [window], "drainTimeout": drain}


def open_for(length: dt.timedelta) -> dict[str, Any]:
    """A schedule whose open time ends so long from now, by an exception; its window is half a day away."""
    now = dt.datetime.now(dt.UTC)
    window = {"name": "later", "start": f"0 {(now.hour + 12) % 24} * * *", "duration": "1h"}
    span = {
        name: instant.isoformat(timespec="seconds") for name, instant in (("from", now), ("to", now + length))
    }
    return {"windows": [window], "exceptions": [{**span, "state": "Open"}]}


def deletion(pod: dict[str, Any]) -> dt.datetime:
    """When somebody asked for this pod's end; to the second."""
    metadata = pod["metadata"]
    end = dt.datetime.fromisoformat(metadata["deletionTimestamp"])
    return end - dt.timedelta(seconds=metadata["deletionGracePeriodSeconds"])
