"""Policies to compare: the operator's own, what users could have instead, and constant fleets."""

from llamafleet.simulation.policies.hpa import Hpa, active, waiting
from llamafleet.simulation.policies.keda import Keda
from llamafleet.simulation.policies.kubeai import KubeAI
from llamafleet.simulation.policies.ours import Ours
from llamafleet.simulation.policies.static import Static

__all__ = ["Hpa", "Keda", "KubeAI", "Ours", "Static", "active", "waiting"]
