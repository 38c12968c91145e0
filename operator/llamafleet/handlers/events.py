"""kopf handlers of our own kinds. They only pass keys on: what to do is decided by level, not by event."""

from typing import Any

import kopf

from llamafleet.api.names import GROUP, VERSION
from llamafleet.api.observed import Key


@kopf.on.event(GROUP, VERSION, "llamadeployments")
async def llama_deployment(body: kopf.Body, event: kopf.RawEvent, memo: kopf.Memo, **_: Any) -> None:
    """A LlamaDeployment was listed, added, changed or deleted."""
    key = Key(body.metadata.namespace or "", body.metadata.name or "")
    if event["type"] == "DELETED":
        ledger = body.get("status", {}).get("cost", {}).get("ledger")
        memo.shell.resource_deleted(key, ledger)
    else:
        annotations = hash(frozenset(body.metadata.annotations.items()))
        revision = (body.metadata.uid, body.metadata["generation"], annotations)
        memo.shell.resource_changed(key, revision)


@kopf.on.event(GROUP, VERSION, "gpupools")
async def gpu_pool(memo: kopf.Memo, **_: Any) -> None:
    """A GpuPool was listed, added, changed or deleted."""
    memo.shell.pools_changed()
