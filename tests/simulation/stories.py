"""Small traces and policies for stories with a fleet."""

from collections.abc import Callable, Sequence

from llamafleet.simulation import Policy, Trace, View


def requests(*rows: tuple[float, int, int]) -> Trace:
    """A trace of (arrival, prompt tokens, generated tokens)."""
    arrivals, inputs, outputs = zip(*rows, strict=True)
    return Trace(arrivals, inputs, outputs)


class Told(Policy):
    """Wants at each look what a list says, and the last of it from then on. Keeps what it saw."""

    def __init__(self, *counts: int) -> None:
        """At the first look the first, and so on."""
        self._counts = counts
        self.views: list[View] = []

    def look(self, view: View) -> int:
        count = self._counts[min(len(self.views), len(self._counts) - 1)]
        self.views.append(view)
        return count


class Waking(Told):
    """Likewise, with a waker."""

    wake_seconds = 1.0


class AtOnce(Told):
    """Likewise, with a proxy that sees each request."""

    wake_seconds = 0.0


def seen(policy: Told, field: Callable[[View], float]) -> Sequence[float]:
    """One field of all views."""
    return [field(view) for view in policy.views]
