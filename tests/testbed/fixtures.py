"""The pytest side of the testbed: a conftest.py imports from here what its folder needs.

The programs are built before the first test starts, so that no test's time limit counts the ten minutes.
"""

import os
import uuid
from collections.abc import Iterator

import pytest

from testbed import argocd_files, binaries, network, rootfs
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.images import LayeredImage
from testbed.operator_image import operator_image as image_of_the_operator
from testbed.real_node import obstacle


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build missing programs, visibly, when a test that needs them is about to run."""
    if session.config.option.collectonly or not any(
        item.get_closest_marker("cluster") for item in session.items
    ):
        return
    capture = session.config.pluginmanager.getplugin("capturemanager")
    try:
        with capture.global_and_fixture_disabled():
            binaries.ensure()
    except TestbedError as error:
        hint = " The programs have to be built before: make setup" if network.is_private() else ""
        pytest.exit(f"error: {error}{hint}", returncode=1)


def require_real_node() -> None:
    """Skip the test where no real node is possible, and say why; where everything has to run, fail it."""
    if why := obstacle():
        _do_without(why)


def require_operator_image() -> None:
    """Skip the test, or fail it, where what the operator's image is made of has not been downloaded."""
    if rootfs.find() is None:
        _do_without(rootfs.MISSING)


def require_argocd() -> None:
    """Skip the test, or fail it, where Argo CD was not built."""
    if argocd_files.find() is None:
        _do_without(argocd_files.MISSING)


def _do_without(why: str) -> None:
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)


@pytest.fixture(scope="session")
def operator_image(tmp_path_factory: pytest.TempPathFactory) -> LayeredImage:
    """The operator's image, with the wheel of this checkout."""
    require_operator_image()
    return image_of_the_operator(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """One control plane, without nodes, for every test of the session."""
    with ControlPlane(audit=True) as running:
        yield running


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """A namespace of the test's own, which is deleted in the background afterwards."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    control_plane.kubectl("create", "namespace", name)
    yield name
    control_plane.kubectl("delete", "namespace", name, "--wait=false")
