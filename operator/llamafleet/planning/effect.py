"""Fields that are accepted and checked, yet change nothing in this release."""

from llamafleet.api.gpu import CapacityType
from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.api.scaling import Scaling


def not_in_effect(spec: LlamaDeploymentSpec) -> tuple[str, ...]:
    """The paths of those fields that the author uses: that are set, and not to their default."""
    uses = {
        "spec.model.adapters": bool(spec.model.adapters),
        "spec.gpu.capacityType": spec.gpu.capacity_type is not CapacityType.ON_DEMAND,
        **_scaling(spec.scaling or Scaling()),
        "spec.schedule": spec.schedule is not None,
        "spec.cost": spec.cost is not None,
    }
    return tuple(path for path, used in uses.items() if used)


def _scaling(scaling: Scaling) -> dict[str, bool]:
    usual = Scaling()
    return {
        "spec.scaling.queueDepth": scaling.queue_depth != usual.queue_depth,
        "spec.scaling.scaleDownDelay": scaling.scale_down_delay != usual.scale_down_delay,
        "spec.scaling.idleTimeout": scaling.idle_timeout != usual.idle_timeout,
    }
