"""Writing on pods that are to go: what their deletion costs, and whether they are still in their Service."""

import contextlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from llamafleet.adapters.kinds import POD
from llamafleet.adapters.metrics import WRITES
from llamafleet.adapters.streams import object_of
from llamafleet.adapters.transport import Transport
from llamafleet.api.names import (
    DELETION_COST_ANNOTATION,
    MODEL_SERVER,
    NAME_LABEL,
    RESTING_ANNOTATION,
    RESTING_SERVER,
)
from llamafleet.api.observed import PodSeen
from llamafleet.errors import Conflict, Rejected


class PodWriter:
    """Changes the metadata of pods.

    Args:
        transport: how to reach the API server.
        written: told every pod that a write returned.
    """

    def __init__(self, transport: Transport, written: Callable[[dict[str, Any]], None]) -> None:
        """Nothing is written yet."""
        self._transport = transport
        self._written = written

    async def mark(self, namespace: str, pod: PodSeen, cost: int) -> None:
        """Say what the deletion of a pod costs. A pod that is gone, or another by now, needs no mark.

        Raises:
            Unavailable: the API server cannot be reached or refuses.
        """
        with contextlib.suppress(Conflict, Rejected):
            await self._patch(namespace, pod, {"annotations": {DELETION_COST_ANNOTATION: str(cost)}}, "mark")

    async def rest(self, namespace: str, pod: PodSeen, since: datetime | None) -> None:
        """Take a pod out of its Service since an instant, or put it back; nothing when it is gone.

        Raises:
            Unavailable: the API server cannot be reached or refuses, whatever the reason: who is not told
                must not be taken for resting.
        """
        labels = {NAME_LABEL: MODEL_SERVER if since is None else RESTING_SERVER}
        annotations = {RESTING_ANNOTATION: None if since is None else since.isoformat()}
        await self._patch(namespace, pod, {"labels": labels, "annotations": annotations}, "rest")

    async def _patch(self, namespace: str, pod: PodSeen, change: Mapping[str, Any], reason: str) -> None:
        """Change the metadata of this very pod, if it is there.

        Raises:
            Rejected: it is another one by now: the API server says that a uid is immutable.
            Unavailable: the API server cannot be reached or refuses.
        """
        content = {"metadata": {"uid": pod.uid, **change}}
        body = await self._transport.merge(POD.path(namespace, pod.name), content)
        if body is not None:
            WRITES.labels("Pod", reason).inc()
            self._written(object_of(body))
