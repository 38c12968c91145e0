"""Two operators share a cluster by its namespaces, under the rights of the overlay and no others."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleet_operator import MANIFESTS, NAMESPACE, OperatorProcess, install_rights, running_operator
from llamas import SETTLE_SECONDS, Llama
from testbed.audit import whole_lines
from testbed.cluster import Cluster
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

FIRST = MANIFESTS / "namespaced"
SECOND = FIRST / "second-shard"
NO_PROCESS = {"Deployment", "PodDisruptionBudget"}
"""What of the overlay is not applied: the operators run as processes beside the cluster."""

WRITES = {"create", "update", "patch", "delete", "deletecollection"}
WITHOUT_NAMESPACE = {("gpupools", "list"), ("gpupools", "watch"), ("nodes", "get")}


class Account:
    """The way of a service account to the cluster."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        """Take the account of this name beside the operators."""
        self._cluster = cluster
        self.user = f"system:serviceaccount:{NAMESPACE}:{name}"
        self._name = name

    def kubeconfig(self, folder: Path) -> Path:
        path = folder / "config"
        self._cluster.kubeconfig_for_service_account(NAMESPACE, self._name, path)
        return path


def rendered(cluster: Cluster, folder: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(cluster.kubectl("kustomize", str(folder))))


def options(objects: list[dict[str, Any]]) -> list[str]:
    """What the operator of an overlay is told of namespaces and leases."""
    (deployment,) = [one for one in objects if one["kind"] == "Deployment"]
    args = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    return [one for one in args if one.startswith(("--namespaces=", "--lease="))]


@pytest.fixture(scope="module")
def shards(installed: ControlPlane) -> Iterator[dict[str, list[str]]]:
    """The rights of both operators, but for a namespace that is not there yet; their options by account."""
    for name in ("team-a", "team-c"):
        installed.kubectl("create", "namespace", name)
    found: dict[str, list[str]] = {}
    for folder, account in ((FIRST, "llamafleet"), (SECOND, "llamafleet-b")):
        objects = rendered(installed, folder)
        found[account] = options(objects)
        rights = [one for one in objects if one["kind"] not in NO_PROCESS]
        installed.apply(*(one for one in rights if one["metadata"].get("namespace") != "team-b"))
    yield found
    install_rights(installed)  # the cluster is for others, too
    for name in ("team-a", "team-b", "team-c"):
        installed.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


@contextlib.contextmanager
def both(installed: ControlPlane, shards: dict[str, list[str]]) -> Iterator[list[OperatorProcess]]:
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(running_operator(installed, *told, door=Account(installed, account)))
            for account, told in shards.items()
        ]


def asked(installed: ControlPlane, account: str) -> list[tuple[str, str, str, int]]:
    """Verb, resource, namespace and status of every request of an account."""
    user = Account(installed, account).user
    entries = map(json.loads, whole_lines(installed.audit_log))
    return [
        (
            entry["verb"],
            entry["objectRef"]["resource"],
            entry["objectRef"].get("namespace", ""),
            entry["responseStatus"]["code"],
        )
        for entry in entries
        if entry["user"]["username"] == user and "objectRef" in entry and "responseStatus" in entry
    ]


def test_the_rights_of_the_overlay_are_those_of_the_operator_cut_in_two(installed: ControlPlane) -> None:
    whole = list(yaml.safe_load_all((MANIFESTS / "operator" / "rbac.yaml").read_text()))
    (everywhere,) = [one["rules"] for one in whole if one["kind"] == "ClusterRole"]
    for folder, tenants in ((FIRST, {"team-a", "team-b"}), (SECOND, {"team-c"})):
        objects = rendered(installed, folder)
        (cluster,) = [one["rules"] for one in objects if one["kind"] == "ClusterRole"]
        roles = {one["metadata"]["namespace"]: one["rules"] for one in objects if one["kind"] == "Role"}
        assert set(roles) == {NAMESPACE, *tenants}
        for tenant in tenants:
            assert sorted(map(str, [*cluster, *roles[tenant]])) == sorted(map(str, everywhere))
        assert all({"get", "list", "watch"}.issuperset(one["verbs"]) for one in cluster)


def test_each_operator_looks_and_writes_only_where_it_works(
    installed: ControlPlane, shards: dict[str, list[str]]
) -> None:
    """One of the namespaces comes into being while they are at work, and holds up no other."""
    before = {account: len(asked(installed, account)) for account in shards}
    with both(installed, shards) as operators:
        fleets = {name: Llama(installed, name, "scout") for name in ("team-a", "team-b", "team-c")}
        for name in ("team-a", "team-c"):
            fleets[name].apply()
        for name in ("team-a", "team-c"):
            fleets[name].wait_for("Ready", "True")
        installed.kubectl("create", "namespace", "team-b")
        objects = rendered(installed, FIRST)
        installed.apply(*(one for one in objects if one["metadata"].get("namespace") == "team-b"))
        fleets["team-b"].apply()
        is_ready = lambda: fleets["team-b"].condition("Ready").get("status") == "True"  # noqa: E731
        until(is_ready, SETTLE_SECONDS, "the fleet of the new namespace to be ready")
        for llama in fleets.values():
            llama.delete()
        until(
            lambda: not any(llama.left() for llama in fleets.values()),
            SETTLE_SECONDS,
            "everything to be gone",
        )
        assert all(operator.alive() for operator in operators)
        for operator in operators:
            assert "Traceback" not in operator.log.read_text()
    for account, own in (("llamafleet", {"team-a", "team-b"}), ("llamafleet-b", {"team-c"})):
        requests = asked(installed, account)[before[account] :]
        assert {where for verb, _, where, _ in requests if verb in WRITES} == {NAMESPACE, *own}
        assert {where for _, _, where, _ in requests} == {NAMESPACE, *own, ""}
        assert {(what, verb) for verb, what, where, _ in requests if not where} <= WITHOUT_NAMESPACE
        assert {where for _, _, where, code in requests if code == 403} <= {"team-b"}, "before it was there"


def test_two_operators_for_one_namespace_are_refused_and_the_second_says_why(
    installed: ControlPlane, shards: dict[str, list[str]]
) -> None:
    first, second = Account(installed, "llamafleet"), Account(installed, "llamafleet-b")
    with running_operator(installed, *shards["llamafleet"], door=first) as rightful:
        until(rightful.leads, SETTLE_SECONDS, "the first to lead")
        told = ("--namespaces=team-c,team-a", "--lease=llamafleet-b")
        with running_operator(installed, *told, door=second) as rival:
            said = "an operator with another lease works in the same namespaces: llamafleet ("
            until(
                lambda: said in rival.log.read_text(),
                SETTLE_SECONDS,
                "the second to say why it does not work",
            )
            assert not rival.leads()
            assert "leads" not in rival.log.read_text().split(said)[0]
            rightful.stop()
            until(rival.leads, SETTLE_SECONDS, "the second to work once the first has gone")


def test_the_flow_schema_of_the_page_is_accepted_to_the_letter(installed: ControlPlane) -> None:
    page = (MANIFESTS.parent / "docs" / "scaling-out.md").read_text()
    (schema,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    flags = ("--server-side", "--dry-run=server", "--validate=strict")
    installed.kubectl("apply", *flags, "-f", "-", input=schema)
    level = yaml.safe_load(schema)["spec"]["priorityLevelConfiguration"]["name"]
    assert installed.get("prioritylevelconfiguration", level)["spec"]["type"] == "Limited"
