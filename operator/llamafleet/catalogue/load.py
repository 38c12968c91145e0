"""Read the catalogue's data files, once. A file that breaks its own form is a defect of the package."""

import csv
import functools
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from llamafleet.catalogue.facts import Catalogue, Checkpoint, Experts, GpuFacts, ModelFacts
from llamafleet.catalogue.precision import FORMATS, USUAL
from llamafleet.catalogue.prices import ApiPrice, GpuPrice, lowest_on_demand, lowest_spot

GIB: Final = 2**30


@functools.cache
def catalogue() -> Catalogue:
    """The catalogue that comes with the package."""
    prices = tuple(_gpu_price(row) for row in _rows("gpu-prices.csv"))
    return Catalogue(
        models=MappingProxyType(
            {variant: _model(variant, entry) for variant, entry in _read("models.json").items()}
        ),
        gpus=MappingProxyType({key: _gpu(key, entry, prices) for key, entry in _read("gpus.json").items()}),
        unreleased=MappingProxyType(_read("unreleased.json")),
        gpu_prices=prices,
        api_prices=tuple(_api_price(row) for row in _rows("api-prices.csv")),
    )


def models() -> Mapping[str, ModelFacts]:
    """Every model that can be planned, by variant."""
    return catalogue().models


def gpus() -> Mapping[str, GpuFacts]:
    """Every GPU that can be planned with, by key."""
    return catalogue().gpus


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_text(name))
    return content


def _rows(name: str) -> Sequence[dict[str, str]]:
    return [*csv.DictReader(_text(name).splitlines())]


def _model(variant: str, entry: dict[str, Any]) -> ModelFacts:
    usual = entry["quantized_groups"]
    read = {
        "experts": Experts(**entry["experts"]) if entry["experts"] else None,
        "parameters": MappingProxyType(entry["parameters"]),
        "quantized_groups": frozenset(usual),
        "checkpoints": MappingProxyType(
            {name: _checkpoint(name, checkpoint, usual) for name, checkpoint in entry["checkpoints"].items()}
        ),
    }
    return ModelFacts(variant=variant, **(entry | read))


def _checkpoint(precision: str, entry: dict[str, Any], usual: list[str]) -> Checkpoint:
    return Checkpoint(
        repository=entry["repository"],
        precision=FORMATS[entry.get("format", USUAL[precision])],
        quantized_groups=frozenset(entry.get("quantized_groups", usual)),
        source=entry["source"],
    )


def _gpu(key: str, entry: dict[str, Any], prices: Sequence[GpuPrice]) -> GpuFacts:
    hourly_usd, price_source = lowest_on_demand(prices, key)
    spot_usd, spot_source = lowest_spot(prices, key)
    return GpuFacts(
        key=key,
        name=entry["name"],
        memory=int(Decimal(entry["memory_gib"]) * GIB),
        memory_source=entry["memory_source"],
        driver_mib=tuple(entry["driver_mib"]),
        products=tuple(entry["products"]),
        max_batched_tokens=entry["max_batched_tokens"],
        source=entry["source"],
        hourly_usd=hourly_usd,
        price_source=price_source,
        spot_usd=spot_usd,
        spot_source=spot_source,
    )


def _gpu_price(row: dict[str, str]) -> GpuPrice:
    return GpuPrice(
        provider=row["provider"],
        region=row["region"],
        instance=row["instance"],
        gpu=row["gpu"],
        gpus=int(row["gpus"]),
        on_demand_usd=_usd(row["on_demand_usd"]),
        spot_usd=_usd(row["spot_usd"]),
        serverless=row["serverless"] == "yes",
        as_of=row["as_of"],
        source=row["source"],
    )


def _api_price(row: dict[str, str]) -> ApiPrice:
    return ApiPrice(
        provider=row["provider"],
        model=row["model"],
        input_usd_per_million=Decimal(row["input_usd_per_million"]),
        output_usd_per_million=_usd(row["output_usd_per_million"]),
        as_of=row["as_of"],
        source=row["source"],
    )


def _usd(text: str) -> Decimal | None:
    """An empty cell is an unknown price."""
    return Decimal(text) if text else None
