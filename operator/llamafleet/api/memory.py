"""``status.scaling``: what the autoscaler remembers between two looks; a bounded history, not samples."""

from typing import Annotated, Final

from pydantic import Field

from llamafleet.api.base import Record
from llamafleet.api.scalars import Timestamp
from llamafleet.api.texts import LARGEST


class Memory(Record):
    """What the autoscaler remembers. Whole numbers only: fractions are in thousandths."""

    at: Timestamp | None = None
    """When this was written. Absent: never."""

    peak: Annotated[int, Field(ge=0, le=LARGEST)] = 0
    """The most replicas that were asked for within the hold time. Default 0."""

    peak_at: Timestamp | None = None
    """When that was. Absent: never."""


NO_MEMORY: Final = Memory()
