"""``spec.model``: which model, where its weights come from and how they are stored."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from llamafleet.api.base import Record, Rule
from llamafleet.api.texts import Name, ObjectName, SecretKey, Source, keyed_by
from llamafleet.catalogue import models


def _known(variant: str) -> str:
    if variant not in models():
        message = f"must be a variant of the catalogue: {', '.join(models())}"
        raise ValueError(message)
    return variant


class Quantization(StrEnum):
    """The precision in which the weights are stored."""

    AUTO = "Auto"
    BF16 = "BF16"
    FP8 = "FP8"
    INT8 = "INT8"
    INT4 = "INT4"


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
        ),
    )

    variant: Annotated[
        str, Field(max_length=63, json_schema_extra={"enum": [*models()]}), AfterValidator(_known)
    ]
    """The model of the catalogue. Required."""

    source: Source | None = None
    """Where the weights come from: hf://org/name@revision, pvc://claim/path or oci://image. Absent: the
    catalogue's checkpoint of the chosen precision, from the model hub."""

    quantization: Quantization = Quantization.AUTO
    """The precision of the weights. Default Auto: the one with the cheapest shape that fits, and on equal
    cost the highest; INT4 is its floor, and INT8 must be named. With a source of your own it must say what is
    stored there."""

    token_secret_ref: SecretKeyRef | None = None
    """The Secret key that holds the model hub's access token; the pod reads it, the operator never does.
    Absent: no token, enough for weights that are not gated."""

    adapters: Annotated[tuple[Adapter, ...], Field(max_length=32, json_schema_extra=keyed_by("name"))] = ()
    """The LoRA adapters that are served beside the model. Absent: none."""
