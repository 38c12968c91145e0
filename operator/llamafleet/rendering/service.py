"""The Service: one stable address for the requests of a fleet."""

from typing import Any, Final

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import SERVING_PORT_NAME, pod_selector
from llamafleet.rendering.objects import child

SERVICE_PORT: Final = 80
"""So that a client's base address is simply ``http://NAME.NAMESPACE/v1``."""


def service(llama: LlamaDeployment) -> dict[str, Any]:
    """The Service. Requests go from it to the pods directly; nothing of ours stands between."""
    port = {
        "name": SERVING_PORT_NAME,
        "port": SERVICE_PORT,
        "targetPort": SERVING_PORT_NAME,
        "protocol": "TCP",
        "appProtocol": "http",
    }
    spec = {"selector": pod_selector(llama.metadata.name), "ports": [port]}
    return child(llama, "v1", "Service", {"spec": spec})
