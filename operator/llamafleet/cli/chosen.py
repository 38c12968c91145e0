"""What the operator has chosen for a resource of a cluster, beside what is computed here. Pure."""

from collections.abc import Iterator
from typing import Any, Final

from llamafleet.api.status import StatusPlan
from llamafleet.planning.plan import Shape
from llamafleet.rendering.figures import figures

TOLD: Final = (
    "pool",
    "gpu",
    "gpusPerReplica",
    "quantization",
    "capacityType",
    "checkpoint",
    "hourlyUsdPerReplica",
)
"""What sets a choice apart."""


def other_choice(chosen: StatusPlan | None, shape: Shape) -> Iterator[str]:
    """A sentence where the operator's choice is another one; nothing where it made none."""
    if chosen is None:
        return
    theirs, ours = chosen.model_dump(mode="json", by_alias=True), figures(shape)
    if any(_told(theirs, key) != _told(ours, key) for key in TOLD):
        yield (
            f"The operator in the cluster runs another shape: {_in_short(theirs)}; computed here:"
            f" {_in_short(ours)}. A replica that runs keeps its shape until the spec asks for another; the"
            " operator may also have other figures (--values), or be of another release."
        )


def _told(figures: dict[str, Any], key: str) -> str:
    value = figures.get(key)
    return "" if value is None else f"{value}"


def _in_short(figures: dict[str, Any]) -> str:
    price = figures.get("hourlyUsdPerReplica")
    usd = "no known price" if price is None else f"{price} USD/h"
    gpus = f"{figures['gpusPerReplica']} x {figures['gpu']} (pool {figures['pool']})"
    return f"{figures['quantization']} on {gpus}, {usd}"
