"""What we ship is accepted by a real API server as it stands, in namespaces with the restricted rules."""

from argparse import ArgumentParser

import pytest
import yaml

from builders import ROOT
from fleet_operator import NAMESPACE
from llamafleet.api.names import OPERATOR_NAME, WAKER_NAME
from llamafleet.cli.arguments import add_run
from llamas import SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster


def test_the_operators_own_pods_are_admitted_under_the_restricted_rules(installed: ControlPlane) -> None:
    """Their namespace enforces them; no node here has room for them, so they stay pending."""
    folder = ROOT / "manifests" / "operator"
    installed.kubectl("apply", "--server-side", "--validate=strict", "-k", str(folder))
    try:
        pods = ("pods", f"--namespace={NAMESPACE}", "-l", "app.kubernetes.io/name=llamafleet")
        until(lambda: len(installed.get(*pods)["items"]) == 2, SETTLE_SECONDS, "the operator's two pods")
        accounts = {pod["spec"]["serviceAccountName"] for pod in installed.get(*pods)["items"]}
        assert accounts == {"llamafleet"}
    finally:
        for name in ("deployment", "poddisruptionbudget"):
            installed.kubectl("delete", "-f", str(folder / f"{name}.yaml"))


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize("source", [None, "pvc://models/8b", "oci://registry.example/models/8b:1"])
def test_model_pods_are_admitted_under_the_restricted_rules(
    installed: ControlPlane, namespace: str, source: str | None
) -> None:
    label = "pod-security.kubernetes.io/enforce=restricted"
    installed.kubectl("label", "namespace", namespace, label)
    llama = Llama(installed, namespace, "strict")
    llama.apply(model={"quantization": "FP8", **({"source": source} if source else {})})
    until(llama.pods, SETTLE_SECONDS, "the pod to be admitted")
    llama.wait_for("Degraded", "False")


def test_the_operator_that_comes_with_the_waker_is_told_of_it(installed: ControlPlane) -> None:
    folder = ROOT / "manifests" / "with-waker"
    installed.kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-k", str(folder))
    objects = list(yaml.safe_load_all(installed.kubectl("kustomize", str(folder))))
    (operator,) = [
        one for one in objects if (one["kind"], one["metadata"]["name"]) == ("Deployment", OPERATOR_NAME)
    ]
    container = operator["spec"]["template"]["spec"]["containers"][0]
    assert container["args"][-1] == f"--waker={WAKER_NAME}"
    parser = ArgumentParser()
    add_run(parser)
    assert parser.parse_args(container["args"][1:]).waker == WAKER_NAME
    assert {one["metadata"]["name"] for one in objects if one["kind"] == "Service"} == {WAKER_NAME}


def test_every_object_that_we_ship_is_valid_to_the_letter(installed: ControlPlane) -> None:
    flags = ("--server-side", "--dry-run=server", "--validate=strict")
    for folder in ("crds", "manifests/operator", "manifests/samples"):
        for path in sorted((ROOT / folder).glob("*.yaml")):
            if path.name != "kustomization.yaml":
                installed.kubectl("apply", *flags, "-f", str(path))
