"""The circumstances of a run."""

from dataclasses import dataclass

from llamafleet.errors import InvalidSpec


@dataclass(frozen=True, slots=True)
class Starts:
    """How long replicas take from the request for them to their first answer.

    Attributes:
        seconds: the usual time; the median when it varies.
        spread: the standard deviation of its logarithm; 0: all are the same.
        seed: of those that vary.
    """

    seconds: float
    spread: float = 0.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Settings:
    """The circumstances of a run; the same settings and trace give the same result.

    Attributes:
        cold_start_seconds: from the request for a replica until it is ready; the median when it varies.
        cold_start_spread: the standard deviation of the logarithm of the cold start; 0: all are the same.
        seed: of the cold starts that vary.
        initial: replicas that are ready when the trace starts.
        low: the fewest replicas, whatever the policy says.
        high: the most replicas.
        floor_seconds: for how long no policy may go below ``initial``.
        capacity: how many replicas find GPUs; None: all. The others wait for GPUs, unpaid.
        points: about how many points the series has at most.
        overtime_seconds: how long after the last arrival the run ends even if requests still wait.
    """

    cold_start_seconds: float
    cold_start_spread: float = 0.0
    seed: int = 1
    initial: int = 0
    low: int = 0
    high: int = 1000
    floor_seconds: float = 0.0
    capacity: int | None = None
    points: int = 2000
    overtime_seconds: float = 7 * 86_400.0

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated.

        Raises:
            InvalidSpec: a figure is out of its range.
        """
        for name in ("cold_start_seconds", "cold_start_spread", "initial", "low", "floor_seconds", "points"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise InvalidSpec(name, getattr(self, name), "must be a number that is not negative")
        if self.high < self.low:
            field, rule = "high", f"must be at least low, which is {self.low}"
            raise InvalidSpec(field, self.high, rule)
