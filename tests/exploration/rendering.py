"""What should be there, computed from what is there by the product's own pure functions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from exploration.mending import Json
from exploration.owned import owned
from fleet_operator import NAMESPACE
from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import APPLIED_ANNOTATION, FIELD_MANAGER
from llamafleet.api.problem import validation_problem
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.errors import InvalidSpec
from llamafleet.planning.plan import Observation, Plan, plan
from llamafleet.planning.sizing.pools import resolve
from llamafleet.planning.sizing.shape import RunningShape
from llamafleet.reconcile.difference import holds
from llamafleet.rendering.children import children
from llamafleet.rendering.figures import figures

SERVERS: Final = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")
"""Metadata that the API server keeps."""

REVISION: Final = "deployment.kubernetes.io/revision"


def wish(raw: Json, pools: Sequence[Json], now: datetime, *, deployed: bool) -> Plan | InvalidSpec:
    """The plan for a live resource, or why there is none.

    Its number of replicas is the status's own: it depends on what was seen of queue, hour and money.
    """
    status = LlamaDeploymentStatus.model_validate(raw.get("status", {}))
    try:
        llama = LlamaDeployment.model_validate({**raw, "status": {}})
    except ValidationError as error:
        return validation_problem(error)
    observation = Observation(
        now=now,
        replicas=status.desired_replicas if deployed else None,
        running=_running(status),
    )
    try:
        found = plan(llama.spec, resolve([GpuPool.model_validate(one) for one in pools]), observation)
    except InvalidSpec as error:
        return error
    return replace(found, replicas=status.desired_replicas)


def _running(status: LlamaDeploymentStatus) -> RunningShape | None:
    shape = status.plan
    if shape is None or not status.desired_replicas:
        return None
    return RunningShape(
        shape.pool, shape.quantization, shape.tensor_parallel, shape.pipeline_parallel or 1, shape.checkpoint
    )


def differences(raw: Json, found: Plan, live: dict[str, Json], resting: int) -> list[str]:
    """How the children differ from their rendering, both ways: what is missing, and what is too much.

    Args:
        raw: the live resource.
        found: its plan, with the replicas of the status.
        live: its live children, by kind.
        resting: how many pods finish their last requests, each of which is one replica more.
    """
    wanted = replace(found, replicas=found.replicas + resting)
    problems = _figures(raw, found)
    for intent in children(LlamaDeployment.model_validate({**raw, "status": {}}), wanted, NAMESPACE):
        child = live.get(intent["kind"])
        if child is None:
            problems.append(f"{intent['kind']} is missing")
        else:
            problems += [f"{intent['kind']}: {text}" for text in _of_child(intent, child)]
    return problems


def _figures(raw: Json, found: Plan) -> list[str]:
    said = {name: value for name, value in raw["status"].get("plan", {}).items() if name != "explanation"}
    true = figures(found.shape)
    return [
        f"status.plan.{name} is {said.get(name)}, planned {true.get(name)}"
        for name in {*said, *true}
        if said.get(name) != true.get(name)
    ]


def _of_child(intent: Json, live: Json) -> list[str]:
    parts = {name: value for name, value in intent.items() if name not in {"apiVersion", "kind"}}
    problems = [text for name in parts for text in _lacking(parts[name], live.get(name), name)]
    ours = owned(live, FIELD_MANAGER)
    return problems + [f"{path} is owned and not rendered" for path in _surplus(ours, intent, "")]


def _lacking(intent: Any, live: Any, path: str) -> list[str]:
    """Where a live field is not as rendered, as deep down as it can be said."""
    name = path.rpartition(".")[2]
    if holds(intent, live, name):
        return []
    if isinstance(intent, dict) and isinstance(live, dict):
        below = [text for key in intent for text in _lacking(intent[key], live.get(key), f"{path}.{key}")]
        if below:
            return below
    return [f"{path} is {live}, rendered {intent}"]


def _surplus(ours: Any, intent: Any, path: str) -> list[str]:
    """The fields that we own in the cluster and no longer ask for."""
    if not isinstance(ours, dict) or not isinstance(intent, dict):
        is_longer = isinstance(ours, list) and isinstance(intent, list) and len(ours) > len(intent)
        return [f"an item of {path}"] if is_longer else []
    found = [f"{path}.{name}" for name in ours if name not in intent]
    for name in ours.keys() & intent.keys():
        found += _surplus(ours[name], intent[name], f"{path}.{name}")
    return found


def plain(live: dict[str, Json], *, counts: bool) -> dict[str, Json]:
    """The children without what the API server, other controllers and time write.

    Args:
        live: the children, by kind.
        counts: whether the number of replicas stays in, and all that follows from it.
    """
    return {kind: _plain(child, counts=counts) for kind, child in live.items()}


def _plain(child: Json, *, counts: bool) -> Json:
    kept = {name: value for name, value in child.items() if name not in {"status", "apiVersion", "kind"}}
    metadata = {name: value for name, value in kept["metadata"].items() if name not in SERVERS}
    dropped = {REVISION} if counts else {REVISION, APPLIED_ANNOTATION}
    notes = {name: value for name, value in metadata.get("annotations", {}).items() if name not in dropped}
    spec = dict(kept.get("spec", {}))
    if not counts:
        spec.pop("replicas", None)
        if "ports" in spec:  # of the Service, which leads nowhere while there are no replicas
            spec.pop("selector", None)
    return {
        **kept,
        "metadata": {**metadata, "uid": child["metadata"]["uid"], "annotations": notes},
        "spec": spec,
    }
