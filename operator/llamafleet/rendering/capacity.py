"""Spot nodes or not: where the pods of a fleet may run in a pool that sells spot capacity.

A pool that sells none is rendered as if there were no spot nodes. ``planning`` decides what is paid for.
"""

from typing import Any, Final

from llamafleet.api.gpu import CapacityType
from llamafleet.api.spot import SPOT_LABELS
from llamafleet.planning.plan import Pool, Shape

Expression = dict[str, Any]
"""One rule about a label of a node, in the form that Kubernetes gives ``matchExpressions``."""

SPOT_TAINTS: Final = (
    ("cloud.google.com/gke-spot", "true"),
    ("kubernetes.azure.com/scalesetpriority", "spot"),
)
"""The taints of spot nodes, with the effect ``NoSchedule``: on AKS of every one, on GKE of those that it
makes by itself and of those whose owner takes its advice (same manuals)."""

HEAVIEST: Final = 100
"""The largest weight that Kubernetes allows for a preference."""


def label(operator: str, key: str, *values: str) -> Expression:
    """A rule about one label: ``In`` or ``NotIn`` these values."""
    return {"key": key, "operator": operator, "values": list(values)}


def node_affinity(shape: Shape, of_pool: list[Expression]) -> dict[str, Any]:
    """The nodes that show all these labels and are paid for as the shape is."""
    paid = shape.capacity_type if _told_apart(shape.pool) else None
    affinity: dict[str, Any] = {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": _required(paid, of_pool)}
    }
    if paid is CapacityType.SPOT_PREFERRED:
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = [
            {"weight": HEAVIEST, "preference": _term([spot])} for spot in _spot("In")
        ]
    return affinity


def _required(paid: CapacityType | None, of_pool: list[Expression]) -> list[dict[str, Any]]:
    """The terms, of which a node has to meet one, with all its expressions."""
    match paid:
        case CapacityType.SPOT:
            return [_term([*of_pool, spot]) for spot in _spot("In")]
        case CapacityType.ON_DEMAND:
            return [_term([*of_pool, *_spot("NotIn")])]
        case _:
            return [_term(of_pool)]


def _spot(operator: str) -> list[Expression]:
    return [label(operator, key, value) for key, value in SPOT_LABELS]


def _term(expressions: list[Expression]) -> dict[str, Any]:
    return {"matchExpressions": expressions}


def tolerations(shape: Shape) -> list[dict[str, Any]]:
    """The pool's own tolerations, and those of spot nodes where they are welcome."""
    own = [toleration.model_dump(by_alias=True, exclude_none=True) for toleration in shape.pool.tolerations]
    if shape.capacity_type is CapacityType.ON_DEMAND:
        return own
    spot = [
        {"key": key, "operator": "Equal", "value": value, "effect": "NoSchedule"}
        for key, value in SPOT_TAINTS
    ]
    return own + [toleration for toleration in spot if toleration not in own]


def _told_apart(pool: Pool) -> bool:
    """Whether the pool may have both kinds of nodes, because it sells both kinds of capacity."""
    return pool.sells_on_demand and pool.sells_spot
