"""What users could have in place of the operator's own decisions: other autoscalers, and constant fleets."""

from llamafleet.simulation.policies.hpa import Hpa, active, waiting
from llamafleet.simulation.policies.keda import Keda
from llamafleet.simulation.policies.kubeai import KubeAI
from llamafleet.simulation.policies.static import Static

__all__ = ["Hpa", "Keda", "KubeAI", "Static", "active", "waiting"]
