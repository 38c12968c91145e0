"""``spec.serving``: what the model server offers to its callers."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, ClassVar, Final

from pydantic import Field

from llamafleet.api.base import Record, Rule
from llamafleet.api.lists import in_order
from llamafleet.api.quantity import Quantity
from llamafleet.api.texts import Image
from llamafleet.api.vllm_flags import Flag

RESOURCE_KEYS: Final = ("cpu", "memory", "ephemeral-storage")

ResourceList = Annotated[Mapping[str, Quantity], Field(max_length=3)]


def _names_host_resources(side: str, resources: "Resources") -> bool:
    given = resources.requests if side == "requests" else resources.limits
    return given.keys() <= {*RESOURCE_KEYS}


class Resources(Record):
    """Host resources of one model server, in the form of a container's."""

    rules: ClassVar[tuple[Rule, ...]] = (
        *(
            Rule(
                f"!has(self.{side}) || self.{side}.all(key, key in {[*RESOURCE_KEYS]})",
                f"spec.serving.resources.{side} must name only cpu, memory and ephemeral-storage; "
                "the operator sets the GPUs",
                partial(_names_host_resources, side),
                at=side,
            )
            for side in ("requests", "limits")
        ),
        Rule(
            "!has(self.requests) || !has(self.limits) || self.requests.all(key, !(key in self.limits) || "
            "quantity(string(self.requests[key])).compareTo(quantity(string(self.limits[key]))) <= 0)",
            "spec.serving.resources.requests must be at most the limits of the same key",
            lambda resources: all(
                amount.value <= resources.limits[key].value
                for key, amount in resources.requests.items()
                if key in resources.limits
            ),
            at="requests",
        ),
    )

    requests: ResourceList = Field(default_factory=dict)
    """What a node must have free: cpu in cores, memory and ephemeral-storage in bytes, as Kubernetes
    quantities. A key that is absent: the operator's estimate."""

    limits: ResourceList = Field(default_factory=dict)
    """What the server may use at most: cpu in cores, memory and ephemeral-storage in bytes, as Kubernetes
    quantities. A key that is absent: no limit."""


class Serving(Record):
    """What the model server offers to its callers."""

    context_length: Annotated[int, Field(ge=1024, le=10_485_760)] | None = None
    """The longest request that is served, prompt and answer together, in tokens, at most what the model was
    trained for. Absent: the largest power of two that leaves room for spec.serving.concurrency."""

    concurrency: Annotated[int, Field(ge=1, le=4096)] = 1
    """How many requests of full length the KV cache of one replica must hold at least. Default 1."""

    vision: bool = False
    """Whether images are accepted, for models that see. Default false: the vision part is not loaded."""

    tool_calling: bool = False
    """Whether tool calls are parsed from the model's answers. Default false."""

    image: Image | None = None
    """The container image of the model server. Absent: the vLLM release that this operator was tested with.
    The sizing of another release is more cautious."""

    extra_args: Annotated[tuple[Flag, ...], Field(max_length=32, json_schema_extra=in_order())] = ()
    """Further flags of vllm serve, each as --flag or --flag=value, from the list of allowed tuning flags.
    Absent: none."""

    resources: Resources | None = None
    """Host resources of one model server, GPUs aside. Absent: the operator's estimates."""
