"""One control plane for every test in this folder, and a namespace of its own for each."""

from testbed.fixtures import control_plane, namespace, pytest_collection_finish

__all__ = ["control_plane", "namespace", "pytest_collection_finish"]
