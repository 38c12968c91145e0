"""One cluster with one real node, our kinds and the operator, for every test in this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet_operator import OperatorProcess, install, running_operator
from llamas import Llama, pool
from node.clients import MODEL
from node.fleets import IMAGES, POOL, SIMULATORS, Fleet
from testbed import binaries
from testbed.control_plane import ControlPlane
from testbed.fixtures import control_plane, namespace, pytest_collection_finish, require_real_node
from testbed.real_node import RealNode
from testbed.real_node_files import LABEL
from testbed.versions import NODE

__all__ = ["control_plane", "fleet", "namespace", "node", "operator", "pytest_collection_finish"]

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
    with RealNode(cluster, programs, IMAGES) as running:
        cluster.apply(pool(POOL, "1.00", nodeSelector=dict([LABEL])))
        yield running


@pytest.fixture(scope="module")
def operator(control_plane: ControlPlane, node: RealNode) -> Iterator[OperatorProcess]:
    """The operator, for the tests of one module."""
    node.check()
    with running_operator(control_plane) as process:
        yield process
        assert "Traceback" not in process.log.read_text(), "the operator logged an error that nobody expected"


@pytest.fixture
def fleet(control_plane: ControlPlane, operator: OperatorProcess, namespace: str) -> Iterator[Fleet]:
    """A fleet that a test starts as it likes; it is gone when the test is over."""
    assert operator.alive()
    made = Fleet(Llama(control_plane, namespace, MODEL))
    yield made
    made.remove()
