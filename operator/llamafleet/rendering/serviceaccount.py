"""The ServiceAccount of the model pods: an identity without any right and without a token."""

from typing import Any

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.rendering.objects import child


def service_account(llama: LlamaDeployment) -> dict[str, Any]:
    """The ServiceAccount; no token is mounted, for the server never talks to the API server."""
    return child(llama, "v1", "ServiceAccount", {"automountServiceAccountToken": False})
