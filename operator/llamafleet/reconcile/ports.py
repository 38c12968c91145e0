"""What a reconcile needs of the world. The adapters offer it; tests may offer it from memory."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from llamafleet.api.observed import Announcement, ChildSeen, Departed, Key, Load, PodSeen, WakerSeen


class Views(Protocol):
    """What is there."""

    async def resource(self, key: Key) -> dict[str, Any] | None:
        """The LlamaDeployment as the API server holds it now, or None."""

    async def pools(self) -> tuple[dict[str, Any], ...]:
        """Every GpuPool."""

    def children(self, key: Key) -> dict[str, ChildSeen]:
        """The known children, by kind."""

    def pods(self, key: Key) -> tuple[PodSeen, ...]:
        """Every pod that exists, oldest first: those on their way out and those that ended, too."""

    def departed(self, key: Key) -> tuple[Departed, ...]:
        """The pods that were removed and not settled yet, in the order in which we heard of it."""

    def pods_version(self, key: Key) -> int | None:
        """Up to which resource version all of this is known of the pods; None: nobody says."""

    async def log_of(self, namespace: str, pod: PodSeen) -> str:
        """The end of the log of the container that ended last."""

    def left(self, key: Key) -> dict[str, Any] | None:
        """The account of a resource that was deleted, until it is carried over."""

    async def carried_over(self, key: Key) -> dict[str, Any] | None:
        """The account that a deleted namesake has left."""

    async def loads(self, namespace: str, pods: Iterable[PodSeen]) -> Mapping[str, Load]:
        """What the ready ones of these pods of a namespace say of their work, by uid; without the silent."""

    async def is_spot(self, node: str) -> bool | None:
        """Whether a node is a spot node; None when the node is gone."""

    def waker(self, key: Key) -> WakerSeen | None:
        """Where the requests of a fleet may go while none of its replicas is ready; None: nowhere."""

    def held(self, key: Key) -> int | None:
        """How many requests of a fleet the wakers hold, at least; None when that is not known."""


class Writes(Protocol):
    """What may be changed."""

    async def create_child(self, intent: Mapping[str, Any]) -> None:
        """Make a child that is not known yet."""

    async def update_child(self, intent: Mapping[str, Any], seen: ChildSeen) -> None:
        """Bring a known child back to the intent."""

    async def mark(self, namespace: str, pod: PodSeen, cost: int) -> None:
        """Say what the deletion of a pod costs, for its ReplicaSet to compare; nothing when it is gone."""

    async def rest(self, namespace: str, pod: PodSeen, since: datetime | None) -> None:
        """Take a pod out of its Service since an instant, or put it back; nothing when it is gone."""

    async def apply_status(
        self, key: Key, uid: str, status: Mapping[str, Any], version: str, reason: str
    ) -> None:
        """Write the status for this reason, unless the resource has another version by now."""

    async def announce(self, event: Announcement) -> None:
        """Tell people in an Event."""

    async def carry_over(self, key: Key, ledger: Mapping[str, Any]) -> None:
        """Keep the account of a resource that was deleted."""

    def forget(self, key: Key) -> None:
        """The resource is gone, and its account cannot be kept."""

    def settled(self, key: Key, uids: Iterable[str]) -> None:
        """These departed pods are accounted for and need not be shown again."""


class World(Views, Writes, Protocol):
    """Both."""
