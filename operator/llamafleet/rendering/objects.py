"""What every child of a LlamaDeployment has in common: metadata, owner, digest of our intent."""

import hashlib
from typing import Any

import orjson

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import API_VERSION, APPLIED_ANNOTATION, child_labels


def child(llama: LlamaDeployment, api_version: str, kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """A child object: named and labelled after its resource, owned by it, marked with its own digest.

    The owner reference carries the uid, so that the garbage collector removes the child with its
    resource and nobody needs a finalizer. Labels of the resource are never copied: tools that track
    objects by label would take the children for their own.
    """
    metadata = {
        "name": llama.metadata.name,
        "namespace": llama.metadata.namespace,
        "labels": child_labels(llama.metadata.name),
        "ownerReferences": [_owner(llama)],
    }
    intent = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}
    return {**intent, "metadata": {**metadata, "annotations": {APPLIED_ANNOTATION: digest(intent)}}}


def digest(intent: dict[str, Any]) -> str:
    """A short, stable fingerprint of what we ask for: 16 hex digits of SHA-256 over sorted JSON."""
    return hashlib.sha256(orjson.dumps(intent, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def _owner(llama: LlamaDeployment) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "LlamaDeployment",
        "name": llama.metadata.name,
        "uid": llama.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
