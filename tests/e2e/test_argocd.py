"""Argo CD itself installs what we ship, says how it is, finds nothing to correct, and takes it away again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.argo import Repository, sight, watching, writes
from e2e.argo_examples import EXAMPLES, FLEETS, TEAM, apply, fleet, platform, settings
from e2e.hour import live_through, manifests
from e2e.inventory import Inventory, everything, line
from e2e.looks import expect_well
from e2e.ways import KINDS, OF_ANY_NAMESPACE
from fleet_operator import MANIFESTS, NAMESPACE, install
from llamafleet.api.names import CARRY_OVER_NAME, OPERATOR_NAME
from llamas import GONE_SECONDS, SETTLE_SECONDS, Llama
from testbed import argocd, wheels
from testbed.argocd import ArgoCD
from testbed.control_plane import ControlPlane
from testbed.fixtures import require_argocd
from testbed.real_node import RealNode
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.e2e]

PATIENCE_SECONDS = 360.0
"""Two operators start, then a fleet, each with probes of ten seconds, on a busy machine."""

WHAT_STAYS: Inventory = {
    *(line("CustomResourceDefinition", "", kind) for kind in KINDS),
    line("APIService", "", "v1alpha1.llamafleet.io"),
    line("Lease", NAMESPACE, OPERATOR_NAME),
    line("ConfigMap", NAMESPACE, CARRY_OVER_NAME),
    *(line("Namespace", "", name) for name in (NAMESPACE, TEAM)),
    *(line(kind, name, one) for name in (NAMESPACE, TEAM) for kind, one in OF_ANY_NAMESPACE),
}
"""The kinds and the accounts are marked to be kept, Argo CD deletes no namespace, the Lease is our own."""


@pytest.fixture(scope="module")
def argo_cd(control_plane: ControlPlane) -> Iterator[ArgoCD]:
    """Argo CD with our settings."""
    require_argocd()
    ours = settings("argocd-cm.yaml", "argocd-cm-waves.yaml")
    with ArgoCD(control_plane, wheels.helm(3), ours) as running:
        yield running
        running.check()
    control_plane.kubectl("delete", "namespace", argocd.NAMESPACE)


@pytest.fixture
def argo(argo_cd: ArgoCD) -> Iterator[ArgoCD]:
    """Argo CD, whose Applications are gone after the test: none of them goes before what is in it."""
    yield argo_cd
    argo_cd.delete("--all")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository without a commit."""
    return Repository(tmp_path / "repository")


@pytest.fixture
def on_paper(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """Our kinds, our rights, and two nodes of eight fake GPUs; no operator."""
    install(control_plane)
    nodes = control_plane.add_gpu_nodes(2)
    yield control_plane
    control_plane.kubectl("delete", "-f", str(MANIFESTS / "operator" / "rbac.yaml"))
    control_plane.kubectl("delete", "namespace", NAMESPACE, TEAM)
    control_plane.remove_kinds(*KINDS)
    control_plane.kubectl("delete", "node", *nodes)  # last: they end the pods


def test_for_an_hour_of_windows_queues_and_money_there_is_nothing_to_correct(
    on_paper: ControlPlane, argo: ArgoCD, repository: Repository, tmp_path: Path
) -> None:
    for one in manifests(TEAM):
        repository.add(f"fleets/{one['metadata']['name']}.yaml", yaml.safe_dump(one))
    repository.commit("four fleets")
    apply(on_paper, EXAMPLES / "apps" / "fleets.yaml", repository)
    until(lambda: is_synced(argo, FLEETS), SETTLE_SECONDS, "the fleets to be synced")
    begun = datetime.now(UTC)
    with watching(on_paper, FLEETS) as within:
        counts = live_through(on_paper, TEAM, tmp_path)
    assert counts["windowed"] == [0, 1, 0, 3, 0]
    assert {1, 3} <= set(counts["scaled"])
    assert counts["paced"] == [1]
    assert counts["spent"] == [1, 0]

    assert {one.sync for one in within} == {"Synced"}
    assert {(one.operation, one.history) for one in within} == {(within[0].operation, (0,))}
    assert len({one.compared for one in within}) >= 10, "it has compared all the while"
    assert {health for one in within for _, health in one.fleets} >= {"Healthy", "Progressing", "Suspended"}
    assert writes(on_paper, begun) == []
    assert_that_it_would_have(on_paper, argo)
    argo.delete(FLEETS)
    assert on_paper.get("llamadeployments", "--all-namespaces")["items"] == []


def assert_that_it_would_have(cluster: ControlPlane, argo: ArgoCD) -> None:
    """Somebody changes what Git holds, and Argo CD takes it back: the proof that it was looking."""
    begun = datetime.now(UTC)
    paced = Llama(cluster, TEAM, "paced")
    paced.patch(replicas=1)
    until(lambda: paced.get()["spec"]["replicas"] == 3, SETTLE_SECONDS, "Argo CD to take it back")
    until(lambda: is_synced(argo, FLEETS), SETTLE_SECONDS, "the fleets to be synced again")
    assert [one for one in writes(cluster, begun) if "/llamadeployments/paced" in one]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("**/*.yaml")), ids=lambda path: path.stem)
def test_every_example_is_well_formed(path: Path, control_plane: ControlPlane, argo: ArgoCD) -> None:
    argo.check()
    command = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict")
    assert "serverside-applied (server dry run)" in control_plane.kubectl(*command, "-f", str(path))


@pytest.mark.timeout(1800)
def test_everything_comes_in_waves_and_goes_again(
    control_plane: ControlPlane, node: RealNode, argo: ArgoCD, repository: Repository
) -> None:
    before = everything(control_plane)
    platform(repository)
    fleet(repository)
    repository.commit("the kinds, the operator, and a fleet")
    with watching(control_plane, FLEETS) as seen:
        apply(control_plane, EXAMPLES / "root.yaml", repository)
        wait_for(argo, FLEETS, "Healthy")
    node.check()
    expect_well(control_plane)
    assert "Progressing" in {one.health for one in seen}, "a pod takes its time"
    for name in ("llamafleet", "llamafleet-crds", "llamafleet-operator"):
        wait_for(argo, name, "Healthy")

    for what, spec, health in STORIES:
        fleet(repository, **spec)
        revision = repository.commit(what)
        argo.refresh(FLEETS)
        wait_for(argo, FLEETS, health, revision)

    argo.delete("llamafleet")
    until(lambda: only(WHAT_STAYS, everything(control_plane) - before), GONE_SECONDS, "all to be pruned")
    control_plane.remove_kinds(*KINDS)
    control_plane.kubectl("delete", "namespace", NAMESPACE, TEAM)


LEAP_DAY = {"name": "leap-day", "start": "0 0 29 2 *", "duration": "1h"}

STORIES: list[tuple[str, dict[str, Any], str]] = [
    ("a pool that nobody has", {"gpu": {"pools": ["nowhere"]}}, "Degraded"),
    ("a rest", {"suspend": True}, "Suspended"),
    ("another day", {"schedule": {"windows": [LEAP_DAY]}}, "Suspended"),
    ("work again", {}, "Healthy"),
]


def only(wanted: Inventory, there: Inventory) -> bool:
    """Whether there is this and nothing else, as something to wait for."""
    assert there == wanted, sorted(there ^ wanted)
    return True


def wait_for(argo: ArgoCD, name: str, health: str, revision: str = "") -> None:
    """Wait until an Application is what Git holds, or this commit holds, and of this health."""

    def holds() -> bool:
        argo.check()
        now = sight(argo.application(name))
        assert (now.sync, now.health) == ("Synced", health), now
        assert revision in {"", now.revision}, now
        return True

    until(holds, PATIENCE_SECONDS, f"{name} to be {health}")


def is_synced(argo: ArgoCD, name: str) -> bool:
    """Whether an Application is what Git holds."""
    now = sight(argo.application(name))
    assert (now.sync, now.phase) == ("Synced", "Succeeded"), now
    return True
