"""The programs of the control plane are built before the first test; one of them plays a person's cluster."""

from testbed.fixtures import control_plane, pytest_collection_finish

__all__ = ["control_plane", "pytest_collection_finish"]
