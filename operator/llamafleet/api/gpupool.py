"""The kind GpuPool: nodes with one kind of GPU, and what an hour of it costs."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field
from pydantic.config import JsonDict

from llamafleet.api.base import RULES_KEY, Record, Rule
from llamafleet.api.lists import in_order
from llamafleet.api.metadata import ObjectMeta
from llamafleet.api.quantity import Quantity
from llamafleet.api.scalars import Money
from llamafleet.api.texts import (
    LABEL_KEY,
    LABEL_KEY_LENGTH,
    LARGEST,
    PREFIX_LENGTH,
    Key,
    LabelValue,
    ResourceName,
    is_label_key,
    is_name,
)
from llamafleet.catalogue import CUSTOM_GPU, gpus

REQUESTS: Final = "requests."
NATIVE: Final = "kubernetes.io/"
"""What no extended resource may have in its name (IsExtendedResourceName in Kubernetes' core/v1/helper)."""

RESOURCE_PREFIX_LENGTH: Final = PREFIX_LENGTH - len(REQUESTS)
"""A quota puts that before the name, and it still has to be a label key."""


class Toleration(Record):
    """A taint that the pods tolerate, in the shape of a pod's tolerations."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"!has(self.key) || self.key.indexOf('/') <= {PREFIX_LENGTH}",
            f"key of a toleration must have at most {PREFIX_LENGTH} characters before its slash",
            lambda toleration: toleration.key is None or toleration.key.find("/") <= PREFIX_LENGTH,
            at="key",
        ),
        Rule(
            "self.operator != 'Exists' || !has(self.value) || self.value == ''",
            "value of a toleration must be absent when its operator is Exists",
            lambda toleration: toleration.operator != "Exists" or not toleration.value,
            at="value",
        ),
        Rule(
            "has(self.key) || self.operator == 'Exists'",
            "operator of a toleration must be Exists when its key is absent",
            lambda toleration: toleration.key is not None or toleration.operator == "Exists",
            at="operator",
        ),
        Rule(
            "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
            "effect of a toleration must be NoExecute when its tolerationSeconds is given",
            lambda toleration: toleration.toleration_seconds is None or toleration.effect == "NoExecute",
            at="effect",
        ),
    )

    key: Key | None = None
    """The key of the taint. Absent: every taint."""

    operator: Literal["Equal", "Exists"] = "Equal"
    """How the value is compared: Equal, or Exists for any value. Default Equal."""

    value: LabelValue | None = None
    """The value of the taint. Absent: the empty value."""

    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """The effect of the taint. Absent: every effect."""

    toleration_seconds: Annotated[int, Field(ge=0, le=LARGEST)] | None = None
    """How long a NoExecute taint is tolerated, in seconds. Absent: for ever."""


class Price(Record):
    """What one GPU costs per hour, in USD."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.onDemand) || has(self.spot)",
            "spec.price must have at least one of onDemand and spot",
            lambda price: price.on_demand is not None or price.spot is not None,
        ),
    )

    on_demand: Money | None = None
    """The price of one GPU for one hour on demand, in USD, as a decimal string. Absent: the catalogue's,
    where it has one; else the price is not known, and no budget can be kept."""

    spot: Money | None = None
    """The price of one GPU for one hour of spot capacity, in USD, as a decimal string. A pool that has it
    sells spot: it counts for resources whose spec.gpu.capacityType accepts spot, and their pods find the
    pool's spot nodes by the labels of Karpenter, EKS, GKE and AKS. Absent: the pool sells no spot, unless its
    nodeSelector selects spot nodes: then their price is not known."""


_GPU_SCHEMA: Final[JsonDict] = {
    "pattern": "^[a-z0-9][a-z0-9-]*$",
    RULES_KEY: [
        {
            "rule": f"self in {[*gpus()]} || self.startsWith('{CUSTOM_GPU}')",
            "message": f"spec.gpu must be a GPU of the catalogue ({', '.join(gpus())}), "
            f"or {CUSTOM_GPU}NAME for one of the operator's values file",
        }
    ],
}
"""What the API server alone holds against the value; see ``GpuPoolSpec.gpu``."""


def _is_extended(name: str) -> bool:
    """Whether Kubernetes takes the name for an extended resource."""
    is_own = not name.startswith(REQUESTS) and NATIVE not in name
    return is_own and name.find("/") <= RESOURCE_PREFIX_LENGTH


class GpuPoolSpec(Record):
    """Nodes with one kind of GPU, and what an hour of it costs."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.nodeSelector) || "
            f"self.nodeSelector.all(key, key.size() <= {LABEL_KEY_LENGTH} && "
            f"key.indexOf('/') <= {PREFIX_LENGTH} && key.matches(r'{LABEL_KEY}'))",
            "every key of spec.nodeSelector must be a label key: an optional DNS prefix and a name",
            lambda pool: all(map(is_label_key, pool.node_selector)),
            at="nodeSelector",
        ),
        Rule(
            f"self.resourceName.indexOf('/') <= {RESOURCE_PREFIX_LENGTH} && "
            f"!self.resourceName.startsWith('{REQUESTS}') && !self.resourceName.contains('{NATIVE}')",
            f"spec.resourceName must have at most {RESOURCE_PREFIX_LENGTH} characters before its slash, "
            f"not begin with {REQUESTS} and not be of {NATIVE}",
            lambda pool: _is_extended(pool.resource_name),
            at="resourceName",
        ),
    )

    # Only the CRD holds the value against the catalogue: an older operator must be able to read a pool of
    # a GPU that it does not know, because one such pool must not stop the others.
    gpu: Annotated[str, Field(max_length=63, json_schema_extra=_GPU_SCHEMA)]
    """The kind of GPU, a key of the catalogue such as a100-80gb, or one that begins with custom- and
    stands in the operator's values file. Required."""

    node_selector: Annotated[Mapping[str, LabelValue], Field(max_length=16)] = Field(default_factory=dict)
    """The labels of the pool's nodes. Absent: the nodes that NVIDIA's GPU Feature Discovery labels with a
    product of this kind."""

    tolerations: Annotated[tuple[Toleration, ...], Field(max_length=16, json_schema_extra=in_order())] = ()
    """The taints of the pool's nodes that the pods tolerate. Absent: none."""

    gpus_per_node: Annotated[int, Field(ge=1, le=64)] = 8
    """How many GPUs a node has; a replica never needs more. Default 8."""

    host_memory_per_gpu: Quantity | None = None
    """The host memory that a pod may ask for with each GPU, in bytes, as a Kubernetes quantity such as 144Gi.
    A shape whose pod would request more does not fit. Absent: unknown, and taken to be enough."""

    price: Price | None = None
    """What one GPU costs per hour. Absent: the catalogue's price, where it has one."""

    resource_name: ResourceName = "nvidia.com/gpu"
    """The extended resource by which pods ask for a GPU. Default nvidia.com/gpu."""


class GpuPool(Record):
    """Nodes with one kind of GPU, offered to every LlamaDeployment of the cluster."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.metadata.name.size() <= 63 && "
            "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
            "metadata.name must be at most 63 lower-case letters, digits and dashes",
            lambda pool: is_name(pool.metadata.name),
            at="metadata.name",
        ),
    )

    metadata: ObjectMeta
    """Standard metadata of an object."""

    spec: GpuPoolSpec
    """What the pool offers. Required."""
