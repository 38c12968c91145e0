"""The second EndpointSlice of a fleet's Service: the way to the waker while no replica is ready.

It is never deleted: once a replica is ready it is emptied, so that the operator needs no right to delete. The
port stays in it, for the waker listens there before the first request comes.
"""

from typing import Any

from llamafleet.api.names import SERVING_PORT_NAME
from llamafleet.api.observed import WakerSeen
from llamafleet.rendering.objects import Owner, child_slice


def waker_slice(owner: Owner, waker: WakerSeen, *, awake: bool) -> dict[str, Any]:
    """The slice.

    Args:
        owner: the LlamaDeployment, or what is known of one whose spec cannot be read.
        waker: where the wakers are, and the fleet's port there.
        awake: whether a replica is ready and wanted.
    """
    content = {
        "addressType": waker.family,
        "endpoints": [] if awake else [_endpoint(address) for address in waker.addresses],
        # The name is that of the Service's own port: by it the two are matched.
        "ports": [{"name": SERVING_PORT_NAME, "port": waker.port, "protocol": "TCP", "appProtocol": "http"}],
    }
    return child_slice(owner, content)


def _endpoint(address: str) -> dict[str, Any]:
    return {"addresses": [address], "conditions": {"ready": True, "serving": True}}
