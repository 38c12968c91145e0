"""One cluster with one real node for every test in this folder; nothing of ours is installed on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.fleets import QUICK
from testbed.control_plane import ControlPlane
from testbed.fixtures import namespace, operator_image, pytest_collection_finish, require_real_node
from testbed.images import AnyImage, Image, LayeredImage
from testbed.nodes import GPU_RESOURCE
from testbed.real_node import RealNode

__all__ = ["control_plane", "namespace", "node", "operator_image", "pytest_collection_finish"]

FAKE_VLLM = Path(__file__).parents[1] / "node" / "fake_vllm.py"


@pytest.fixture(scope="package")
def control_plane() -> Iterator[ControlPlane]:
    """One control plane for this folder."""
    with ControlPlane(audit=True) as running:
        yield running


@pytest.fixture(scope="package")
def node(control_plane: ControlPlane, operator_image: LayeredImage) -> Iterator[RealNode]:
    """Its one node, which has the operator's image and a stand-in for vLLM's."""
    require_real_node()
    images: list[AnyImage] = [Image(QUICK), operator_image]
    with RealNode(control_plane, {"vllm": FAKE_VLLM}, images) as running:
        # It is the only one: pods without a GPU have no other place.
        control_plane.kubectl("taint", "node", running.name, f"{GPU_RESOURCE}-")
        yield running
