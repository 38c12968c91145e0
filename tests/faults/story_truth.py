"""What pods have really cost: an independent watch that keeps from when to when each of them had a node."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Self

from faults.story import PRICE, STEADY
from faults.story_seen import Json, Seen
from llamafleet.api.ledger import Ledger
from llamafleet.api.names import DEPLOYMENT_LABEL, POOL_ANNOTATION
from llamafleet.api.observed import Key
from llamafleet.planning.money.ledger import spent
from testbed.cluster import Cluster

ROUNDING = 2
"""Seconds of each pod: its beginning is told in whole seconds, and its end is when somebody heard of it."""

SECOND = Decimal(PRICE) / 3600

LONGEST_SECONDS = 24 * 3600
"""More than any run takes: one watch sees all of it."""


@dataclass(slots=True)
class Life:
    """A pod that is paid for.

    Attributes:
        uid: of the pod.
        fleet: whose it was.
        pool: whose price it has.
        bound: when it got its node.
        gone: when somebody heard that it was gone; None: it is not.
        told: when it was gone at the earliest, by the API server's own clock, in whole seconds; None: it did
            not say.
    """

    uid: str
    fleet: Key
    pool: str
    bound: datetime
    gone: datetime | None = None
    told: datetime | None = None

    def seconds(self, until: datetime) -> Decimal:
        """How long it cost until then in that month, in UTC: accounts are of a month."""
        month = until.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        end = min(until, self.gone or until)
        return Decimal(str(max(0.0, (end - max(self.bound, month)).total_seconds())))

    def rounding(self) -> Decimal:
        """By how many seconds its end may be earlier than somebody heard of it."""
        if self.gone is None:
            return Decimal(0)
        said = (self.gone - self.told).total_seconds() if self.told else ROUNDING
        return Decimal(str(max(0.0, said)))


class Truth:
    """A watch of all pods, as a context manager."""

    def __init__(self, cluster: Cluster) -> None:
        """Take the cluster; nothing is watched before it is entered."""
        self._cluster = cluster
        self._lives: dict[str, Life] = {}

    def __enter__(self) -> Self:
        """Start to watch."""
        # Whoever names no time is sent away after half an hour to an hour, and what ends then is never seen.
        pods = f"/api/v1/pods?watch=1&timeoutSeconds={LONGEST_SECONDS}"
        self._watch = self._cluster.follow("get", "--raw", pods)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Watch no more."""
        self._watch.kill()
        self._thread.join()
        self._watch.wait()
        if self._watch.stdout:
            self._watch.stdout.close()

    def usd(self, fleet: Key, until: datetime) -> tuple[Decimal, int]:
        """What the pods of a fleet cost until then, and how many they were."""
        lives = self.lives(fleet)
        return sum((one.seconds(until) * SECOND for one in lives), Decimal(0)), len(lives)

    def lives(self, fleet: Key) -> list[Life]:
        """The pods of a fleet that had a node."""
        return [one for one in tuple(self._lives.values()) if one.fleet == fleet]

    def wrong(self, seen: Seen, fleet: Key) -> Iterator[str]:
        """Whether the account of a fleet is wrong; of one whose prices change nothing is said."""
        lives = self.lives(fleet)
        if not seen.ledger or any(one.pool != STEADY for one in lives):
            return
        ledger, now = Ledger.model_validate(seen.ledger), datetime.now(UTC)
        said, (true, count) = spent(ledger, now), self.usd(fleet, now)
        if abs(said - true) > ROUNDING * count * SECOND + ledger.uncertain_usd:
            told = [f"{one.bound:%T} to {one.gone:%T.%f}" if one.gone else f"{one.bound:%T}" for one in lives]
            yield (
                f"{fleet}: the account says {said:.1f} USD, in doubt by {ledger.uncertain_usd:.1f}, and "
                f"{count} pods cost {true:.1f} until {now:%T}: {told}; the ledger is {seen.ledger}"
            )

    def _read(self) -> None:
        assert self._watch.stdout is not None
        for line in self._watch.stdout:
            self._take(json.loads(line))

    def _take(self, event: Json) -> None:
        pod, now = event["object"], datetime.now(UTC)
        uid = pod["metadata"]["uid"]
        for one in pod.get("status", {}).get("conditions", []):
            if (one["type"], one["status"]) == ("PodScheduled", "True"):
                bound = datetime.fromisoformat(one["lastTransitionTime"])
                pool = pod["metadata"].get("annotations", {}).get(POOL_ANNOTATION, "")
                fleet = pod["metadata"].get("labels", {}).get(DEPLOYMENT_LABEL, "")
                self._lives.setdefault(uid, Life(uid, Key(pod["metadata"]["namespace"], fleet), pool, bound))
        if event["type"] == "DELETED" and uid in self._lives:
            self._lives[uid].gone, self._lives[uid].told = now, _told(pod["metadata"])


def _told(metadata: Json) -> datetime | None:
    """When a pod was removed, in whole seconds: a last deletion, with a grace of zero, moves its deadline."""
    if metadata.get("deletionGracePeriodSeconds") != 0:
        return None
    return datetime.fromisoformat(metadata["deletionTimestamp"])
