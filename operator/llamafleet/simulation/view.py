"""What a policy sees of the simulated fleet at one look: what an autoscaler could read, and nothing else."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class View:
    """One look at the fleet.

    Attributes:
        now_s: seconds since the start of the trace.
        wanted: replicas that the policy asked for last, within the bounds of the settings.
        ready: replicas that take requests.
        coming: replicas that are wanted and not ready yet, those that have no GPU among them.
        draining: replicas that finish their last requests; their GPUs are still paid for.
        waiting: requests that no replica has begun.
        running: requests that are being worked on, by draining replicas as well.
        finished: requests that ended since the last look.
        prompt_tokens: tokens of the prompts that were begun since the last look.
        generation_tokens: tokens that were generated since the last look.
        kv_usage: the share of the KV cache in use, 0 to 1, the mean over ready replicas; None without any.
        cold_starts: how long the replicas took that became ready since the last look, seconds.
        billed_s: replica-seconds that were paid for so far.
    """

    now_s: float
    wanted: int
    ready: int
    coming: int
    draining: int
    waiting: int
    running: int
    finished: int
    prompt_tokens: int
    generation_tokens: int
    kv_usage: float | None
    cold_starts: tuple[float, ...]
    billed_s: float

    @property
    def active(self) -> int:
        """Requests that are in the system."""
        return self.waiting + self.running


NOTHING: Final = View(
    now_s=0.0,
    wanted=0,
    ready=0,
    coming=0,
    draining=0,
    waiting=0,
    running=0,
    finished=0,
    prompt_tokens=0,
    generation_tokens=0,
    kv_usage=None,
    cold_starts=(),
    billed_s=0.0,
)
"""What there is to see of a fleet that does not run."""
