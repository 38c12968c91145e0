"""The NetworkPolicy of the model pods.

vLLM's API key does not cover every path: ``/invocations`` generates text without one. So the network
decides who reaches the server at all.
"""

from typing import Any, Final

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import (
    CLIENT_NAMESPACE_LABEL,
    NAME_LABEL,
    OPERATOR_NAME,
    SERVING_PORT,
    WAKER_NAME,
    pod_selector,
)
from llamafleet.api.source import HubSource, parse_source
from llamafleet.planning.plan import Shape
from llamafleet.rendering.objects import child

_NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
_DNS_PORT: Final = 53
_HTTPS_PORT: Final = 443


def network_policy(llama: LlamaDeployment, shape: Shape, operator_namespace: str) -> dict[str, Any]:
    """Let in the own namespace, client namespaces, operator and waker; let out the download, if any.

    The waker may come whether there is one or not: what runs in the operator's namespace under its name is
    the operator's own affair, and the policy need not change with the choice.
    """
    pods = {"matchLabels": pod_selector(llama.metadata.name)}
    spec = {
        "podSelector": pods,
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": _clients(operator_namespace), "ports": [_port("TCP", SERVING_PORT)]}],
        "egress": _downloads(shape),
    }
    return child(llama, "networking.k8s.io/v1", "NetworkPolicy", {"spec": spec})


def _clients(operator_namespace: str) -> list[dict[str, Any]]:
    return [
        {"podSelector": {}},
        {"namespaceSelector": {"matchLabels": {CLIENT_NAMESPACE_LABEL: "true"}}},
        {
            "namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: operator_namespace}},
            "podSelector": {"matchExpressions": [_named(OPERATOR_NAME, WAKER_NAME)]},
        },
    ]


def _named(*names: str) -> dict[str, Any]:
    return {"key": NAME_LABEL, "operator": "In", "values": [*names]}


def _downloads(shape: Shape) -> list[dict[str, Any]]:
    """DNS and HTTPS for weights from the hub. Weights on a volume need no network: nothing goes out."""
    if not isinstance(parse_source(shape.checkpoint), HubSource):
        return []
    return [
        {"ports": [_port("UDP", _DNS_PORT), _port("TCP", _DNS_PORT)]},
        {"ports": [_port("TCP", _HTTPS_PORT)]},
    ]


def _port(protocol: str, port: int) -> dict[str, Any]:
    return {"protocol": protocol, "port": port}
