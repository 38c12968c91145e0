"""Builders with sane defaults, so that a test shows only what matters to it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.observed import PodSeen, Termination
from llamafleet.planning.plan import Observation, Plan, plan
from llamafleet.planning.pools import resolve
from llamafleet.planning.shape import Shape

ROOT = Path(__file__).parent.parent
SAMPLES = [path for path in sorted((ROOT / "manifests" / "samples").glob("*.yaml")) if path.stem != "gpupool"]
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def llama(path: Path | None = None, /, **spec: Any) -> LlamaDeployment:
    """A LlamaDeployment from a sample, or from fields of its spec; ``variant`` etc. go to spec.model."""
    if path is not None:
        raw = yaml.safe_load(path.read_text())
    else:
        model = {
            key: spec.pop(key)
            for key in ("variant", "quantization", "source", "tokenSecretRef")
            if key in spec
        }
        raw = {"metadata": {"name": "llama"}, "spec": {"model": {"variant": "llama-3.1-8b", **model}, **spec}}
    raw["metadata"] |= {"namespace": "team-a", "uid": "00000000-0000-4000-8000-000000000001", "generation": 1}
    return LlamaDeployment.model_validate(raw)


def plan_of(resource: LlamaDeployment, replicas: int | None = None) -> Plan:
    """The plan of a resource on the built-in pool."""
    return plan(resource.spec, resolve(()), Observation(now=NOW, replicas=replicas))


def shape_of(resource: LlamaDeployment) -> Shape:
    """The shape of one replica on the built-in pool."""
    return plan_of(resource).shape


def pod(**changes: Any) -> PodSeen:
    """A pod that is bound and loading its weights."""
    usual: dict[str, Any] = {
        "name": "llama-5d4f-abcde",
        "uid": "00000000-0000-4000-8000-0000000000aa",
        "resource_version": "1",
        "created": NOW,
        "ready": False,
        "deleting": False,
        "node": "a100-0",
        "unschedulable": None,
        "waiting_reason": None,
        "waiting_message": "",
        "restarts": 0,
        "ended": None,
    }
    return PodSeen(**{**usual, **changes})


def ended(reason: str, exit_code: int, message: str = "") -> Termination:
    """How a container ended."""
    return Termination(reason, exit_code, message)
