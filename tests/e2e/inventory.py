"""Everything there is in a cluster, by name: what an uninstallation leaves behind is a difference of two."""

from collections.abc import Set as AbstractSet

from testbed.cluster import Cluster

Inventory = AbstractSet[str]
"""Objects as ``line`` writes them."""

PASSING = {"events", "events.events.k8s.io", "ipaddresses.networking.k8s.io"}
"""Kinds that nobody deletes: what happened, and which addresses Services have."""

OF_NODES = "kube-node-lease"
"""Kubelets write here, and soon after they have begun."""

TEMPLATE = "{{.kind}} {{with .metadata.namespace}}{{.}}/{{end}}{{.metadata.name}}\n"


def line(kind: str, namespace: str, name: str) -> str:
    """One object; the namespace is empty for those that belong to none."""
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def everything(cluster: Cluster) -> Inventory:
    """Every object of every kind that the API server can list.

    A kind that goes meanwhile has none; without that option its absence would be an error.
    """
    kinds = cluster.kubectl("api-resources", "--verbs=list", "-o=name").split()
    wanted = ",".join(sorted(set(kinds) - PASSING))
    template = f"-o=go-template={{{{range .items}}}}{TEMPLATE}{{{{end}}}}"
    command = ("get", wanted, "--all-namespaces", "--ignore-not-found", template)
    found = frozenset(cluster.kubectl(*command).splitlines())
    return of_others(OF_NODES, found)


def of_others(namespace: str, objects: Inventory) -> Inventory:
    """Those of these objects that are not in a namespace."""
    return {one for one in objects if not one.partition(" ")[2].startswith(f"{namespace}/")}
