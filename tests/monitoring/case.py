"""What a case is: an alert, a cluster in which it fires, and one in which it only nearly does."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.well import Series


@dataclass(frozen=True, slots=True)
class Case:
    """An alert, and a story in which it fires.

    Attributes:
        alert: its name.
        wrong: what is otherwise than in a cluster that is well.
        text: what its description says then.
        labels: its labels beside the severity.
        nearly: what is otherwise where it must just not fire.
        minute: when it is looked at.
    """

    alert: str
    wrong: Series
    text: str
    labels: Mapping[str, str]
    nearly: Series
    minute: int = 100
