"""Read the catalogue's data files, once. A file that breaks its own form is a defect of the package."""

import functools
import json
from collections.abc import Mapping
from decimal import Decimal
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from llamafleet.catalogue.facts import Checkpoint, Experts, GpuFacts, ModelFacts

GIB: Final = 2**30


@functools.cache
def models() -> Mapping[str, ModelFacts]:
    """Every model that can be planned, by variant."""
    return MappingProxyType(
        {variant: _model(variant, entry) for variant, entry in _read("models.json").items()}
    )


@functools.cache
def gpus() -> Mapping[str, GpuFacts]:
    """Every GPU that can be planned with, by key."""
    return MappingProxyType({key: _gpu(key, entry) for key, entry in _read("gpus.json").items()})


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(resources.files(__package__).joinpath(name).read_text("utf-8"))
    return content


def _model(variant: str, entry: dict[str, Any]) -> ModelFacts:
    usual = entry["quantized_groups"]
    read = {
        "experts": Experts(**entry["experts"]) if entry["experts"] else None,
        "parameters": MappingProxyType(entry["parameters"]),
        "quantized_groups": frozenset(usual),
        "checkpoints": MappingProxyType(
            {name: _checkpoint(checkpoint, usual) for name, checkpoint in entry["checkpoints"].items()}
        ),
    }
    return ModelFacts(variant=variant, **(entry | read))


def _checkpoint(entry: dict[str, Any], usual: list[str]) -> Checkpoint:
    groups = frozenset(entry.get("quantized_groups", usual))
    return Checkpoint(repository=entry["repository"], quantized_groups=groups, source=entry["source"])


def _gpu(key: str, entry: dict[str, Any]) -> GpuFacts:
    price = entry.get("hourly_usd")
    return GpuFacts(
        key=key,
        memory=int(Decimal(entry["memory_gib"]) * GIB),
        memory_source=entry["memory_source"],
        products=tuple(entry["products"]),
        max_batched_tokens=entry["max_batched_tokens"],
        hourly_usd=None if price is None else Decimal(price),
        price_source=entry.get("price_source"),
    )
