"""What Helm does with the charts from the first installation to the last: upgrade, rollback, uninstall.

Nothing runs here, for there is no node: it is about the objects. The pods are looked at in ``tests/e2e``.
"""

from collections.abc import Iterator

import pytest

from charts.place import FIRST, KIND, KINDS, SPENT, Place
from charts.rendered import CHART, KINDS_CHART, NAMESPACE, require_helm
from e2e.helm import Helm
from fleet_operator import MANIFESTS
from llamafleet.api.names import CARRY_OVER_NAME
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.wait import until
from testbed.wheels import MAJORS

pytestmark = pytest.mark.cluster

RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"
GONE_SECONDS = 180.0


@pytest.fixture(scope="module", params=MAJORS, ids=lambda major: f"Helm {major}")
def place(
    request: pytest.FixtureRequest, control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    require_helm()
    namespace = f"helm-{request.param}"
    control_plane.kubectl("create", "namespace", namespace)
    helm = Helm(request.param, control_plane, tmp_path_factory.mktemp("helm"))
    yield Place(helm, request.param, namespace)
    control_plane.remove_kinds(*KINDS)
    control_plane.kubectl("delete", "namespace", namespace, "--wait=false")


def test_the_first_charts_are_installed_and_the_notes_of_the_next_say_what_is_missing(place: Place) -> None:
    said = place.helm("install", "llamafleet", str(CHART), "--set=waker.enabled=true")
    assert "The kinds are missing, and the operator waits for them:" in said
    assert f"kubectl label namespace {place.namespace} {RESTRICTED}" in said
    place.helm("uninstall", "llamafleet")
    place.cluster.kubectl("delete", "configmap", CARRY_OVER_NAME, f"--namespace={place.namespace}")
    place.helm("install", "llamafleet-crds", str(FIRST["llamafleet-crds"]))
    place.helm("install", "llamafleet", str(FIRST["llamafleet"]), "--set=replicas=3")
    place.spend()


def test_an_upgrade_leaves_the_accounts_and_upgrades_the_kinds(place: Place) -> None:
    assert place.version("crd", KIND) == ""
    place.helm("upgrade", "llamafleet-crds", str(KINDS_CHART))
    assert place.version("crd", KIND) == "llamafleet-crds-0.2.0"
    place.helm("upgrade", "llamafleet", str(CHART), "--reset-then-reuse-values")
    assert place.accounts() == SPENT
    assert place.version("deployment", "llamafleet") == "llamafleet-0.2.0"
    assert place.get("deployment", "llamafleet")["spec"]["replicas"] == 3


def test_a_rollback_leaves_the_accounts(place: Place) -> None:
    place.helm("rollback", "llamafleet")
    assert place.accounts() == SPENT
    assert place.version("deployment", "llamafleet") == ""
    said = place.helm("upgrade", "llamafleet", str(CHART))
    assert place.accounts() == SPENT
    assert "The kinds are" not in said


def test_what_somebody_has_set_by_hand_is_put_right_by_the_next_upgrade(place: Place) -> None:
    here = f"--namespace={place.namespace}"
    place.cluster.kubectl("delete", "poddisruptionbudget", "llamafleet", here)
    place.helm("upgrade", "llamafleet", str(CHART), "--set=replicas=1")
    assert place.get("poddisruptionbudget", "llamafleet")["spec"]["maxUnavailable"] == 1
    assert place.get("deployment", "llamafleet")["spec"]["replicas"] == 1


def test_the_release_goes_and_the_accounts_and_the_kinds_stay(place: Place) -> None:
    place.helm("uninstall", "llamafleet")
    place.helm("uninstall", "llamafleet-crds")
    assert place.accounts() == SPENT
    assert place.get("crd", KIND)
    kinds = "deployment,service,serviceaccount,role,rolebinding,networkpolicy,poddisruptionbudget"

    def left() -> set[str]:
        found = place.cluster.get(kinds, f"--namespace={place.namespace}")["items"]
        return {one["metadata"]["name"] for one in found} - {"default"}

    until(lambda: not left(), GONE_SECONDS, "everything of the release to be gone")
    everywhere = place.cluster.get("clusterrole,clusterrolebinding", "-lapp.kubernetes.io/name=llamafleet")
    assert everywhere["items"] == []


def test_who_installs_again_goes_on_with_the_accounts(place: Place) -> None:
    place.helm("install", "llamafleet-crds", str(KINDS_CHART))
    place.cluster.kubectl("label", "namespace", place.namespace, RESTRICTED)
    said = place.helm("install", "llamafleet", str(CHART))
    assert place.accounts() == SPENT
    assert "pod-security" not in said
    assert "The kinds are" not in said


def test_older_kinds_are_named_with_the_command_that_upgrades_them(place: Place) -> None:
    label = "helm.sh/chart=llamafleet-crds-0.1.9"
    place.cluster.kubectl("label", "crd", KIND, label, "--overwrite")
    said = place.helm("upgrade", "llamafleet", str(CHART))
    assert "The kinds are of an older chart, 0.1.9. Upgrade them:" in said
    command = "helm upgrade llamafleet-crds llamafleet-crds --version 0.2.0"
    assert f"{command} --namespace {place.namespace}\n" in said
    place.helm("uninstall", "llamafleet")


def test_plain_manifests_are_taken_over_with_their_accounts(place: Place) -> None:
    """They are for one namespace by its name; here they are for this one."""
    text = (MANIFESTS / "install.yaml").read_text().replace(NAMESPACE, place.namespace)
    place.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=text)
    place.cluster.kubectl("delete", "deployment", "llamafleet", f"--namespace={place.namespace}")
    taken = ("--take-ownership", *(["--force-conflicts"] if place.major == 4 else []))
    place.helm("upgrade", "--install", "llamafleet-crds", str(KINDS_CHART), *taken)
    place.helm("install", "llamafleet", str(CHART), *taken)
    assert place.accounts() == SPENT
    place.helm("uninstall", "llamafleet")
    assert place.accounts() == SPENT


def test_another_release_takes_the_accounts_only_when_it_is_told_to(place: Place) -> None:
    with pytest.raises(TestbedError, match=rf'{CARRY_OVER_NAME}" in namespace .* cannot be imported'):
        place.helm("install", "llamafleet-b", str(CHART))
    place.helm("install", "llamafleet-b", str(CHART), "--take-ownership")
    assert place.accounts() == SPENT
    place.helm("uninstall", "llamafleet-b")
