"""How spot nodes are told from others."""

from collections.abc import Mapping
from typing import Final

SPOT_LABELS: Final = (
    ("karpenter.sh/capacity-type", "spot"),
    ("eks.amazonaws.com/capacityType", "SPOT"),
    ("cloud.google.com/gke-spot", "true"),
    ("kubernetes.azure.com/scalesetpriority", "spot"),
)
"""The labels by which clouds mark spot nodes, as their manuals have them: Karpenter (Well-Known Labels; also
EKS Auto Mode), Amazon EKS (Managed node groups), Google GKE (Spot VMs) and Azure AKS (Spot node pools).
Karpenter comes first: it tries terms in their order, and gives up those whose label it does not know."""


def selects_spot(labels: Mapping[str, str]) -> bool:
    """Whether nodes with these labels are spot nodes, all of them."""
    return any(labels.get(key) == value for key, value in SPOT_LABELS)
