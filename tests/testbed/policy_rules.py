"""NetworkPolicies as rules of nftables: pure, so that what they mean is read and tested without a network.

They have here what ours need: selectors of pods and namespaces, blocks of addresses, numbers of ports.
Anything else is an error, for a rule that was left out would pass for one that was kept.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from testbed.errors import TestbedError

TABLE: Final = "testbed-policies"
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pod:
    """What a policy knows of a pod.

    Attributes:
        namespace: where it is.
        address: its IPv4 address.
        labels: its own.
    """

    namespace: str
    address: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """What policies choose from.

    Attributes:
        pods: those with an address of their own.
        namespaces: the labels of each namespace.
    """

    pods: tuple[Pod, ...]
    namespaces: Mapping[str, Mapping[str, str]]


def seen(pods: Iterable[Json], namespaces: Iterable[Json]) -> Seen:
    """What the API server says of pods and namespaces, as far as policies look at it."""
    return Seen(
        tuple(
            Pod(one["metadata"]["namespace"], one["status"]["podIP"], one["metadata"].get("labels", {}))
            for one in pods
            if one["status"].get("podIP")
            and not one["spec"].get("hostNetwork")
            and one["status"]["phase"] in {"Pending", "Running"}
        ),
        {one["metadata"]["name"]: one["metadata"].get("labels", {}) for one in namespaces},
    )


def ruleset(policies: Iterable[Json], there: Seen) -> str:
    """The whole table, which takes the place of the one before at once.

    A packet of a connection that was let in passes. What a pod sends is judged on its way to another pod or
    to the node itself, after a Service has become an address. What the node sends to a pod, such as the
    probes of the kubelet, is never judged.
    """
    own = list(policies)
    chains: list[str] = []
    jumps: dict[str, list[str]] = {"forward": [], "input": []}
    for number, pod in enumerate(there.pods):
        for direction, side in (("Egress", "saddr"), ("Ingress", "daddr")):
            selecting = [one for one in own if _selects(one, pod) and direction in _types(one)]
            if not selecting:
                continue
            chain = f"{direction.lower()}-{number}"
            rules = [rule for one in selecting for rule in _rules(one, direction, there)]
            chains.append(_chain(chain, [f"{rule} return" for rule in rules] + ["drop"]))
            jump = f"ip {side} {pod.address} jump {chain}"
            jumps["forward"].append(jump)
            if direction == "Egress":
                jumps["input"].append(jump)
    hooks = [
        _chain(hook, [f"type filter hook {hook} priority 10; policy accept;", ESTABLISHED, *lines])
        for hook, lines in jumps.items()
    ]
    body = "\n".join([*chains, *hooks])
    return f"table ip {TABLE}\ndelete table ip {TABLE}\ntable ip {TABLE} {{\n{body}\n}}\n"


ESTABLISHED: Final = "ct state established,related accept"


def _chain(name: str, lines: Sequence[str]) -> str:
    return "\n".join([f"  chain {name} {{", *(f"    {line}" for line in lines), "  }"])


def _types(policy: Json) -> list[str]:
    spec = policy["spec"]
    given: list[str] = spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]
    return given


def _selects(policy: Json, pod: Pod) -> bool:
    here: bool = policy["metadata"]["namespace"] == pod.namespace
    return here and matches(policy["spec"].get("podSelector", {}), pod.labels)


def _rules(policy: Json, direction: str, there: Seen) -> Iterator[str]:
    """The conditions under which a packet passes, each of one peer set and one port."""
    way, side = ("from", "saddr") if direction == "Ingress" else ("to", "daddr")
    for rule in policy["spec"].get(direction.lower()) or ():
        peers = rule.get(way)
        addresses = None if not peers else _addresses(peers, policy["metadata"]["namespace"], there)
        if addresses == []:
            continue
        who = "" if addresses is None else f"ip {side} {{ {', '.join(addresses)} }} "
        yield from (f"{who}{port}".strip() for port in _ports(rule.get("ports")))


def _ports(ports: Sequence[Json] | None) -> Iterator[str]:
    if not ports:
        yield ""
    for one in ports or ():
        first, protocol = one.get("port"), one.get("protocol", "TCP").lower()
        if not isinstance(first, int):
            message = f"the policies of the testbed know numbers of ports, and not {first!r}"
            raise TestbedError(message)
        yield f"{protocol} dport {first}" + (f"-{one['endPort']}" if "endPort" in one else "")


def _addresses(peers: Iterable[Json], home: str, there: Seen) -> list[str]:
    """The addresses of all peers, each once."""
    found: dict[str, None] = {}
    for peer in peers:
        if block := peer.get("ipBlock"):
            if block.get("except"):
                message = "the policies of the testbed know no exceptions of a block"
                raise TestbedError(message)
            found[block["cidr"]] = None
            continue
        found |= dict.fromkeys(pod.address for pod in there.pods if _is_peer(peer, pod, home, there))
    return list(found)


def _is_peer(peer: Json, pod: Pod, home: str, there: Seen) -> bool:
    if "namespaceSelector" in peer:
        is_there = matches(peer["namespaceSelector"], there.namespaces.get(pod.namespace, {}))
    else:
        is_there = pod.namespace == home
    return is_there and matches(peer.get("podSelector", {}), pod.labels)


def matches(selector: Json, labels: Mapping[str, str]) -> bool:
    """Whether labels meet a label selector; the empty one is met by all."""
    by_label = all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
    return by_label and all(_meets(one, labels) for one in selector.get("matchExpressions") or ())


def _meets(expression: Json, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", ())
    return {
        "In": key in labels and labels[key] in values,
        "NotIn": key not in labels or labels[key] not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[expression["operator"]]
