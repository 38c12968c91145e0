"""The Service: one stable address for the requests of a fleet."""

from typing import Any, Final

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import CLOSED_LABEL, SERVING_PORT_NAME, serving_selector
from llamafleet.rendering.objects import child

SERVICE_PORT: Final = 80
"""So that a client's base address is simply ``http://NAME.NAMESPACE/v1``."""

NOBODY: Final = {CLOSED_LABEL: "true"}
"""No pod of ours has this label: together with the others it selects none."""


def service(llama: LlamaDeployment, *, is_open: bool) -> dict[str, Any]:
    """The Service. Requests go from it to the pods directly; nothing of ours stands between.

    A closed fleet takes no new requests: where every pod is on its way out, kube-proxy would still send them
    there, and the queue would never empty.
    """
    port = {
        "name": SERVING_PORT_NAME,
        "port": SERVICE_PORT,
        "targetPort": SERVING_PORT_NAME,
        "protocol": "TCP",
        "appProtocol": "http",
    }
    own = serving_selector(llama.metadata.name)
    spec = {"selector": own if is_open else {**own, **NOBODY}, "ports": [port]}
    return child(llama, "v1", "Service", {"spec": spec})
