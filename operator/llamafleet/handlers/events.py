"""kopf handlers of our own kinds. They only pass on what was shown: what to do is decided by level.

kopf runs in a loop of its own, so everything here crosses to the loop of the shell.
"""

from typing import Any

import kopf

from llamafleet.api.names import GROUP, VERSION


@kopf.on.event(GROUP, VERSION, "llamadeployments")
async def llama_deployment(event: kopf.RawEvent, memo: kopf.Memo, **_: Any) -> None:
    """A LlamaDeployment was listed, added, changed or deleted."""
    memo.tell(memo.shell.resource_shown, event["object"], is_end=event["type"] == "DELETED")


@kopf.on.event(GROUP, VERSION, "gpupools")
async def gpu_pool(memo: kopf.Memo, **_: Any) -> None:
    """A GpuPool was listed, added, changed or deleted."""
    memo.tell(memo.shell.pools_changed)
