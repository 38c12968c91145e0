"""Every state that a LlamaDeployment can be in, as the operator writes it, and what tools make of it."""

from collections.abc import Callable
from typing import NamedTuple

from builders import pod
from gitops.fleets import (
    CRASHED,
    DAY,
    NIGHT,
    READY,
    Fleet,
    Json,
    as_created,
    closed_by_hand,
    opened_by_hand,
    refused_by_quota,
    spent,
    while_draining,
    with_odd_annotation,
    without_requests,
)
from llamafleet.errors import CleaningUp, Conflict, Forbidden, Rejected, Unavailable
from llamafleet.planning.diagnosis import GATED


class State(NamedTuple):
    """A resource as the API server holds it, and its health to Argo CD and to kstatus."""

    resource: Json
    argo: str
    kstatus: str


WAITING = ("Progressing", "InProgress")
SERVING = ("Healthy", "Current")
ASLEEP = ("Suspended", "Current")
STUCK = ("Degraded", "Failed")

STARTING: dict[str, Callable[[], Json]] = {
    "nobody has looked at it": as_created,
    "it has no status at all": lambda: Fleet().resource,
    "it was just looked at": lambda: Fleet().look().resource,
    "its only pod loads": lambda: Fleet().with_pods(pod()).resource,
    "one of two replicas is ready": lambda: Fleet(replicas=2).with_pods(READY, pod(uid="b")).resource,
    "an edit was not looked at": lambda: Fleet().with_pods(READY).edit(replicas=2).resource,
    "an edit of a suspended fleet was not looked at": lambda: (
        Fleet(suspend=True).look().edit(suspend=False).resource
    ),
    "an edit rolls out": lambda: (
        Fleet().with_pods(READY).edit(serving={"contextLength": 8192}).look().resource
    ),
    "no node has room": lambda: (
        Fleet()
        .with_pods(pod(node=None, unschedulable="0/1 nodes are available: 1 Insufficient nvidia.com/gpu."))
        .resource
    ),
    "a queue for pods holds it back": lambda: (
        Fleet().with_pods(pod(node=None, unschedulable=f"{GATED}.")).resource
    ),
    "its server ended once": lambda: Fleet().with_pods(pod(ended=CRASHED, restarts=1)).resource,
    "the API server is busy": lambda: Fleet().refusing("Deployment", Unavailable("HTTP 500")).resource,
    "an earlier namesake is cleaned up": lambda: (
        Fleet().refusing("Service", CleaningUp("Service team-a/llama is being removed")).resource
    ),
}
RUNNING: dict[str, Callable[[], Json]] = {
    "all replicas are ready": lambda: Fleet().with_pods(READY).resource,
    "one replica too many is ready": lambda: Fleet().with_pods(READY, pod(uid="b", ready=True)).resource,
    "a surplus pod fails": lambda: Fleet().with_pods(READY, pod(uid="b", ended=CRASHED, restarts=5)).resource,
    "its window is open": lambda: Fleet(schedule=DAY).with_pods(READY).resource,
    "it was opened by hand": lambda: opened_by_hand().with_pods(READY).resource,
    "the budget is enough": lambda: Fleet(cost={"monthlyBudget": "900"}).with_pods(READY).resource,
    "the budget is spent, and only a warning was asked for": lambda: spent("Warn"),
    "no request is there, and none is needed": without_requests,
    "no request is there in an open window": lambda: without_requests(schedule=DAY),
    "none is wanted by hand": lambda: Fleet(replicas=0).look().resource,
    "its annotation cannot be read": lambda: with_odd_annotation().with_pods(READY).resource,
}
RESTING: dict[str, Callable[[], Json]] = {
    "it is suspended": lambda: Fleet(suspend=True).look().resource,
    "it is suspended, and its window is open": lambda: Fleet(suspend=True, schedule=DAY).look().resource,
    "its window is closed": lambda: Fleet(schedule=NIGHT).look().resource,
    "its window is closed, and the last pod drains": while_draining,
    "it was closed by hand": lambda: closed_by_hand().look().resource,
    "its budget is spent": lambda: spent("Shutdown"),
    "not one replica costs as little as its hourly limit": lambda: (
        Fleet(cost={"hourlyLimit": "0.01"}, gpu={"pools": ["own"]}).look().resource
    ),
}
NEEDING_A_PERSON: dict[str, Callable[[], Json]] = {
    "its pool does not exist": lambda: Fleet(gpu={"pools": ["nowhere"]}).look().resource,
    "no shape holds it": lambda: (
        Fleet(variant="llama-3.1-405b", gpu={"pools": ["own"], "count": 1}).look().resource
    ),
    "a refused edit, and the pods of before serve": lambda: (
        Fleet().with_pods(READY).edit(gpu={"pools": ["nowhere"]}).look().resource
    ),
    "a refused edit that is suspended, too": lambda: (
        Fleet().with_pods(READY).edit(gpu={"pools": ["nowhere"]}, suspend=True).look().resource
    ),
    "its name is taken": lambda: Fleet().refusing("Service", Conflict("Service a/b exists")).resource,
    "a right is missing": lambda: Fleet().refusing("Deployment", Forbidden("HTTP 403")).resource,
    "an object is refused": lambda: Fleet().refusing("Deployment", Rejected("HTTP 422")).resource,
    "its pods are refused": refused_by_quota,
    "its image cannot be pulled": lambda: (
        Fleet().with_pods(pod(waiting_reason="ImagePullBackOff", waiting_message="no such image")).resource
    ),
    "the Secret with its token is missing": lambda: (
        Fleet().with_pods(pod(waiting_reason="CreateContainerConfigError", waiting_message="no")).resource
    ),
    "its server ends again and again": lambda: Fleet().with_pods(pod(ended=CRASHED, restarts=2)).resource,
    "one of two servers ends again and again": lambda: (
        Fleet(replicas=2).with_pods(READY, pod(uid="b", ended=CRASHED, restarts=2)).resource
    ),
}


STATES = {
    name: State(make(), argo, kstatus)
    for table, (argo, kstatus) in (
        (STARTING, WAITING),
        (RUNNING, SERVING),
        (RESTING, ASLEEP),
        (NEEDING_A_PERSON, STUCK),
    )
    for name, make in table.items()
}
