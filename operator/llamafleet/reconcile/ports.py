"""What a reconcile needs of the world. The adapters offer it; tests may offer it from memory."""

from collections.abc import Mapping
from typing import Any, Protocol

from llamafleet.api.observed import ChildSeen, Key, PodSeen


class Views(Protocol):
    """What is there."""

    async def resource(self, key: Key) -> dict[str, Any] | None:
        """The LlamaDeployment as the API server holds it now, or None."""

    async def pools(self) -> tuple[dict[str, Any], ...]:
        """Every GpuPool."""

    def children(self, key: Key) -> dict[str, ChildSeen]:
        """The known children, by kind."""

    def pods(self, key: Key) -> tuple[PodSeen, ...]:
        """The pods that are not on their way out."""

    async def log_of(self, namespace: str, pod: PodSeen) -> str:
        """The end of the log of the container that ended last."""


class Writes(Protocol):
    """What may be changed."""

    async def create_child(self, intent: Mapping[str, Any]) -> None:
        """Make a child that is not known yet."""

    async def update_child(self, intent: Mapping[str, Any], seen: ChildSeen) -> None:
        """Bring a known child back to the intent."""

    async def apply_status(self, key: Key, uid: str, status: Mapping[str, Any]) -> None:
        """Write the status."""


class World(Views, Writes, Protocol):
    """Both."""
