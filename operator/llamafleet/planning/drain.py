"""How the time that requests get to end is shared out: first the preStop hook waits, then the server itself.

While the hook waits, the server still answers everything. Then comes SIGTERM: the server finishes what it
has, running or queued, and answers new requests on old connections with 500.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from llamafleet.api.schedule import Schedule

DEFAULT: Final[timedelta] = Schedule.model_fields["drain_timeout"].default
"""What a fleet without a schedule gets when it is scaled down or rolled out."""

ENDPOINT_SECONDS: Final = 10
"""How long a deleted pod may still receive requests: its endpoint goes by itself, with a delay."""

SERVER_SECONDS: Final = 60
"""The most that is kept for ``--shutdown-timeout``: with its default, 0, vLLM cuts running requests. It must
not be all: after SIGTERM the queue is no longer watched, and a request on an old connection gets a 500."""

SERVER_PART: Final = 5
"""Of a short time, the server gets one in so many seconds, and at least one second."""

TEARDOWN_SECONDS: Final = 20
"""From the last request to the exit of the process: about 8 s measured, rounded up generously."""


@dataclass(frozen=True, slots=True)
class Drain:
    """The shares, in whole seconds.

    Attributes:
        hook: how long the preStop hook waits for the queue to empty.
        server: how long the server may then take to finish.
    """

    hook: int
    server: int

    @property
    def grace(self) -> int:
        """``terminationGracePeriodSeconds``: both shares, and the teardown before the kubelet kills."""
        return max(self.hook, ENDPOINT_SECONDS) + self.server + TEARDOWN_SECONDS


def drain_time(schedule: Schedule | None) -> timedelta:
    """``spec.schedule.drainTimeout``: how long requests get to end."""
    return schedule.drain_timeout if schedule else DEFAULT


def drain(schedule: Schedule | None) -> Drain:
    """The shares of ``spec.schedule.drainTimeout``; together they are no longer than it."""
    seconds = int(drain_time(schedule).total_seconds())
    server = min(SERVER_SECONDS, max(seconds // SERVER_PART, 1))
    return Drain(hook=max(seconds - server, 0), server=server)
