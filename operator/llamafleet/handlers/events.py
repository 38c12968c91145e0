"""kopf handlers of our own kinds. They only pass keys on: what to do is decided by level, not by event."""

from typing import Any

import kopf

from llamafleet.api.names import GROUP, VERSION
from llamafleet.api.observed import Key


@kopf.on.event(GROUP, VERSION, "llamadeployments")
async def llama_deployment(
    type: str,  # noqa: A002 - kopf passes the event's type under this name
    namespace: str | None,
    name: str,
    memo: kopf.Memo,
    **_: Any,
) -> None:
    """A LlamaDeployment was listed, added, changed or deleted."""
    key = Key(namespace or "", name)
    if type == "DELETED":
        memo.shell.resource_deleted(key)
    else:
        memo.shell.resource_changed(key)


@kopf.on.event(GROUP, VERSION, "gpupools")
async def gpu_pool(memo: kopf.Memo, **_: Any) -> None:
    """A GpuPool was listed, added, changed or deleted."""
    memo.shell.pools_changed()
