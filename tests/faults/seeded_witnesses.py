"""What no operator of a seeded run can know: what went while none was there that lived on to tell."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from faults.faults import Exchange
from faults.story_truth import Life
from llamafleet.api.names import CARRY_OVER_NAME
from llamafleet.api.observed import Key


@dataclass(slots=True)
class Span:
    """From when to when a process ran.

    Attributes:
        door: its own.
        begin: monotonic.
        end: likewise; infinite: it runs.
    """

    door: str
    begin: float
    end: float = float("inf")


@dataclass(frozen=True, slots=True)
class Witnesses:
    """The processes of a run and what they asked.

    Attributes:
        spans: every process that ever ran.
        exchanges: every request.
        ends: when somebody deleted which fleet, monotonic.
        epoch: the wall clock, UTC, at zero of the monotonic one, in seconds.
    """

    spans: Sequence[Span]
    exchanges: Sequence[Exchange]
    ends: Sequence[tuple[Key, float]]
    epoch: float

    def forgotten(self, fleet: Key) -> datetime | None:
        """The last deletion of a fleet with which its account was lost, and no operator is to blame.

        The account lay in the status and went with it. No operator that runs now watched the fleets by then,
        and those that did were killed before one of them had written it beside the operator.
        """
        lost = [at for key, at in self.ends if key == fleet and not self._is_kept(key, at)]
        return self._instant(max(lost)) if lost else None

    def unseen(self, life: Life) -> bool:
        """Whether a pod went that is in no account, and nobody who runs now watched pods by then."""
        if life.gone is None:
            return False
        gone = life.gone.timestamp() - self.epoch
        return not self._is_watched("pods", gone) and not any(
            life.uid.encode() in one.body for one in self._landed("llamadeployments/status")
        )

    def _is_kept(self, fleet: Key, at: float) -> bool:
        entry = ".".join(fleet)
        written = [one for one in self._landed("configmaps") if one.name == CARRY_OVER_NAME and one.at >= at]
        return self._is_watched("llamadeployments", at) or any(
            entry in json.loads(one.body).get("data", {}) for one in written
        )

    def _is_watched(self, kind: str, at: float) -> bool:
        """Whether a process that runs now watched a kind by then."""
        return any(
            one.kind == kind and one.verb == "watch" and span.begin <= one.at <= at
            for span in self.spans
            if span.end == float("inf")
            for one in self.exchanges
            if one.door == span.door
        )

    def _landed(self, kind: str) -> Iterator[Exchange]:
        return (one for one in self.exchanges if one.kind == kind and one.landed)

    def _instant(self, at: float) -> datetime:
        return datetime.fromtimestamp(self.epoch + at, UTC)
