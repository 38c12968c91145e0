"""A control plane for what pages show of Kubernetes' own kinds."""

from testbed.fixtures import control_plane, pytest_collection_finish

__all__ = ["control_plane", "pytest_collection_finish"]
