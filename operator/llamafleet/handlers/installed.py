"""Whether our kinds are installed in the cluster."""

import logging

import orjson

from llamafleet.adapters.kinds import GPU_POOL, LLAMA_DEPLOYMENT, Kind
from llamafleet.adapters.transport import Transport
from llamafleet.api.names import API_VERSION
from llamafleet.errors import Forbidden, Unavailable

log = logging.getLogger(__name__)


async def require_kinds(transport: Transport, namespaces: tuple[str, ...]) -> None:
    """Fail early, with the remedy, when the custom resource definitions are missing.

    Raises:
        Unavailable: they are, or the cluster cannot be reached.
    """
    await _require(transport, GPU_POOL, None)
    for namespace in namespaces or (None,):
        try:
            await _require(transport, LLAMA_DEPLOYMENT, namespace)
        except Forbidden:
            if namespace is None:
                raise
            log.warning("no right to look into namespace %s yet; what is in it waits", namespace)


async def require_shown(transport: Transport) -> None:
    """Make sure that the API server lists our kinds among those that it serves.

    Raises:
        Unavailable: it does not, or not yet.
    """
    body = await transport.read(f"/apis/{API_VERSION}")
    served = {one["name"] for one in orjson.loads(body or b"{}").get("resources") or ()}
    if not {LLAMA_DEPLOYMENT.plural, GPU_POOL.plural} <= served:
        message = "the cluster does not serve our kinds"
        raise Unavailable(message)


async def _require(transport: Transport, kind: Kind, namespace: str | None) -> None:
    if await transport.read(kind.path(namespace), {"limit": "1"}) is None:
        message = f"the cluster does not know the kind {kind.name}; install the files in crds/ first"
        raise Unavailable(message)
