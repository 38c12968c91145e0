"""People change from Helm 3 to Helm 4 with the releases that they have, and some change back."""

from pathlib import Path

import pytest

from charts.place import FIRST, KINDS, SPENT, Place
from charts.rendered import CHART, KINDS_CHART, require_helm
from e2e.helm import Helm
from testbed.control_plane import ControlPlane
from testbed.wheels import MAJORS

pytestmark = pytest.mark.cluster


def test_a_release_of_helm_3_goes_on_under_helm_4_and_back(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    """One applies on the server's side, the other patches: neither takes a field away from anybody."""
    require_helm()
    control_plane.kubectl("create", "namespace", "helm-both")
    old, new = (Place(Helm(major, control_plane, tmp_path), major, "helm-both") for major in MAJORS)
    for chart in ("llamafleet-crds", "llamafleet"):
        old.helm("install", chart, str(FIRST[chart]))
    old.spend()
    for place, replicas in ((new, 3), (old, 1), (new, 2)):
        place.helm("upgrade", "llamafleet-crds", str(KINDS_CHART))
        place.helm("upgrade", "llamafleet", str(CHART), f"--set=replicas={replicas}")
        assert place.accounts() == SPENT
        assert place.get("deployment", "llamafleet")["spec"]["replicas"] == replicas
    old.helm("uninstall", "llamafleet")
    assert old.accounts() == SPENT
    control_plane.remove_kinds(*KINDS)
    control_plane.kubectl("delete", "namespace", "helm-both", "--wait=false")
