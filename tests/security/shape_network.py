"""Whether a NetworkPolicy keeps the pods of a fleet as they are kept everywhere."""

from collections.abc import Iterator
from typing import Final

from security.expected import PREFIX, Fleet, Json, selector

WAYS_OUT: Final = (("UDP", 53), ("TCP", 53), ("TCP", 443))
"""A download from the hub: names and HTTPS."""


def policy_faults(raw: Json, fleet: Fleet) -> Iterator[str]:
    """What a NetworkPolicy of a fleet must not say."""
    spec = raw["spec"]
    if spec.get("podSelector") != {"matchLabels": selector(fleet)}:
        yield f"it selects {spec.get('podSelector')}"
    if sorted(spec.get("policyTypes", ())) != ["Egress", "Ingress"]:
        yield f"it is for {spec.get('policyTypes')}"
    ways_in = [
        {"podSelector": {}},
        {"namespaceSelector": {"matchLabels": {f"{PREFIX}client": "true"}}},
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": fleet.home}},
            "podSelector": {
                "matchExpressions": [
                    {
                        "key": "app.kubernetes.io/name",
                        "operator": "In",
                        "values": ["llamafleet", "llamafleet-waker"],
                    }
                ]
            },
        },
    ]
    if spec.get("ingress") != [{"from": ways_in, "ports": [{"protocol": "TCP", "port": 8000}]}]:
        yield f"it lets in {spec.get('ingress')}"
    ports = [port for rule in spec.get("egress", ()) for port in rule.get("ports", [{}])]
    if not all((port.get("protocol"), port.get("port")) in WAYS_OUT for port in ports):
        yield f"it lets out {ports}"
