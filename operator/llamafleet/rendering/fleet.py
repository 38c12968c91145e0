"""Everything that there is to say about a fleet, before it is put into words."""

from dataclasses import dataclass
from datetime import datetime

from llamafleet.api.ledger import Ledger
from llamafleet.api.metadata import ObjectMeta
from llamafleet.api.observed import PodSeen
from llamafleet.errors import InvalidSpec, Unavailable
from llamafleet.planning.diagnosis import Cause
from llamafleet.planning.plan import Plan
from llamafleet.planning.rollout import Rollout


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the status speaks about.

    Attributes:
        metadata: the resource's own metadata.
        plan: what should be, or why nothing could be planned.
        failure: what went wrong while the plan was applied, or None.
        pods: the pods that are not on their way out.
        rollout: how far the Deployment has come.
        cause: why pods are not well, or None.
        ledger: what was spent.
        asleep: whether a refused spec was put to sleep.
        odd: why an annotation cannot be read, or None.
        asked: how many ready pods were asked for a reading of their queue.
        answered: how many of these gave one.
        draining_gpus: how many GPUs the pods hold that are on their way out.
        now: when this is said, UTC.
    """

    metadata: ObjectMeta
    plan: Plan | InvalidSpec
    failure: Unavailable | None
    pods: tuple[PodSeen, ...]
    rollout: Rollout
    cause: Cause | None
    ledger: Ledger
    asleep: bool
    odd: InvalidSpec | None
    now: datetime
    asked: int = 0
    answered: int = 0
    draining_gpus: int = 0

    @property
    def serving(self) -> tuple[PodSeen, ...]:
        """The pods that get requests, or will once they are ready: those that do not rest before they go."""
        return tuple(pod for pod in self.pods if pod.resting is None)

    @property
    def ready(self) -> int:
        """How many pods answer new requests."""
        return sum(pod.ready for pod in self.serving)
