"""A constant fleet."""

from llamafleet.simulation.policy import Policy
from llamafleet.simulation.view import View


class Static(Policy):
    """Always as many replicas; the settings say how many there are at the start."""

    def __init__(self, replicas: int) -> None:
        """So many."""
        self._replicas = replicas

    def look(self, view: View) -> int:
        """The same as ever."""
        del view
        return self._replicas
