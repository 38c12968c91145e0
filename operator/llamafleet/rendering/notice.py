"""Something that people should hear of once: an Event before it knows which resource it is about."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened.

    Attributes:
        type: Normal, or Warning where somebody may have to act.
        reason: one word in CamelCase.
        message: a sentence or two.
        again: what sets it apart from another one with the same reason, such as the start of the window.
    """

    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    again: str
