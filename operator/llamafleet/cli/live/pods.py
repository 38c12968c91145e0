"""The pods of a fleet as values: what each does, and what it has cost since it got its node. Pure.

How busy a fleet is comes from its status, where the operator sums up what all its servers said; the tokens
of a pod are from the ledger. The pods are not asked: that would take a right to send them requests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from llamafleet.api.ledger import Ledger, Meter
from llamafleet.api.observed import FINISHED, PodSeen
from llamafleet.api.status import LlamaDeploymentStatus
from llamafleet.cli.live.fleets import Fleet
from llamafleet.cli.live.state import BAD, BUSY, GOOD, QUIET, WARN, State
from llamafleet.planning.money.bill import usd
from llamafleet.planning.money.freshness import counted_until

NO_METERS: Final[Mapping[str, Meter]] = {}


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod.

    Attributes:
        name: its name.
        state: what it does.
        node: its node; empty while it has none.
        gpus: how many GPUs it holds; 0: that is not known.
        age: since when it costs; None: it has no node yet.
        hourly: what it costs per hour; None: that is not known.
        usd: what it has cost since counted_from; None: that is not known.
        counted_from: since when that is counted, where it is not from its node on: the month turned or the
            price changed, and what was before is in the month's sums, which know no pods.
        tokens_per_second: the mean since it was ready, at the ledger's last look; None: that is not known.
    """

    name: str
    state: State
    node: str
    gpus: int
    age: timedelta | None
    hourly: Decimal | None
    usd: Decimal | None
    counted_from: datetime | None
    tokens_per_second: Decimal | None


@dataclass(frozen=True, slots=True)
class Crew:
    """A fleet and its pods.

    Attributes:
        fleet: its row in the table of fleets.
        kv_percent: how much of the KV cache is in use, the mean over the replicas; None: that is not known.
        pods: the oldest first.
    """

    fleet: Fleet
    kv_percent: int | None
    pods: Sequence[Pod]

    @property
    def gpus(self) -> int:
        """All GPUs that are held."""
        return sum(one.gpus for one in self.pods if one.age is not None)

    @property
    def hourly(self) -> Decimal | None:
        """What the pods that exist cost per hour, on their way out or not."""
        known = [one.hourly for one in self.pods if one.hourly is not None and one.age is not None]
        return sum(known, Decimal(0)) if known else None


def crew(fleet: Fleet, status: LlamaDeploymentStatus | None, pods: Sequence[PodSeen], now: datetime) -> Crew:
    """A fleet with its pods, of which those that have ended for good are left out: they cost nothing."""
    ledger = status.cost.ledger if status and status.cost else None
    meters = {meter.uid: meter for meter in ledger.meters} if ledger else NO_METERS
    shown = sorted(
        (one for one in pods if one.phase not in FINISHED), key=lambda one: (one.created, one.name)
    )
    return Crew(
        fleet=fleet,
        kv_percent=fleet.queue.kv_usage_percent if fleet.queue else None,
        pods=[_pod(one, meters.get(one.uid), ledger, now) for one in shown],
    )


def _pod(seen: PodSeen, meter: Meter | None, ledger: Ledger | None, now: datetime) -> Pod:
    began = meter.since if meter else None
    until = counted_until(ledger, now) if ledger else now
    later = began is not None and seen.bound is not None and began > seen.bound
    return Pod(
        name=seen.name,
        state=state(seen, meter),
        node=seen.node or "",
        gpus=seen.gpus,
        age=None if seen.bound is None else now - seen.bound,
        hourly=meter.hourly_usd if meter else None,
        usd=usd(meter.hourly_usd, until - meter.since) if meter and meter.hourly_usd is not None else None,
        counted_from=began if later else None,
        tokens_per_second=_pace(meter, ledger),
    )


def state(seen: PodSeen, meter: Meter | None) -> State:
    """What a pod does; what is wrong with it comes before how far it is."""
    if seen.deleting or seen.resting is not None:
        return State("Leaving" if seen.deleting else "Resting", QUIET)
    if seen.waiting_reason:
        return State(seen.waiting_reason, BAD)
    if seen.ready:
        idle = meter is not None and meter.idle_since is not None
        return State("Idle", QUIET) if idle else State("Ready", GOOD)
    return _on_the_way(seen, meter)


def _on_the_way(seen: PodSeen, meter: Meter | None) -> State:
    if seen.node is None:
        return State("NoNode", WARN)
    if meter is not None and meter.ready is not None:
        return State("NotReady", WARN)
    return State("Crashed", BAD) if seen.restarts else State("Loading", BUSY)


def _pace(meter: Meter | None, ledger: Ledger | None) -> Decimal | None:
    """Tokens per second since the pod was ready: its server's counter, at the look that wrote it down."""
    if meter is None or ledger is None or meter.tokens is None or meter.ready is None or meter.crashed:
        return None
    seconds = int((ledger.at - meter.ready).total_seconds())
    return Decimal(meter.tokens) / seconds if seconds > 0 else None
