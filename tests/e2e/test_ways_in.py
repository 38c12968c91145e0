"""Each way in, tried as a new user would: install, first fleet, upgrade, uninstall, and what is left."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.helm import Helm
from e2e.helm_ways import ByHelm, FromPlainToHelm
from e2e.inventory import Inventory, everything, line, of_others
from e2e.looks import accounts, expect_well, uids, wait_for_others
from e2e.ways import OF_ANY_NAMESPACE, SHORT_NAME, ByKustomize, Plain, Way
from llamas import GONE_SECONDS, SETTLE_SECONDS, Llama, pool
from node.clients import MODEL, ask, asking_on
from node.fleets import GPU, POOL, READY_SECONDS, Fleet
from testbed.control_plane import ControlPlane
from testbed.real_node import RealNode
from testbed.real_node_files import LABEL
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.e2e]

CLIENTS = 2
TOKENS = 10
"""Half a second of work."""

WAYS: dict[str, Callable[[ControlPlane, Path], Way]] = {
    "helm-3": lambda cluster, folder: ByHelm(Helm(3, cluster, folder), folder),
    "helm-4": lambda cluster, folder: ByHelm(Helm(4, cluster, folder), folder),
    "plain": Plain,
    "kustomize": ByKustomize,
    "plain, then helm-4": lambda cluster, folder: FromPlainToHelm(Helm(4, cluster, folder), folder),
}


@pytest.fixture(params=WAYS)
def way(
    request: pytest.FixtureRequest, control_plane: ControlPlane, node: RealNode, tmp_path: Path
) -> Iterator[Way]:
    """One way in, on a cluster that has nothing of ours; whatever came of it is gone afterwards."""
    node.check()
    chosen = WAYS[request.param](control_plane, tmp_path)
    yield chosen
    chosen.remove_all()


def test_from_nothing_to_a_fleet_and_back(way: Way, control_plane: ControlPlane, namespace: str) -> None:
    before = until(lambda: furnished(control_plane, namespace), SETTLE_SECONDS, "a furnished namespace")
    way.install()
    way.ready()
    expect_well(control_plane)
    fleet, address = first_fleet(control_plane, namespace)
    keep_an_account(control_plane, namespace)

    upgrade_under_load(way, fleet, address)
    if not way.leaves_fleets:
        end_all(fleet)
    way.uninstall()
    until(
        lambda: only(way.stays, of_others(namespace, everything(control_plane) - before)),
        GONE_SECONDS,
        "the operator to be gone",
    )
    if way.leaves_fleets:
        assert ask(address, TOKENS).complete, "what runs goes on without us"
        end_all(fleet)
    way.remove_all()
    until(lambda: only(frozenset(), everything(control_plane) - before), GONE_SECONDS, "all to be gone")


def furnished(cluster: ControlPlane, namespace: str) -> Inventory:
    """Everything there is, once Kubernetes has put into a new namespace what it puts into each."""
    found = everything(cluster)
    assert found >= {line(kind, namespace, name) for kind, name in OF_ANY_NAMESPACE}
    return found


def first_fleet(cluster: ControlPlane, namespace: str) -> tuple[Fleet, str]:
    """A fleet that answers through its Service, and the address of that."""
    cluster.apply(pool(POOL, "1.00", GPU, nodeSelector=dict([LABEL])))
    fleet = Fleet(Llama(cluster, namespace, MODEL))
    address = fleet.start()
    assert ask(address, TOKENS).complete
    return fleet, address


def keep_an_account(cluster: ControlPlane, namespace: str) -> None:
    """Delete a fleet that has cost something, so that the operator has something to remember."""
    fleet = Fleet(Llama(cluster, namespace, "short-lived"))
    fleet.apply()
    until(lambda: fleet.llama.status().get("cost", {}).get("ledger"), READY_SECONDS, "an account")
    fleet.llama.delete()
    until(lambda: accounts(cluster), SETTLE_SECONDS, "the account to be kept")


def upgrade_under_load(way: Way, fleet: Fleet, address: str) -> None:
    """Upgrade, and go back and forth, while clients ask on: they notice nothing, and nothing is forgotten."""
    cluster = fleet.llama.cluster
    serving, working, kept = fleet.llama.uids(), uids(cluster), accounts(cluster)
    with asking_on(address, CLIENTS, TOKENS) as answers:
        way.upgrade()
        way.ready()
        wait_for_others(cluster, working)
        way.go_back()
        asked = len(answers)
        until(lambda: len(answers) > asked + CLIENTS, SETTLE_SECONDS, "requests to go on")
    assert [str(one) for one in answers if not one.complete] == []
    assert fleet.llama.uids() == serving, "no pod that serves is another one"
    assert accounts(cluster) == kept
    expect_well(cluster)
    names = cluster.get("crd", "gpupools.llamafleet.io")["spec"]["names"]
    assert names["shortNames"] == [SHORT_NAME], "the kinds are those of now"


def end_all(fleet: Fleet) -> None:
    """Delete every fleet, before the kinds: Kubernetes can forget the pods of a kind that is gone."""
    fleet.llama.cluster.kubectl("delete", "llama", "--all", "--all-namespaces")
    until(lambda: not fleet.llama.left() and not fleet.pods(), GONE_SECONDS, "what the fleet had to be gone")


def only(expected: Inventory, left: Inventory) -> bool:
    """Whether this and no more is left, as something to wait for."""
    assert left == expected, (sorted(left - expected), sorted(expected - left))
    return True
