"""One simulated replica. Its clock counts decode steps, so that a request's end is known when it begins."""

import math


class Replica:
    """One replica, from the request for it until it is gone.

    Steps run on from ``at`` at one speed until the batch changes; a prefill moves ``at`` into the future, and
    until then no step runs. A request that begins now ends when its number of steps has run, however fast.

    Attributes:
        number: replicas are numbered in the order in which they were asked for.
        wanted_at: when it was asked for, seconds since the start of the trace. From here on it is paid for.
        ready_at: when it takes requests.
        batch: requests that it works on.
        reserved: tokens of the KV cache that these may fill.
        context: twice the tokens that they hold on average over their time there.
        steps: decode steps that had run at ``at``.
        at: see above.
        step_s: seconds of a step now.
        ends: a heap of (step at which a request ends, its part of ``reserved``, its part of ``context``).
        due: when the first of them ends.
        scheduled: when the fleet looks at it next: at ``due`` or, while requests are added, before.
        draining: True once it takes no more requests.
    """

    __slots__ = (
        "at",
        "batch",
        "context",
        "draining",
        "due",
        "ends",
        "number",
        "ready_at",
        "reserved",
        "scheduled",
        "step_s",
        "steps",
        "wanted_at",
    )

    def __init__(self, number: int, wanted_at: float, ready_at: float) -> None:
        """An idle replica."""
        self.number = number
        self.wanted_at = wanted_at
        self.ready_at = ready_at
        self.batch = 0
        self.reserved = 0
        self.context = 0
        self.steps = 0.0
        self.at = ready_at
        self.step_s = math.inf
        self.ends: list[tuple[float, int, int]] = []
        self.due = math.inf
        self.scheduled = math.inf
        self.draining = False

    def advance(self, now: float) -> float:
        """Let the steps run until now; how many tokens they generated."""
        passed = now - self.at
        if passed <= 0:
            return 0.0
        self.at = now
        ran = passed / self.step_s
        self.steps += ran
        return ran * self.batch
