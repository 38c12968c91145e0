"""The chart for named namespaces, with the waker: its notes lead to a fleet, elsewhere it does nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.commands import commands_of, run
from e2e.helm import Helm
from e2e.helm_ways import CHARTS, ByHelm
from e2e.looks import accounts, expect_well, uids, wait_for_others
from fleet_operator import ACCOUNT, CRDS, NAMESPACE
from llamafleet.api.names import CARRY_OVER_NAME
from llamas import SETTLE_SECONDS, Llama, revision
from node.clients import MODEL, ask
from node.fleets import GPU, POOL, Fleet
from testbed import wheels
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.real_node import RealNode
from testbed.real_node_files import LABEL
from testbed.wait import until

pytestmark = [pytest.mark.cluster, pytest.mark.e2e]

TEAM, LATER = "team-a", "team-b"
TOKENS = 10
IDLE = {"minReplicas": 0, "maxReplicas": 1, "scaleDownDelay": "30s", "idleTimeout": "30s"}
ASLEEP_SECONDS = 120.0
"""Half a minute without a request, at the operator's second look after that."""

OF_NO_NAMESPACE = {"list gpupools.llamafleet.io", "watch gpupools.llamafleet.io", "get nodes"}
"""What it may read beside its namespaces."""

TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
VALUES = {
    "namespaces": [TEAM],
    "waker": {"enabled": True},
    "gpuPools": {
        POOL: {
            "gpu": GPU,
            "price": {"onDemand": "1.00"},
            "nodeSelector": dict([LABEL]),
            "tolerations": [TOLERATION],
        }
    },
}


@pytest.fixture(scope="module")
def helm(
    control_plane: ControlPlane, node: RealNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Helm]:
    """Helm 4, with two namespaces for fleets there; whatever is installed by it is gone afterwards."""
    node.check()
    way = ByHelm(Helm(4, control_plane, tmp_path_factory.mktemp("helm")), tmp_path_factory.mktemp("way"))
    control_plane.kubectl("create", "namespace", TEAM)
    control_plane.kubectl("create", "namespace", LATER)
    yield way.helm
    way.remove_all()
    control_plane.kubectl("delete", "namespace", TEAM, LATER, "--wait=false")


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The option that names the file with the values."""
    path = tmp_path_factory.mktemp("values") / "values.yaml"
    path.write_text(json.dumps(VALUES))
    return f"--values={path}"


@pytest.fixture(scope="module")
def notes(helm: Helm, values: str) -> str:
    """What Helm says when the charts are installed by the commands of their pages."""
    helm(
        "upgrade",
        "--install",
        "llamafleet-crds",
        str(CHARTS / "llamafleet-crds"),
        "--create-namespace",
        "--wait",
    )
    until(lambda: helm.cluster.serves(CRDS), SETTLE_SECONDS, "the kinds, of which the other chart has some")
    return helm("upgrade", "--install", "llamafleet", str(CHARTS / "llamafleet"), values)


@pytest.fixture(scope="module")
def sleeper(notes: str, helm: Helm) -> Fleet:
    """A fleet that goes to zero while nobody asks; it begins before the others, for it takes longest."""
    assert notes
    fleet = Fleet(Llama(helm.cluster, TEAM, "sleeper"))
    fleet.apply(scaling=IDLE)
    return fleet


@pytest.fixture(scope="module")
def said(notes: str, sleeper: Fleet) -> dict[str, str]:
    """What each command of the notes prints, given as it stands there, in their order."""
    cluster = sleeper.llama.cluster
    return {command: run(cluster, command) for command in commands_of(notes)}


def test_the_notes_lead_to_a_fleet(helm: Helm, said: dict[str, str]) -> None:
    assert any("rollout status" in command for command in said)
    assert any("pod-security.kubernetes.io/enforce=restricted" in command for command in said)
    (describe,) = (command for command in said if "kubectl describe" in command)
    until(lambda: "Conditions" in run(helm.cluster, describe), SETTLE_SECONDS, "conditions to be described")
    expect_well(helm.cluster)


@pytest.mark.usefixtures("said")
def test_a_fleet_in_its_namespace_is_served_and_one_elsewhere_is_not_touched(
    helm: Helm, notes: str, values: str
) -> None:
    assert f"these namespaces alone: {TEAM}" in notes
    own, foreign = (Fleet(Llama(helm.cluster, name, MODEL)) for name in (TEAM, LATER))
    foreign.apply()
    born = revision(foreign.llama.get())
    assert ask(own.start(), TOKENS).complete
    assert revision(foreign.llama.get()) == born
    assert foreign.llama.left() == []
    assert allowed(helm, TEAM) >= {"list llamadeployments.llamafleet.io", "patch deployments.apps"}
    assert allowed(helm, LATER) - allowed(helm, LATER, "default:default") == OF_NO_NAMESPACE

    working, serving = uids(helm.cluster), own.llama.uids()
    helm.upgrade("llamafleet", CHARTS / "llamafleet", values, f"--set=namespaces={{{TEAM},{LATER}}}")
    foreign.llama.wait_for("Ready", "True", "AllReplicasReady")
    wait_for_others(helm.cluster, working)
    assert own.llama.uids() == serving
    assert allowed(helm, LATER) == allowed(helm, TEAM)
    expect_well(helm.cluster)


def test_a_fleet_that_sleeps_is_woken_by_a_request(sleeper: Fleet) -> None:
    until(lambda: sleeper.wanted() == 0 and not sleeper.pods(), ASLEEP_SECONDS, "the fleet to be asleep")
    until(sleeper.doors, SETTLE_SECONDS, "its Service to lead to the waker")
    address = sleeper.llama.get("service")["spec"]["clusterIP"]
    answer = ask(address, TOKENS, model=sleeper.llama.name)
    assert answer.complete, answer
    assert len(sleeper.pods()) == 1


def test_a_release_that_was_removed_takes_the_accounts_back(helm: Helm, notes: str, values: str) -> None:
    assert "ConfigMap llamafleet-carry-over" in notes
    kept = {"team-a.gone": "{}"}
    patch = f"--patch={json.dumps({'data': kept})}"
    helm.cluster.kubectl("patch", "configmap", CARRY_OVER_NAME, f"--namespace={NAMESPACE}", patch)
    helm("uninstall", "llamafleet")
    assert accounts(helm.cluster) == kept
    helm("install", "llamafleet", str(CHARTS / "llamafleet"), values)
    assert accounts(helm.cluster) == kept


@pytest.mark.parametrize("major", [3, 4])
@pytest.mark.parametrize(
    ("setting", "message"),
    [("replica=3", "replica"), ("replicas=two", "replicas"), ("waker.enabled=maybe", "enabled")],
)
def test_a_wrong_value_is_refused_and_nothing_changes(
    helm: Helm, major: wheels.Major, tmp_path: Path, setting: str, message: str
) -> None:
    before = helm.releases()
    with pytest.raises(TestbedError, match=message):
        Helm(major, helm.cluster, tmp_path).upgrade("llamafleet", CHARTS / "llamafleet", f"--set={setting}")
    assert helm.releases() == before


def allowed(helm: Helm, namespace: str, account: str = f"{NAMESPACE}:{ACCOUNT}") -> set[str]:
    """What an account may do in a namespace: the operator's, if no other."""
    who = f"--as=system:serviceaccount:{account}"
    command = ("auth", "can-i", "--list", "--no-headers", who, f"--namespace={namespace}")
    rows = helm.cluster.kubectl(*command).splitlines()
    found = {(row.split()[0], row.rpartition("[")[2].rstrip("] ")) for row in rows}
    return {f"{verb} {what}" for what, verbs in found for verb in verbs.split()}
