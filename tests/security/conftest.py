"""One control plane for this folder, with our kinds and rights; and the test that comes after all others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet_operator import install
from llamas import pool
from security.guard import FOLDER, OPERATOR, refusal
from testbed.cluster import POLICY_SECONDS
from testbed.control_plane import ControlPlane
from testbed.fixtures import control_plane, namespace, pytest_collection_finish
from testbed.wait import until

__all__ = ["control_plane", "guarded", "installed", "namespace", "pytest_collection_finish"]

NODES = 5

LAST = "test_used_rights.py"
"""It judges what every other test has left, so it runs by itself, at the end."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the last test to whoever names it."""
    if collection_path.name == LAST and not any(LAST in given for given in config.args):
        return True
    return None


@pytest.fixture(scope="session")
def installed(control_plane: ControlPlane) -> ControlPlane:
    """The control plane with our kinds and rights, nodes of eight fake A100-80GB, and the pool of them."""
    install(control_plane)
    control_plane.add_gpu_nodes(NODES)
    control_plane.apply(pool("a100", "1.00"))
    return control_plane


@pytest.fixture(scope="module")
def guarded(installed: ControlPlane) -> Iterator[ControlPlane]:
    """The cluster with all policies, which allow any image yet."""
    installed.kubectl("apply", "--server-side", "--validate=strict", "-k", str(FOLDER))
    own = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "probe"}}
    try:
        until(lambda: refusal(installed, own, OPERATOR), POLICY_SECONDS, "the policies to hold")
        yield installed
    finally:
        installed.kubectl("delete", "-k", str(FOLDER))
