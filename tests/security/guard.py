"""The optional admission policies in force, and what the API server says under them."""

import json
from typing import Any, Final

from fleet_operator import ACCOUNT, MANIFESTS, NAMESPACE
from llamafleet.api.names import child_labels
from security.attempts import Json
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError

FOLDER: Final = MANIFESTS / "admission"
DRY: Final = ("--dry-run=server", "-f", "-")
OPERATOR: Final = f"--as=system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
"""Whoever has taken the operator's account over."""


def refusal(cluster: ControlPlane, body: Json, *options: str) -> str:
    """Why the API server would not take it; empty where it would."""
    try:
        cluster.kubectl("create", "--namespace=default", *options, *DRY, input=json.dumps(body))
    except TestbedError as error:
        return str(error)
    return ""


def pod(image: str, **fields: Any) -> Json:
    """A pod such as the operator's Deployments make."""
    metadata = {"name": "probe", "labels": child_labels("probe")}
    spec = {"containers": [{"name": "vllm", "image": image}], **fields}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
