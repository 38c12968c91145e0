"""The resources that the benchmark works on, and everything that a perfect operator would write for them.

Pure but for one sample that is read from the repository; nothing is sent from here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import yaml

from builders import ROOT, plan_of
from fleet_operator import NAMESPACE
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.observed import Key
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.planning.money.ledger import settle
from llamafleet.planning.rollout import rollout
from llamafleet.rendering.children import children
from llamafleet.rendering.fleet import Fleet
from llamafleet.rendering.status import Account, status

NAMESPACES: Final = 10
SAMPLE: Final = ROOT / "manifests" / "samples" / "scout.yaml"
"""One GPU per replica, so that a fleet of N needs N simulated GPUs."""


@dataclass(frozen=True, slots=True)
class Written:
    """What an operator writes for one resource, as apply intents.

    Attributes:
        children: the five children in their order, owned by nobody yet.
        status: the status, as of the moment at which there are no pods.
    """

    children: tuple[dict[str, Any], ...]
    status: dict[str, Any]


def keys(prefix: str, count: int) -> list[Key]:
    """The identities of a fleet, spread evenly over the namespaces of this prefix."""
    return [Key(f"{prefix}-{number % NAMESPACES}", f"llama-{number}") for number in range(count)]


def namespaces(prefix: str) -> list[str]:
    """The namespaces of a fleet."""
    return [f"{prefix}-{number}" for number in range(NAMESPACES)]


def resource(key: Key, replicas: int = 1) -> dict[str, Any]:
    """The LlamaDeployment of this identity: the Scout sample with a number of replicas."""
    raw: dict[str, Any] = yaml.load(SAMPLE.read_bytes(), yaml.CSafeLoader)
    raw["metadata"] = {"namespace": key.namespace, "name": key.name}
    raw["spec"]["replicas"] = replicas
    return raw


def written(raw: dict[str, Any]) -> Written:
    """Everything that there is to write for a new resource, rendered by the product's own functions."""
    llama = LlamaDeployment.model_validate({**raw, "metadata": {**raw["metadata"], "generation": 1}})
    decided = plan_of(llama)
    now = datetime.now(UTC).replace(microsecond=0)
    fleet = Fleet(
        metadata=llama.metadata,
        plan=decided,
        failure=None,
        pods=(),
        rollout=rollout(None),
        cause=None,
        ledger=settle(None, (), now, "UTC", timedelta()),
        asleep=False,
        odd=None,
        now=now,
    )
    return Written(children(llama, decided, NAMESPACE), status(Account(fleet, LlamaDeploymentStatus())))


def owned(intent: dict[str, Any], uid: str) -> dict[str, Any]:
    """The same child with the uid of its owner, which the API server gives at the last moment."""
    metadata = intent["metadata"]
    (owner,) = metadata["ownerReferences"]
    return {**intent, "metadata": {**metadata, "ownerReferences": [{**owner, "uid": uid}]}}
