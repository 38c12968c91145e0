"""What a policy is to the simulator."""

from abc import ABC, abstractmethod
from typing import ClassVar

from llamafleet.simulation.view import View


class Policy(ABC):
    """Decides how many replicas there should be. It may remember; one object serves one run.

    Attributes:
        interval_seconds: how long after one look the next one is.
        wake_seconds: how long after a request that comes to a fleet of zero there is a look of its own; None:
            the request has to wait for the next one.
        refusing: read after each look. While it is true, requests are refused instead of held, and those that
            wait are refused, too: a waker does so while no window is open or no money is left.
    """

    interval_seconds: ClassVar[float] = 15.0
    wake_seconds: ClassVar[float | None] = None
    refusing: bool = False

    @abstractmethod
    def look(self, view: View) -> int:
        """How many replicas are wanted from now on."""
