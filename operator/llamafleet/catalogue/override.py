"""A user's own figures laid over the catalogue's. What they leave out stays; nothing is ever taken away."""

import dataclasses
import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from llamafleet.catalogue.facts import Catalogue, Checkpoint, GpuFacts, ModelFacts
from llamafleet.catalogue.load import GIB
from llamafleet.catalogue.precision import FORMATS, PRECISIONS, Precision
from llamafleet.catalogue.prices import ApiPrice
from llamafleet.errors import InvalidSpec

if TYPE_CHECKING:
    from llamafleet.catalogue.values import ApiPriceValues, CheckpointValues, GpuValues, ModelValues

ABSENT: Final = "(absent)"

SMALLEST_STEP: Final = 2048
"""Tokens of one step on a GPU that nothing is known of: vLLM 0.32's default on all but the largest."""

CUSTOM_GPU: Final = "custom-"
"""How the key of a GPU begins that is not in the catalogue. So the API server can tell it from a slip."""

KEY: Final = re.compile(rf"{CUSTOM_GPU}[a-z0-9][a-z0-9-]{{0,55}}", re.ASCII)
"""The key of such a GPU, as ``spec.gpu`` of a GpuPool names it."""


def with_values(base: Catalogue, values: Mapping[str, Any]) -> Catalogue:
    """The catalogue with the figures of a parsed values file in it.

    Raises:
        InvalidSpec: a key, a type or a figure is wrong; the field is its path in the file.
    """
    from llamafleet.catalogue.values import read_values  # noqa: PLC0415 - loads pydantic

    own = read_values(values)
    return dataclasses.replace(
        base,
        models=_models(base.models, own.models),
        gpus=_gpus(base, own.gpus),
        api_prices=_api_prices(base.api_prices, own.api_prices),
    )


def _models(known: Mapping[str, ModelFacts], own: Mapping[str, "ModelValues"]) -> Mapping[str, ModelFacts]:
    for variant in own:
        _check_known(f"models.{variant}", variant, known, "a variant of the catalogue")
    changed = {variant: _model(known[variant], values) for variant, values in own.items()}
    return MappingProxyType({**known, **changed})


def _model(model: ModelFacts, own: "ModelValues") -> ModelFacts:
    path = f"models.{model.variant}.checkpoints"
    checkpoints = dict(model.checkpoints)
    for precision, values in own.checkpoints.items():
        _check_known(f"{path}.{precision}", precision, PRECISIONS, "a precision")
        checkpoints[precision] = _checkpoint(f"{path}.{precision}", precision, model, values)
    return dataclasses.replace(
        model,
        max_positions=own.max_positions or model.max_positions,
        source=f"longest context: the values file; {model.source}" if own.max_positions else model.source,
        checkpoints=MappingProxyType({name: checkpoints[name] for name in PRECISIONS if name in checkpoints}),
    )


def _checkpoint(path: str, precision: str, model: ModelFacts, own: "CheckpointValues") -> Checkpoint:
    usual = Checkpoint("", PRECISIONS[precision], model.quantized_groups, "")
    published = model.checkpoints.get(precision, usual)
    field, repository = f"{path}.repository", own.repository or published.repository
    if not repository:
        raise InvalidSpec(field, ABSENT, f"must be given: {model.variant} has no checkpoint in {precision}")
    groups = own.quantized_groups
    return Checkpoint(
        repository=repository,
        precision=_format(path, precision, own.format) if own.format else published.precision,
        quantized_groups=published.quantized_groups if groups is None else _groups(path, model, groups),
        source=own.source,
    )


def _format(path: str, precision: str, own: str) -> Precision:
    formats = [name for name, known in FORMATS.items() if known.name == precision]
    _check_known(f"{path}.format", own, formats, f"a format of {precision}")
    return FORMATS[own]


def _groups(path: str, model: ModelFacts, own: list[str]) -> frozenset[str]:
    for group in own:
        what = f"a parameter group of {model.variant}"
        _check_known(f"{path}.quantizedGroups", group, model.parameters, what)
    return frozenset(own)


def _gpus(base: Catalogue, own: Mapping[str, "GpuValues"]) -> Mapping[str, GpuFacts]:
    changed = {
        key: _changed(base.gpus[key] if key in base.gpus else _new(key, values), values)
        for key, values in own.items()
    }
    return MappingProxyType({**base.gpus, **changed})


def _new(key: str, own: "GpuValues") -> GpuFacts:
    """A GPU of which nothing is known but its key."""
    keys, field = "gpus", f"gpus.{key}.memoryGiB"
    if not KEY.fullmatch(key):
        rule = f"must be a GPU of the catalogue, or {CUSTOM_GPU}NAME of small letters, digits and dashes"
        raise InvalidSpec(keys, key, rule)
    if own.memory_gib is None:
        raise InvalidSpec(field, ABSENT, "must be given for a GPU that the catalogue does not know")
    return GpuFacts(
        key=key,
        name=key,
        memory=0,
        memory_source="",
        driver_mib=(),
        products=(),
        max_batched_tokens=SMALLEST_STEP,
        source="",
        hourly_usd=None,
        price_source=None,
        spot_usd=None,
        spot_source=None,
    )


def _changed(gpu: GpuFacts, own: "GpuValues") -> GpuFacts:
    changes: dict[str, Any] = {}
    if own.memory_gib is not None:
        changes |= {"memory": int(own.memory_gib * GIB), "memory_source": own.source}
    if own.hourly_usd is not None:
        changes |= {"hourly_usd": own.hourly_usd, "price_source": own.source}
    if own.spot_usd is not None:
        changes |= {"spot_usd": own.spot_usd, "spot_source": own.source}
    return dataclasses.replace(gpu, **changes, **_described(gpu, own))


def _described(gpu: GpuFacts, own: "GpuValues") -> dict[str, Any]:
    """The figures that share one source."""
    given = own.model_dump(
        include={"name", "driver_mib", "products", "max_batched_tokens"}, exclude_none=True
    )
    if not given and gpu.source:
        return {}
    source = f"{own.source}; what it leaves out: {gpu.source}" if gpu.source else own.source
    return {"source": source} | {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }


def _api_prices(known: tuple[ApiPrice, ...], own: list["ApiPriceValues"]) -> tuple[ApiPrice, ...]:
    added = (ApiPrice(**values.model_dump()) for values in own)
    prices = {price.key: price for price in known} | {price.key: price for price in added}
    return tuple(prices.values())


def _check_known(path: str, value: str, known: Collection[str], what: str) -> None:
    if value not in known:
        raise InvalidSpec(path, value, f"must be {what}: {', '.join(known)}")
