"""How far a Deployment has come: whether the pods that run are the pods that were asked for."""

from dataclasses import dataclass

from llamafleet.api.observed import ChildSeen


@dataclass(frozen=True, slots=True)
class Rollout:
    """The Deployment controller's own account.

    Attributes:
        current: whether the controller has seen our latest wish; else the counts are of an earlier one.
        total: pods of the Deployment that are not on their way out.
        updated: those of them that follow the present template.
        ready: those of the total that are ready.
    """

    current: bool
    total: int
    updated: int
    ready: int

    def is_complete(self, replicas: int) -> bool:
        """Whether no pod of an earlier template is left and enough of the present one are ready."""
        return self.current and self.total == self.updated and self.ready >= replicas


def rollout(deployment: ChildSeen | None) -> Rollout:
    """The rollout of a Deployment; none has begun while there is no Deployment."""
    if deployment is None:
        return Rollout(current=False, total=0, updated=0, ready=0)
    status = deployment.status
    return Rollout(
        current=status.get("observedGeneration", 0) >= deployment.generation,
        total=status.get("replicas", 0),
        updated=status.get("updatedReplicas", 0),
        ready=status.get("readyReplicas", 0),
    )
