"""What is wrong with a resource is taken out of it, until the API server, or the planner, would take it.

Both judges are the product's own: ``read_strictly`` is what a laptop goes by in the place of the API server
(that the two agree is tested beside this), and the planner names the field that it refuses.
"""

import copy
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.reading import read_strictly
from llamafleet.errors import InvalidSpec
from llamafleet.planning.plan import Observation, plan
from llamafleet.planning.sizing.pools import resolve

Json = dict[str, Any]
Step = str | int
K = TypeVar("K", LlamaDeployment, GpuPool)

TRIES: Final = 12
"""Fields that are taken out of one resource; whoever has more mistakes is given up."""

BIG: Final = (
    "spec.serving.concurrency",
    "spec.serving.contextLength",
    "spec.gpu.count",
    "spec.serving.resources",
)
"""What is taken out of a spec that fits nowhere, in this order."""

SOME_DAY: Final = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def steps_of(field: str) -> list[Step]:
    """``spec.schedule.windows[0].start`` as the steps to it."""
    return [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", field)]


def refusal(kind: type[K], raw: Json) -> InvalidSpec | None:
    """Why the API server would refuse the resource, in the words of a laptop; None: it would not."""
    try:
        read_strictly(kind, raw)
    except InvalidSpec as error:
        return error
    return None


def objection(raw: Json, pools: Sequence[Json] = ()) -> InvalidSpec | None:
    """Why the planner refuses a resource that the API server takes; None: there is a plan."""
    spec = LlamaDeployment.model_validate(raw).spec
    there = [GpuPool.model_validate(pool) for pool in pools]
    try:
        plan(spec, resolve(there), Observation(now=SOME_DAY, replicas=None))
    except InvalidSpec as error:
        return error
    return None


def mended(raw: Json, judge: Callable[[Json], InvalidSpec | None]) -> Json | None:
    """The resource without what the judge refuses; None when that is something it cannot do without."""
    raw, big = copy.deepcopy(raw), list(BIG)
    for _ in range(TRIES):
        error = judge(raw)
        if error is None:
            return raw
        if not _taken_out(raw, steps_of(error.field)) and not any(
            _taken_out(raw, steps_of(big.pop(0))) for _ in range(len(big))
        ):
            return None
    return None


def _taken_out(raw: Json, steps: Sequence[Step]) -> bool:
    """Take out the field, or the nearest optional thing around it; whether anything was taken."""
    for end in range(len(steps), 1, -1):
        holder, last = _at(raw, steps[: end - 1]), steps[end - 1]
        if isinstance(holder, list) and isinstance(last, int) and last < len(holder):
            del holder[last]
            return True
        if (
            isinstance(holder, dict)
            and last in holder
            and last not in {"spec", "model", "variant", "metadata"}
        ):
            del holder[last]
            return True
    return False


def _at(raw: Any, steps: Sequence[Step]) -> Any:
    for step in steps:
        if isinstance(raw, list) and isinstance(step, int) and step < len(raw):
            raw = raw[step]
        elif isinstance(raw, dict):
            raw = raw.get(str(step))
        else:
            return None
    return raw
