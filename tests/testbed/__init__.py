"""A real Kubernetes control plane on one machine, for tests, demos and play.

It builds etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl and kwok from pinned Go
modules, starts them with their own keys on free ports, and lends them GPU nodes that exist only on paper and,
where a request could be lost, one real node whose pods are processes.
It knows nothing of llamafleet itself, and nothing here ever reaches a production cluster.
"""

from testbed.cluster import Cluster
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError

__all__ = ["Cluster", "ControlPlane", "TestbedError"]
