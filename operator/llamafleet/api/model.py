"""``spec.model``: which model, where its weights come from and how they are stored."""

from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from typing import Annotated, ClassVar, Final

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from llamafleet.api.base import Obeys, Record, Rule
from llamafleet.api.lists import Once
from llamafleet.api.precisions import why_not
from llamafleet.api.texts import Name, ObjectName, SecretKey, Source
from llamafleet.catalogue import catalogue, models

_UNRELEASED: Final = catalogue().unreleased


def _unreleased_rules() -> Iterator[Rule]:
    """One rule for each reason, which is its message."""
    for reason in dict.fromkeys(_UNRELEASED.values()):
        variants = [variant for variant, why in _UNRELEASED.items() if why == reason]
        yield Rule(
            f"!(self in {variants})",
            f"spec.model.variant must be a model that was released: {reason}",
            partial(_is_none_of, frozenset(variants)),
        )


def _is_none_of(variants: frozenset[str], given: str) -> bool:
    return given not in variants


class Quantization(StrEnum):
    """The precision in which the weights are stored."""

    AUTO = "Auto"
    BF16 = "BF16"
    FP8 = "FP8"
    INT8 = "INT8"
    INT4 = "INT4"


def _known(variant: str) -> str:
    if variant not in models() and variant not in _UNRELEASED:
        message = f"must be a variant of the catalogue: {', '.join(models())}"
        raise ValueError(message)
    return variant


def _taught(given: object, handler: ValidatorFunctionWrapHandler) -> object:
    """Says why a precision cannot be had, where people ask for it."""
    try:
        return handler(given)
    except ValidationError:
        reason = why_not(str(given))
        if reason is None:
            raise
        raise ValueError(reason) from None


class SecretKeyRef(Record):
    """One key of a Secret in the namespace of the resource."""

    name: ObjectName
    """The name of the Secret. Required."""

    key: SecretKey
    """The key in the Secret. Required."""


class Adapter(Record):
    """A LoRA adapter that is served beside its base model."""

    name: Name
    """The model name by which requests choose the adapter. Required."""

    source: Source
    """Where the adapter comes from, in the form of spec.model.source. Required."""


class Model(Record):
    """Which model, where its weights come from and how they are stored."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.source) || self.quantization != 'Auto'",
            "spec.model.quantization must be named when spec.model.source is given: "
            "Auto chooses among the catalogue's own checkpoints",
            lambda model: model.source is None or model.quantization is not Quantization.AUTO,
            at="quantization",
        ),
    )

    variant: Annotated[
        str,
        Field(max_length=63, json_schema_extra={"enum": [*models(), *_UNRELEASED]}),
        AfterValidator(_known),
        Obeys(tuple(_unreleased_rules())),
    ]
    """The model of the catalogue. behemoth stands in the list to be refused with the reason: it was announced
    and never released. Required."""

    source: Source | None = None
    """Where the weights come from: hf://org/name@revision, pvc://claim/path or oci://image. Absent: the
    catalogue's checkpoint of the chosen precision, from the model hub."""

    quantization: Annotated[Quantization, WrapValidator(_taught)] = Quantization.AUTO
    """The precision of the weights. Default Auto: the one with the cheapest shape that fits, and on equal
    cost the highest; INT4 is its floor, and INT8 must be named. With a source of your own it must say what is
    stored there."""

    token_secret_ref: SecretKeyRef | None = None
    """The Secret key that holds the model hub's access token; the pod reads it, the operator never does.
    Absent: no token, enough for weights that are not gated."""

    adapters: Annotated[tuple[Adapter, ...], Field(max_length=32), Once("name")] = ()
    """The LoRA adapters that are served beside the model. Absent: none."""
