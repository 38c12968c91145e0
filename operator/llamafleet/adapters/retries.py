"""How a list and watch goes on after a failure."""

from typing import Final, NamedTuple

from llamafleet.adapters.streams import Lost
from llamafleet.errors import LlamafleetError, Throttled

BACKOFF_SECONDS: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Pauses after a failure, each with a random half on top; the last one repeats."""

CALM_SECONDS: Final = 5.0
"""After a watch that lasted so long, the next failure counts as the first: whatever cuts idle connections
now and then does not make our views old."""

SILENCES: Final = 2
"""After so many silences on end likewise. Most are a connection that somebody between us has forgotten; the
watch that goes on tells what was missed and when that happened, and a list does not."""

RESUMES: Final = 3
"""After so many failures on end a list tells whether the version to go on from is the trouble."""


class Verdict(NamedTuple):
    """What follows from a failure.

    Attributes:
        reason: why it failed, in one word.
        pause: how many seconds to wait.
        resumes: whether the watch goes on from where it stood; else there is a list first.
    """

    reason: str
    pause: float
    resumes: bool


class Retries:
    """The failures on end of one watch."""

    def __init__(self) -> None:
        """There was none."""
        self._failures = self._silences = 0

    def failed(self, error: LlamafleetError, lasted: float, *, heard: bool) -> Verdict:
        """Count a failure.

        Args:
            error: what went wrong.
            lasted: how many seconds the attempt had lasted.
            heard: whether it brought anything.
        """
        if isinstance(error, Throttled):  # we are told to wait, and our version is as good as before
            return Verdict("throttled", error.retry_after, resumes=True)
        if lasted > CALM_SECONDS:
            self._failures = 0
        pause = BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS) - 1)]
        self._failures += 1
        reason = getattr(error, "reason", "failed")
        self._silences = (0 if heard else self._silences) + (reason == "silent")
        if reason == "silent":
            return Verdict(reason, pause, resumes=self._silences < SILENCES)
        return Verdict(reason, pause, resumes=not isinstance(error, Lost) and self._failures < RESUMES)
