"""What an older release let in becomes a condition; it stops nobody, and what runs keeps running.

The older release is this one without a rule, bound or form in its kinds: looser than any that there was.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import pytest

from cases.bad import BAD
from cases.manifests import llama, pool
from fleet_operator import CRDS, install_rights, running_operator
from llamafleet.api.crd import crds
from llamas import SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.wait import until

pytestmark = pytest.mark.cluster

RULES: Final = frozenset(
    [
        *("enum", "format", "pattern", "maxLength", "minimum", "maximum", "minItems", "maxItems"),
        *("maxProperties", "x-kubernetes-list-type", "x-kubernetes-validations"),
    ]
)
"""What a release may add to a schema, and what an object that is stored already may break."""

EVER_REFUSED: Final = ("must be of type", "unknown field", "Required value", 'Duplicate value: {"name"')
"""The API server's words for what no release lets in."""

NEVER_TAKEN: Final = [case for case in BAD if not any(words in case.values[1] for words in EVER_REFUSED)]


def loosened(schema: Any) -> Any:
    """The schema of a spec without its rules. A list with keys keeps them, for it is merged by them."""
    if isinstance(schema, list):
        return [loosened(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    keyed = "x-kubernetes-list-map-keys" in schema
    return {
        name: loosened(below)
        for name, below in schema.items()
        if name not in RULES or (keyed and name == "x-kubernetes-list-type")
    }


def older_kinds() -> Iterator[dict[str, Any]]:
    for crd in crds():
        root = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        root.pop("x-kubernetes-validations")
        root["properties"]["spec"] = loosened(root["properties"]["spec"])
        yield crd


class LetIn(NamedTuple):
    """Something that an older release has let in.

    Attributes:
        bodies: the objects: a bad LlamaDeployment, or a bad pool beside a LlamaDeployment that wants it.
        name: the LlamaDeployment's name.
        begin: how the message of its condition begins.
        more: what else it says.
    """

    bodies: tuple[dict[str, Any], ...]
    name: str
    begin: str
    more: str


def let_in(index: int, bad: dict[str, Any], field: str) -> LetIn:
    """The bad manifest under a name of its own, unless its name is what is wrong with it."""
    name = bad["metadata"]["name"] if field == "metadata.name" else f"bad-{index}"
    body = {**bad, "metadata": {"name": name}}
    if bad["kind"] == "LlamaDeployment":
        return LetIn((body,), name, f"{field} = ", "")
    wants = llama(f"wants-{index}", gpu={"pools": [name]})
    if field == "metadata.name":
        return LetIn((body, wants), f"wants-{index}", f"spec.gpu.pools[0] = {name}: must have ", "")
    begin = f"spec.gpu.pools = {name}: must be a GpuPool that can be used; "
    return LetIn((body, wants), f"wants-{index}", begin, field)


LET_IN: Final = [let_in(index, case.values[0], case.values[2]) for index, case in enumerate(NEVER_TAKEN)]


@pytest.fixture(scope="module")
def older() -> Iterator[ControlPlane]:
    """A cluster in which an older release has let in whatever this one refuses, beside a good pool."""
    with ControlPlane() as cluster:
        kinds = cluster.folder / "older-kinds.json"
        kinds.write_text(json.dumps(a_list(older_kinds())))
        cluster.install_kinds(kinds)
        install_rights(cluster)
        cluster.add_gpu_nodes(1)
        toleration = {"key": "nvidia.com/gpu", "operator": "Exists"}
        good = pool("good", price={"onDemand": "1.00"}, tolerations=[toleration])
        there = a_list([good, *(body for one in LET_IN for body in one.bodies)])
        cluster.kubectl("create", "namespace", "older")
        cluster.kubectl("create", "--namespace=older", "-f", "-", input=json.dumps(there))
        yield cluster


def a_list(items: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": [*items]}


def sized(cluster: ControlPlane) -> dict[str, dict[str, Any]]:
    """The condition Sized of every resource that was let in, as far as it has one."""
    items = cluster.get("llama", "--namespace=older")["items"]
    return {
        item["metadata"]["name"]: condition
        for item in items
        for condition in item.get("status", {}).get("conditions", [])
        if condition["type"] == "Sized"
    }


def test_every_resource_and_pool_that_was_let_in_is_told_by_field_and_rule_and_stops_nobody(
    older: ControlPlane,
) -> None:
    good = Llama(older, "older", "good")
    names = {one.name for one in LET_IN}
    with running_operator(older) as operator:
        good.apply()
        good.wait_for("Ready", "True", "AllReplicasReady")
        until(lambda: names <= sized(older).keys(), SETTLE_SECONDS, "a word on every resource")
        found = sized(older)
        for _, name, begin, more in LET_IN:
            said = found[name]
            assert (said["status"], said["reason"]) == ("False", "InvalidSpec"), said
            assert said["message"].startswith(begin)
            assert more in said["message"]
        children = older.get("deployments,services,pods", "--namespace=older")["items"]
        owners = {child["metadata"]["labels"]["llamafleet.io/deployment"] for child in children}
        assert owners & {"good", *names} == {"good"}
        assert "Traceback" not in operator.log.read_text()


def test_a_fleet_whose_spec_is_refused_since_the_upgrade_keeps_running_and_can_be_put_to_sleep(
    older: ControlPlane,
) -> None:
    fleet = Llama(older, "older", "kept")
    with running_operator(older):
        fleet.apply(replicas=2)
        fleet.wait_for("Ready", "True", "AllReplicasReady")
        before = fleet.uids()
    fleet.apply(replicas=2, model={"source": "hf://org/name"}, gpu={"count": 3})
    older.install_kinds(CRDS)
    until(lambda: refused(older, llama("new", gpu={"count": 3})), SETTLE_SECONDS, "the rules to be in force")
    with running_operator(older):
        message = fleet.wait_for("Ready", "False", "InvalidSpec")
        rule = "must be named when spec.model.source is given"
        assert message.startswith(f"spec.model.quantization = Auto: {rule}")
        assert "The pods of the last valid spec keep running (2 ready)." in message
        assert fleet.uids() == before
        assert fleet.get()["status"]["cost"]["hourlyRate"] == "2.00"
        patch = ("--namespace=older", "--type=merge", '-p={"spec":{"suspend":true}}')
        older.kubectl("patch", "llama", "kept", *patch)
        until(lambda: not fleet.pods(), SETTLE_SECONDS, "the fleet to sleep")
        until(
            lambda: fleet.get()["status"]["cost"]["hourlyRate"] == "0.00", SETTLE_SECONDS, "its price to be 0"
        )
        fleet.wait_for("Sized", "False", "InvalidSpec")


def refused(cluster: ControlPlane, body: dict[str, Any]) -> bool:
    """Whether the API server refuses to make this object."""
    try:
        cluster.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(body))
    except TestbedError:
        return True
    return False
