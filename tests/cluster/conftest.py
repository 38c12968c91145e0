"""One control plane for every test in this folder, with our kinds, our rights and the operator at work."""

from collections.abc import Iterator

import pytest

from cluster.duty import duty, others_gone
from cluster.onlookers import gold_fleet, onlooker
from fleet_operator import OperatorProcess, install, running_operator
from testbed.control_plane import ControlPlane
from testbed.fixtures import control_plane, namespace, pytest_collection_finish

__all__ = [
    "control_plane",
    "duty",
    "gold_fleet",
    "installed",
    "namespace",
    "onlooker",
    "operator",
    "pytest_collection_finish",
]

NODES = 4


@pytest.fixture(scope="session")
def installed(control_plane: ControlPlane) -> ControlPlane:
    """The control plane with our kinds and rights, and four nodes of eight fake A100-80GB."""
    install(control_plane)
    control_plane.add_gpu_nodes(NODES)
    return control_plane


@pytest.fixture(scope="module")
def operator(installed: ControlPlane) -> Iterator[OperatorProcess]:
    """The operator, for the tests of one module."""
    others_gone(installed)
    with running_operator(installed) as process:
        yield process
        assert "Traceback" not in process.log.read_text(), "the operator logged an error that nobody expected"
