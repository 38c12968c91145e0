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
        """Whether a pod went that is in no account, and whoever watched pods by then did not get to write it.

        Nobody of these runs now, or somebody who came too late for it led first: where that one had seen
        everything, the pod would be in its account, and so the others take it for settled. Who led before and
        heard no more of pods has written on, but of no pod that is newer than those in the account by then.
        """
        if life.gone is None:
            return False
        gone = life.gone.timestamp() - self.epoch
        written = list(self._landed("llamadeployments/status"))
        if any(life.uid.encode() in one.body for one in written):
            return False
        own = [one for one in written if (one.namespace, one.name) == tuple(life.fleet)]
        known = max((_pods_version(one) for one in own if one.at <= gone), default=0)
        first = next((one for one in own if one.at > gone and _pods_version(one) > known), None)
        came_late = first is not None and not self._is_watched("pods", gone, self._span_of(first))
        return came_late or not self._is_watched("pods", gone)

    def _span_of(self, exchange: Exchange) -> Span | None:
        """The process that asked."""
        found = (
            one for one in self.spans if one.door == exchange.door and one.begin <= exchange.at <= one.end
        )
        return next(found, None)

    def _is_kept(self, fleet: Key, at: float) -> bool:
        entry = ".".join(fleet)
        written = [one for one in self._landed("configmaps") if one.name == CARRY_OVER_NAME and one.at >= at]
        return self._is_watched("llamadeployments", at) or any(
            entry in json.loads(one.body).get("data", {}) for one in written
        )

    def _is_watched(self, kind: str, at: float, by: Span | None = None) -> bool:
        """Whether a process that runs now, or this one, watched a kind by then."""
        spans = [span for span in self.spans if span.end == float("inf")] if by is None else [by]
        return any(
            one.kind == kind and one.verb == "watch" and span.begin <= one.at <= min(at, span.end)
            for span in spans
            for one in self.exchanges
            if one.door == span.door
        )

    def _landed(self, kind: str) -> Iterator[Exchange]:
        return (one for one in self.exchanges if one.kind == kind and one.landed)

    def _instant(self, at: float) -> datetime:
        return datetime.fromtimestamp(self.epoch + at, UTC)


def _pods_version(exchange: Exchange) -> int:
    """Up to which resource version the account in a status knows the pods; 0: there is none."""
    ledger = json.loads(exchange.body).get("status", {}).get("cost", {}).get("ledger") or {}
    return int(ledger.get("podsVersion", 0))
