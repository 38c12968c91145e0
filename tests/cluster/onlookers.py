"""Somebody who only looks, by the rights that the page of ``kubectl llama`` names, and a fleet to look at."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from builders import ROOT
from cluster.duty import Duty
from kubectl_plugin import Plugin
from llamas import SETTLE_SECONDS, Llama, pool, pools
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.wait import until

PAGE = (ROOT / "docs" / "kubectl-llama.md").read_text("utf-8")
PRICE = "3600"
"""USD an hour: a second of one replica costs a dollar."""

ACCOUNT = "onlooker"


@pytest.fixture
def gold_fleet(duty: Duty, installed: ControlPlane, namespace: str) -> Iterator[Llama]:
    """A fleet of one replica at a dollar a second, Ready, with a window that is open."""
    del duty
    with pools(installed, pool("gold", PRICE)):
        llama = Llama(installed, namespace, "small")
        always = {"name": "day", "start": "0 0 * * *", "duration": "24h"}
        llama.apply(
            gpu={"pools": ["gold"]},
            schedule={"timeZone": "Europe/Berlin", "windows": [always]},
            cost={"monthlyBudget": "99999999"},
        )
        llama.wait_for("Ready", "True", "AllReplicasReady")
        yield llama


@pytest.fixture
def onlooker(installed: ControlPlane, namespace: str, tmp_path: Path) -> Plugin:
    """Somebody who has what the page says in this namespace, and nothing else."""
    installed.kubectl("create", "serviceaccount", ACCOUNT, f"--namespace={namespace}")
    grant(installed, namespace)
    return plugin_of(installed, namespace, tmp_path)


def grant(cluster: ControlPlane, namespace: str) -> None:
    """The rights of the page, for the account of this test, once the API server knows of them."""
    rights = [*yaml.safe_load_all(PAGE.partition("```yaml\n")[2].partition("```")[0])]
    subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace}
    for one in rights:
        if one["kind"].endswith("Binding"):
            one["subjects"] = [subject]
        if one["kind"].startswith("Role"):
            one["metadata"]["namespace"] = namespace
    cluster.apply(*rights)
    account = f"--as=system:serviceaccount:{namespace}:{ACCOUNT}"
    asked = ("auth", "can-i", "watch", "llamadeployments", f"--namespace={namespace}", account)

    def counts() -> bool:
        with contextlib.suppress(TestbedError):  # "no" is an error
            return cluster.kubectl(*asked).strip() == "yes"
        return False

    until(counts, SETTLE_SECONDS, "the rights to count")


def plugin_of(cluster: ControlPlane, namespace: str, folder: Path) -> Plugin:
    """The plugin by that account, whose context is in the namespace."""
    path = folder / "config"
    cluster.kubeconfig_for_service_account(namespace, ACCOUNT, path)
    content = json.loads(path.read_text())
    for context in content["contexts"]:
        context["context"]["namespace"] = namespace
    path.write_text(json.dumps(content))
    return Plugin(path, folder)
