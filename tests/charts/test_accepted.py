"""Everything that the charts render is accepted to the letter by a real API server with those kinds."""

from collections.abc import Iterator

import pytest
import yaml

from builders import ROOT
from charts.examples import EXAMPLES
from charts.place import KINDS
from charts.rendered import KINDS_CHART, NAMESPACE, example, rendered
from testbed.control_plane import ControlPlane

pytestmark = pytest.mark.cluster

OF_PROMETHEUS = ROOT / "tests" / "cluster" / "data"
NAMESPACES = (NAMESPACE, "team-a", "team-b", "team-c")
STRICT = ("--server-side", "--dry-run=server", "--validate=strict", "-f", "-")


@pytest.fixture(scope="module")
def ready(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """A cluster with our kinds, those of the Prometheus operator, and the namespaces of the examples."""
    kinds = yaml.safe_dump_all(rendered(chart=KINDS_CHART))
    control_plane.kubectl("apply", "--server-side", "--validate=strict", "-f", "-", input=kinds)
    control_plane.install_kinds(OF_PROMETHEUS)
    for name in NAMESPACES:
        control_plane.kubectl("create", "namespace", name)
    yield control_plane
    control_plane.remove_kinds(*KINDS)
    control_plane.kubectl("delete", "-f", str(OF_PROMETHEUS))
    control_plane.kubectl("delete", "namespace", "--wait=false", *NAMESPACES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_accepted(ready: ControlPlane, name: str) -> None:
    objects = example(name)
    said = ready.kubectl("apply", *STRICT, input=yaml.safe_dump_all(objects))
    assert said.count("\n") == len(objects)
