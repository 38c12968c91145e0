"""What every child of a LlamaDeployment has in common: metadata, owner, digest of our intent."""

import hashlib
from typing import Any, Protocol

import orjson

from llamafleet.api.metadata import ObjectMeta
from llamafleet.api.names import (
    API_VERSION,
    APPLIED_ANNOTATION,
    child_labels,
    waker_slice_labels,
    waker_slice_name,
)


class Owner(Protocol):
    """What is known of a LlamaDeployment, whether its spec can be read or not."""

    @property
    def metadata(self) -> ObjectMeta: ...  # noqa: D102 - the resource's own


def child(
    owner: Owner,
    api_version: str,
    kind: str,
    content: dict[str, Any],
    annotations: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A child object: named and labelled after its resource, owned by it, marked with its own digest.

    The owner reference carries the uid, so that the garbage collector removes the child with its
    resource and nobody needs a finalizer. Labels of the resource are never copied: tools that track
    objects by label would take the children for their own.
    """
    name = owner.metadata.name
    own = {"name": name, "labels": child_labels(name), "annotations": annotations or {}}
    return _marked(owner, api_version, kind, content, own)


def child_slice(owner: Owner, content: dict[str, Any]) -> dict[str, Any]:
    """The one child that has another name than its resource, for Kubernetes makes slices of its own."""
    name = owner.metadata.name
    own = {"name": waker_slice_name(name), "labels": waker_slice_labels(name)}
    return _marked(owner, "discovery.k8s.io/v1", "EndpointSlice", content, own)


def _marked(
    owner: Owner, api_version: str, kind: str, content: dict[str, Any], own: dict[str, Any]
) -> dict[str, Any]:
    metadata = {
        "name": own["name"],
        "namespace": owner.metadata.namespace,
        "labels": own["labels"],
        "ownerReferences": [_owner(owner)],
        **({"annotations": own["annotations"]} if own.get("annotations") else {}),
    }
    intent = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}
    annotations = {APPLIED_ANNOTATION: digest(intent), **own.get("annotations", {})}
    return {**intent, "metadata": {**metadata, "annotations": annotations}}


def digest(intent: dict[str, Any]) -> str:
    """A short, stable fingerprint of what we ask for: 16 hex digits of SHA-256 over sorted JSON."""
    return hashlib.sha256(orjson.dumps(intent, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def _owner(owner: Owner) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "LlamaDeployment",
        "name": owner.metadata.name,
        "uid": owner.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
