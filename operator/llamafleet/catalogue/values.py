"""The form of a values file: a user's own figures for models, GPUs and API prices.

Types and what their refusals say. Nothing is merged here, and plain use of the catalogue never loads this.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from llamafleet.errors import InvalidSpec

DECIMAL: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)
REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", re.ASCII)
"""A value of a Kubernetes label."""

LONGEST_TEXT: Final = 80
"""Characters of a name or a source: a condition that quotes it has room for other things, too."""

LONGEST_REPOSITORY: Final = 200
LARGEST_COUNT: Final = 2**40
"""More tokens or bytes than anything here counts: a slip of the keyboard, not a figure."""

WHOLE_FILE: Final = "the values"
LONGEST_VALUE: Final = 80
"""Characters of a wrong value that its refusal repeats."""

_PLAIN: Final = {
    "missing": "must be given",
    "extra_forbidden": "must be left out: there is no such key here",
    "string_type": "must be text",
    "invalid_key": "must be text",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "dict_type": "must be a map",
    "model_type": "must be a map",
}
"""Words for pydantic's kinds of error whose own message speaks of Python."""


def _decimal(value: object) -> Decimal:
    if isinstance(value, str) and DECIMAL.fullmatch(value):
        return Decimal(value)
    message = (
        'must be a decimal in quotes such as "79.15", at most nine digits before the point and six after'
    )
    raise ValueError(message)


def _repository(value: object) -> object:
    if isinstance(value, str) and not REPOSITORY.fullmatch(value):
        message = "must be a Hugging Face repository, such as org/name"
        raise ValueError(message)
    return value


def _label(value: object) -> object:
    if isinstance(value, str) and not LABEL.fullmatch(value):
        message = "must be the value of a label: at most 63 letters, digits, dashes, dots and underscores"
        raise ValueError(message)
    return value


Amount = Annotated[Decimal, BeforeValidator(_decimal)]
Count = Annotated[int, Field(gt=0, le=LARGEST_COUNT)]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Repository = Annotated[str, Field(max_length=LONGEST_REPOSITORY), BeforeValidator(_repository)]
Label = Annotated[str, BeforeValidator(_label)]


class _Values(BaseModel):
    """Frozen and camelCase; a key that is not known is refused, and so is a value of another type."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        use_attribute_docstrings=True,
        alias_generator=lambda name: to_camel(name).replace("Gib", "GiB").replace("Mib", "MiB"),
    )


class CheckpointValues(_Values):
    """A checkpoint of a model in one precision. What is left out stays as the catalogue has it."""

    repository: Repository | None = None
    """The Hugging Face repository, ``org/name``; must be given for a precision without a checkpoint."""

    format: str | None = None
    """How the quantized weights are stored, a key of FORMATS."""

    quantized_groups: list[str] | None = None
    """The parameter groups that are stored so."""

    source: Text = "the values file"
    """How you know."""


class ModelValues(_Values):
    """What is different about a model."""

    max_positions: Count | None = None
    """The longest context that it serves, tokens."""

    checkpoints: dict[str, CheckpointValues] = Field(default_factory=dict)
    """By precision: BF16, FP8, INT8 or INT4."""


class GpuValues(_Values):
    """What is different about a GPU, or what is known of a new one."""

    name: Text | None = None
    """The name on the box. A new GPU without one is called by its key."""

    memory_gib: Annotated[Amount, Field(gt=0)] | None = Field(None, alias="memoryGiB")
    """The memory that CUDA reports, GiB; must be given for a new GPU."""

    driver_mib: list[Count] | None = Field(None, alias="driverMiB")
    """What nvidia-smi lists, MiB."""

    products: list[Label] | None = None
    """Values of the node label nvidia.com/gpu.product."""

    max_batched_tokens: Count | None = None
    """Tokens that vLLM computes in one step; 2048 for a new GPU."""

    hourly_usd: Amount | None = None
    """The price of one GPU for one hour on demand, US dollars."""

    spot_usd: Amount | None = None
    """Likewise for spot capacity; information only."""

    source: Text = "the values file"
    """Where these figures come from."""


class ApiPriceValues(_Values):
    """What an API asks for the tokens of a model; it replaces the price of the same provider and model."""

    provider: Text
    model: Text
    input_usd_per_million: Amount
    output_usd_per_million: Amount | None = None
    as_of: Text = "undated"
    source: Text = "the values file"


class Values(_Values):
    """A whole values file."""

    models: dict[str, ModelValues] = Field(default_factory=dict)
    gpus: dict[str, GpuValues] = Field(default_factory=dict)
    api_prices: list[ApiPriceValues] = Field(default_factory=list)


def read_values(values: Mapping[str, Any]) -> Values:
    """A values file that was parsed, by its form.

    Raises:
        InvalidSpec: the first thing that is wrong with it, by its path in the file.
    """
    try:
        return Values.model_validate(values)
    except ValidationError as error:
        raise _problem(error) from error


def _problem(error: ValidationError) -> InvalidSpec:
    """The first problem; a key that is not known comes first, for misspelt it is what another one misses."""
    first = min(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")
    path = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"] if step != "[key]"
    )
    value = "(absent)" if first["type"] == "missing" else _shown(first["input"])
    message = first["msg"].removeprefix("Value error, ")
    rule = _PLAIN.get(first["type"]) or re.sub(r"^\w+ should ", "must ", message)
    return InvalidSpec(path.removeprefix(".") or WHOLE_FILE, value, rule)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
