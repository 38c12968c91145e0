"""One cluster with one real node, our kinds and the operator, for every test in this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet_operator import OperatorProcess, install, running_operator
from llamas import pool
from node.fleets import GPU, IMAGES, POOL, SIMULATORS
from node.stories import Stories, stories_of
from testbed import binaries, rootfs
from testbed.control_plane import ControlPlane
from testbed.fixtures import (
    control_plane,
    namespace,
    operator_image,
    pytest_collection_finish,
    require_real_node,
)
from testbed.real_node import RealNode
from testbed.real_node_files import LABEL
from testbed.versions import NODE

__all__ = [
    "control_plane",
    "namespace",
    "node",
    "operator",
    "operator_image",
    "pytest_collection_finish",
    "stories",
]

HERE = Path(__file__).parent
SIMULATOR = "llm-d-inference-sim"


@pytest.fixture(scope="session")
def node(request: pytest.FixtureRequest) -> Iterator[RealNode]:
    """The real node of the session's cluster, with our kinds installed and a pool of its own."""
    require_real_node()
    cluster: ControlPlane = request.getfixturevalue("control_plane")
    install(cluster)
    programs = {
        "vllm": HERE / "fake_vllm.py",
        f"{SIMULATORS}/vllm": HERE / "vllm_sim.py",
        f"{SIMULATORS}/{SIMULATOR}": binaries.ensure(NODE) / SIMULATOR,
    }
    wakers = [request.getfixturevalue("operator_image")] if rootfs.find() else []
    with RealNode(cluster, programs, [*IMAGES, *wakers]) as running:
        cluster.apply(pool(POOL, "1.00", GPU, nodeSelector=dict([LABEL])))
        yield running


@pytest.fixture(scope="module")
def operator(control_plane: ControlPlane, node: RealNode) -> Iterator[OperatorProcess]:
    """The operator, for the tests of one module."""
    node.check()
    with running_operator(control_plane) as process:
        yield process
        assert "Traceback" not in process.log.read_text(), "the operator logged an error that nobody expected"


@pytest.fixture(scope="module")
def stories(
    request: pytest.FixtureRequest, control_plane: ControlPlane, operator: OperatorProcess
) -> Stories:
    """The stories of one module, told side by side."""
    assert operator.alive()
    return Stories(control_plane, stories_of(request))
