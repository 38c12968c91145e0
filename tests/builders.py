"""Builders with sane defaults, so that a test shows only what matters to it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.observed import PodSeen, Termination
from llamafleet.planning.plan import Observation, Plan, plan
from llamafleet.planning.sizing.pools import resolve
from llamafleet.planning.sizing.shape import Shape

ROOT = Path(__file__).parent.parent
SAMPLES = [path for path in sorted((ROOT / "manifests" / "samples").glob("*.yaml")) if path.stem != "gpupool"]
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def llama(path: Path | None = None, /, **spec: Any) -> LlamaDeployment:
    """A LlamaDeployment from a sample, or from fields of its spec; ``variant`` etc. go to spec.model."""
    return LlamaDeployment.model_validate(raw_llama(path, **spec))


def raw_llama(path: Path | None = None, /, **spec: Any) -> dict[str, Any]:
    """The same as the API server holds it: JSON with a namespace, a uid and a generation."""
    if path is not None:
        raw: dict[str, Any] = yaml.safe_load(path.read_text())
    else:
        model = {
            key: spec.pop(key)
            for key in ("variant", "quantization", "source", "tokenSecretRef")
            if key in spec
        }
        raw = {"metadata": {"name": "llama"}, "spec": {"model": {"variant": "llama-3.1-8b", **model}, **spec}}
    raw["metadata"] |= {"namespace": "team-a", "uid": "00000000-0000-4000-8000-000000000001", "generation": 1}
    return raw


def raw_pool(name: str = "own", /, **spec: Any) -> dict[str, Any]:
    """A GpuPool of A100-80GB as the API server holds it."""
    return {"metadata": {"name": name}, "spec": {"gpu": "a100-80gb", **spec}}


def gpu_pool(name: str = "own", /, **spec: Any) -> GpuPool:
    """The same as a value."""
    return GpuPool.model_validate(raw_pool(name, **spec))


def plan_of(resource: LlamaDeployment, replicas: int | None = None, pools: Sequence[GpuPool] = ()) -> Plan:
    """The plan of a resource on these pools, or on the built-in one."""
    return plan(resource.spec, resolve(pools), Observation(now=NOW, replicas=replicas))


def shape_of(resource: LlamaDeployment) -> Shape:
    """The shape of one replica on the built-in pool."""
    return plan_of(resource).shape


def pod(**changes: Any) -> PodSeen:
    """A pod that is bound and loading its weights."""
    usual: dict[str, Any] = {
        "name": "llama-5d4f-abcde",
        "uid": "00000000-0000-4000-8000-0000000000aa",
        "resource_version": "1",
        "controller": "llama-5d4f",
        "phase": "Running",
        "created": NOW,
        "ready": False,
        "deleting": False,
        "node": "a100-0",
        "unschedulable": None,
        "waiting_reason": None,
        "waiting_message": "",
        "restarts": 0,
        "ended": None,
        "bound": None,
        "ready_since": None,
        "started": False,
        "deadline": None,
        "grace_seconds": None,
        "finished": None,
        "address": None,
        "pool": "",
        "gpus": 0,
        "deletion_cost": 0,
        "resting": None,
    }
    return PodSeen(**{**usual, **changes})


def ended(reason: str, exit_code: int, message: str = "") -> Termination:
    """How a container ended."""
    return Termination(reason, exit_code, message)
