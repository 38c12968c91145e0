"""One control plane for the tests of this folder, with our kinds, our rights and GPUs of three sorts."""

import pytest

from fleet_operator import install
from testbed.control_plane import ControlPlane
from testbed.fixtures import control_plane, pytest_collection_finish

__all__ = ["control_plane", "explored", "pytest_collection_finish"]

A100_NODES = 8
OTHER_NODES = 2


@pytest.fixture(scope="session")
def explored(control_plane: ControlPlane) -> ControlPlane:
    """The control plane with our kinds and rights, and nodes for the pools that always exist."""
    install(control_plane)
    control_plane.add_gpu_nodes(A100_NODES)
    control_plane.add_gpu_nodes(OTHER_NODES, gpu_product="NVIDIA-H100-80GB-HBM3", prefix="h100")
    control_plane.add_gpu_nodes(OTHER_NODES, gpu_product="NVIDIA-L4", gpus=4, prefix="l4")
    return control_plane
