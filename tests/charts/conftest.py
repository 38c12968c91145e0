"""One control plane, without nodes, for the tests of this folder that need one."""

from collections.abc import Iterator

import pytest

from testbed.control_plane import ControlPlane
from testbed.fixtures import pytest_collection_finish

__all__ = ["control_plane", "pytest_collection_finish"]


@pytest.fixture(scope="package")
def control_plane() -> Iterator[ControlPlane]:
    """It ends with the folder: other folders have theirs."""
    with ControlPlane() as running:
        yield running
