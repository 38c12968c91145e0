"""The kind LlamaDeployment: one model, served on GPUs of the cluster."""

from typing import ClassVar, Final

from pydantic import Field

from llamafleet.api.base import Record, Rule
from llamafleet.api.cost import Cost
from llamafleet.api.gpu import Gpu
from llamafleet.api.metadata import ObjectMeta
from llamafleet.api.model import Model
from llamafleet.api.scaling import Replicas, Scaling
from llamafleet.api.schedule import Schedule
from llamafleet.api.serving import Serving
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.api.texts import is_service_name

NOT_YET_IN_EFFECT: Final = ("spec.model.adapters",)
"""Fields that are checked and kept, and that this version of the operator does not act on."""


_WINDOWS: Final = "!has(self.scaling) || !has(self.schedule) || !has(self.schedule.windows) || "
"""Before a rule about windows and spec.scaling: one of the two is not there."""


def _floors_fit(spec: "LlamaDeploymentSpec") -> bool:
    """Whether each window's own floor is within the ceiling that it has from spec.scaling."""
    windows = spec.schedule.windows if spec.schedule and spec.scaling else ()
    most = spec.scaling.max_replicas if spec.scaling else 0
    return all(one.max_replicas is not None or (one.min_replicas or 0) <= most for one in windows)


def _ceilings_fit(spec: "LlamaDeploymentSpec") -> bool:
    """Whether each window's own ceiling is not below the floor that it has from spec.scaling."""
    windows = spec.schedule.windows if spec.schedule and spec.scaling else ()
    fewest = spec.scaling.min_replicas if spec.scaling else 0
    return all(
        one.max_replicas is None or one.min_replicas is not None or one.max_replicas >= fewest
        for one in windows
    )


class LlamaDeploymentSpec(Record):
    """What a team wants: a model, what it must offer, and the limits within which it may run."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!(has(self.replicas) && has(self.scaling))",
            "spec.replicas and spec.scaling exclude each other: replicas is for kubectl scale or an external "
            "autoscaler, scaling for the operator's own",
            lambda spec: spec.replicas is None or spec.scaling is None,
            at="replicas",
        ),
        Rule(
            f"{_WINDOWS}self.schedule.windows.all(one, !has(one.minReplicas) || has(one.maxReplicas) || "
            "one.minReplicas <= self.scaling.maxReplicas)",
            "minReplicas of a window of spec.schedule.windows must be at most spec.scaling.maxReplicas, "
            "unless the window has a maxReplicas of its own",
            _floors_fit,
            at="schedule.windows",
        ),
        Rule(
            f"{_WINDOWS}self.schedule.windows.all(one, !has(one.maxReplicas) || has(one.minReplicas) || "
            "one.maxReplicas >= self.scaling.minReplicas)",
            "maxReplicas of a window of spec.schedule.windows must be at least spec.scaling.minReplicas, "
            "unless the window has a minReplicas of its own",
            _ceilings_fit,
            at="schedule.windows",
        ),
    )

    model: Model
    """Which model, where its weights come from and how they are stored. Required."""

    serving: Serving = Serving()
    """What the model server offers to its callers. Absent: the default of each field."""

    gpu: Gpu = Gpu()
    """Which GPUs the operator may choose from. Absent: every GpuPool."""

    scaling: Scaling | None = None
    """How many replicas the operator's own autoscaler may run. Absent: spec.replicas, or one replica."""

    replicas: Replicas | None = None
    """The number of replicas, set by kubectl scale or an external autoscaler. Absent: spec.scaling decides;
    without that, one replica."""

    schedule: Schedule | None = None
    """When the fleet is open. Absent: always."""

    cost: Cost | None = None
    """What the fleet may cost. Absent: no limit."""

    suspend: bool = False
    """Whether the fleet is put to sleep: zero replicas, everything else stays. Default false."""


class LlamaDeployment(Record):
    """One Llama model, served on GPUs of the cluster."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
            "metadata.name must be at most 63 lower-case letters, digits and dashes and begin with a letter, "
            "because the Service of that name must",
            lambda llama: is_service_name(llama.metadata.name),
            at="metadata.name",
        ),
    )

    metadata: ObjectMeta
    """Standard metadata of an object."""

    spec: LlamaDeploymentSpec
    """What is wanted. Required."""

    status: LlamaDeploymentStatus = Field(default=LlamaDeploymentStatus())
    """What the operator has seen and decided. The operator writes it."""
