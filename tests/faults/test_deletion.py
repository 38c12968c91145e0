"""A resource goes, whatever the operator is doing, and takes with it what was made for it."""

import pytest

from faults.faults import Call, Exchange
from faults.proxy import FaultProxy
from faults.rules import Rule
from fleet_operator import install_rights, running_operator
from llamas import CHILDREN, GONE_SECONDS, SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

BINDING = ("clusterrolebinding", "llamafleet")


def gone(*fleets: Llama) -> None:
    """Wait until nothing of them is left."""
    for fleet in fleets:
        until(lambda fleet=fleet: fleet.left() == [] and not fleet.pods(), GONE_SECONDS, "nothing to be left")  # type: ignore[misc]


def test_a_resource_goes_without_the_operators_help(installed: ControlPlane, namespace: str) -> None:
    """There is no finalizer to wait for: while the operator has lost its rights, and while it is away."""
    first, second, third = (Llama(installed, namespace, name) for name in ("first", "second", "third"))
    with running_operator(installed) as operator:
        for fleet in (first, second, third):
            fleet.apply()
        for fleet in (first, second, third):
            fleet.wait_for("Ready", "True", "AllReplicasReady")
            owned = (fleet.get(), *(fleet.get(kind) for kind in CHILDREN), *fleet.pods())
            assert [one["metadata"].get("finalizers") for one in owned] == [None] * len(owned)
        installed.kubectl("delete", *BINDING)
        first.delete()
        gone(first)
        install_rights(installed)
        installed.kubectl("delete", "service", second.name, f"--namespace={namespace}")
        until(lambda: "service" in second.left(), SETTLE_SECONDS, "the operator to go on with its rights")
        assert operator.alive()
    second.delete()
    third.delete()
    gone(second, third)


def test_a_resource_that_is_deleted_while_it_is_made_leaves_nothing(
    installed: ControlPlane, namespace: str, proxy: FaultProxy
) -> None:
    """It is deleted between the decision to make a child and the child; for each kind of child."""
    kinds = ("deployments", "services", "serviceaccounts", "poddisruptionbudgets", "networkpolicies")
    fleets = {kind: Llama(installed, namespace, f"no-{kind}") for kind in kinds}

    def deleted_first(fleet: Llama) -> Call:
        def before(exchange: Exchange) -> None:
            del exchange
            fleet.delete()

        return Call(before=before)

    for kind, fleet in fleets.items():
        rule = Rule(verbs="apply", kind=kind, name=fleet.name, times=1, fault=deleted_first(fleet))
        proxy.add(rule)
    with running_operator(installed, door=proxy.door()) as operator:
        for fleet in fleets.values():
            fleet.apply()
        for fleet in fleets.values():
            until(lambda fleet=fleet: _made_late(proxy, fleet), SETTLE_SECONDS, "a child to be made too late")  # type: ignore[misc]
        gone(*fleets.values())
        late = len(proxy.exchanges)
        assert "Traceback" not in operator.log.read_text()
        assert operator.alive()
        other = Llama(installed, namespace, "other")
        other.apply()
        other.wait_for("Ready", "True", "AllReplicasReady")
    after = [one for one in proxy.exchanges[late:] if one.writes and one.kind != "events"]
    assert {one.name for one in after if one.name in {fleet.name for fleet in fleets.values()}} == set()


def _made_late(proxy: FaultProxy, fleet: Llama) -> bool:
    """Whether the API server has taken a child of a resource that was gone."""
    return any(one.landed and one.name == fleet.name and one.faults for one in proxy.of("apply"))
