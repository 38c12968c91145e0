"""What NetworkPolicies mean, as rules of nftables."""

from typing import Any

import pytest

from testbed.errors import TestbedError
from testbed.policy_rules import Pod, Seen, matches, ruleset, seen

SERVER = Pod("shop", "10.0.0.1", {"app": "server"})
FRIEND = Pod("shop", "10.0.0.2", {"app": "friend"})
STRANGER = Pod("elsewhere", "10.0.0.3", {"app": "friend"})
THERE = Seen((SERVER, FRIEND, STRANGER), {"shop": {"is": "ours"}, "elsewhere": {"is": "theirs"}})
OF_SERVER = {"podSelector": {"matchLabels": {"app": "server"}}}
FRIENDS = {"podSelector": {"matchLabels": {"app": "friend"}}}


def policy(namespace: str = "shop", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": namespace, "name": "p"}, "spec": spec}


def chain(rules: str, name: str) -> list[str]:
    """The lines of one chain."""
    return [
        line.strip() for line in rules.split(f"chain {name} {{\n")[1].split("  }", maxsplit=1)[0].splitlines()
    ]


def test_a_pod_that_no_policy_selects_is_left_alone() -> None:
    other = policy(podSelector={"matchLabels": {"app": "nobody"}}, policyTypes=["Ingress"])
    assert "jump" not in ruleset([other], THERE)
    assert "jump" not in ruleset([policy("elsewhere", **OF_SERVER, policyTypes=["Ingress"])], THERE)


def test_without_a_rule_nothing_comes_in() -> None:
    rules = ruleset([policy(**OF_SERVER, policyTypes=["Ingress"])], THERE)
    assert chain(rules, "ingress-0") == ["drop"]
    assert "ip daddr 10.0.0.1 jump ingress-0" in chain(rules, "forward")
    assert "egress-0" not in rules


def test_what_a_pod_sends_is_judged_on_its_way_to_pods_and_to_the_node() -> None:
    rules = ruleset([policy(**OF_SERVER, policyTypes=["Egress"])], THERE)
    for hook in ("forward", "input"):
        lines = chain(rules, hook)
        assert lines[1] == "ct state established,related accept"
        assert lines[2] == "ip saddr 10.0.0.1 jump egress-0"


@pytest.mark.parametrize(
    ("peer", "addresses"),
    [
        (FRIENDS, "10.0.0.2"),
        ({"namespaceSelector": {}, **FRIENDS}, "10.0.0.2, 10.0.0.3"),
        ({"namespaceSelector": {"matchLabels": {"is": "theirs"}}}, "10.0.0.3"),
        ({"podSelector": {}}, "10.0.0.1, 10.0.0.2"),
        ({"ipBlock": {"cidr": "10.1.0.0/16"}}, "10.1.0.0/16"),
    ],
    ids=["pods here", "such pods anywhere", "a namespace", "everybody here", "a block"],
)
def test_a_peer_stands_for_these_addresses(peer: dict[str, Any], addresses: str) -> None:
    ingress = [{"from": [peer], "ports": [{"protocol": "TCP", "port": 8000}]}]
    rules = ruleset([policy(**OF_SERVER, policyTypes=["Ingress"], ingress=ingress)], THERE)
    assert chain(rules, "ingress-0") == [f"ip saddr {{ {addresses} }} tcp dport 8000 return", "drop"]


def test_a_peer_that_is_nobody_lets_nobody_in_and_no_peer_lets_everybody_in() -> None:
    nobody = [{"from": [{"podSelector": {"matchLabels": {"app": "none"}}}]}]
    rules = ruleset([policy(**OF_SERVER, policyTypes=["Ingress"], ingress=nobody)], THERE)
    assert chain(rules, "ingress-0") == ["drop"]
    rules = ruleset([policy(**OF_SERVER, policyTypes=["Ingress"], ingress=[{"from": []}])], THERE)
    assert chain(rules, "ingress-0") == ["return", "drop"]


def test_ports_are_single_ones_ranges_or_all() -> None:
    ports = [{"protocol": "UDP", "port": 53}, {"port": 20000, "endPort": 29999}]
    rules = ruleset([policy(**OF_SERVER, policyTypes=["Egress"], egress=[{"ports": ports}])], THERE)
    assert chain(rules, "egress-0") == ["udp dport 53 return", "tcp dport 20000-29999 return", "drop"]


def test_the_rules_of_several_policies_add_up() -> None:
    one = policy(**OF_SERVER, policyTypes=["Ingress"], ingress=[{"ports": [{"port": 1}]}])
    two = policy(**OF_SERVER, policyTypes=["Ingress"], ingress=[{"ports": [{"port": 2}]}])
    assert chain(ruleset([one, two], THERE), "ingress-0") == [
        "tcp dport 1 return",
        "tcp dport 2 return",
        "drop",
    ]


def test_what_is_not_known_is_an_error() -> None:
    named = policy(**OF_SERVER, policyTypes=["Ingress"], ingress=[{"ports": [{"port": "http"}]}])
    with pytest.raises(TestbedError, match="'http'"):
        ruleset([named], THERE)
    block = {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}
    with pytest.raises(TestbedError, match="exceptions"):
        ruleset([policy(**OF_SERVER, policyTypes=["Ingress"], ingress=[{"from": [block]}])], THERE)


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ({"key": "app", "operator": "In", "values": ["server"]}, True),
        ({"key": "app", "operator": "NotIn", "values": ["server"]}, False),
        ({"key": "tier", "operator": "NotIn", "values": ["server"]}, True),
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "app", "operator": "DoesNotExist"}, False),
    ],
    ids=lambda given: given if isinstance(given, bool) else str(given["operator"]),
)
def test_an_expression_is_read_as_kubernetes_reads_it(expression: dict[str, Any], *, holds: bool) -> None:
    assert matches({"matchExpressions": [expression]}, SERVER.labels) is holds


def test_pods_without_an_address_of_their_own_are_not_seen() -> None:
    def pod(name: str, **status: Any) -> dict[str, Any]:
        return {
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"hostNetwork": name == "host"},
            "status": {"phase": "Running", **status},
        }

    pods = [pod("new"), pod("host", podIP="10.0.0.9"), pod("over", podIP="10.0.0.1", phase="Succeeded")]
    found = seen([*pods, pod("one", podIP="10.0.0.1")], [{"metadata": {"name": "shop"}}])
    assert found == Seen((Pod("shop", "10.0.0.1"),), {"shop": {}})
