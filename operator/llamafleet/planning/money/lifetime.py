"""The life of one pod, as far as it costs: from its node to its end, in the API server's own instants.

The operator's clock is believed only where the API server says nothing, and then within what it does say.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from llamafleet.api.ledger import Meter
from llamafleet.api.observed import FINISHED, NO_TIME, Departed, PodSeen
from llamafleet.planning.money.bill import DECIMALS

TEARDOWN: Final = timedelta(seconds=15)
"""How long a pod may be there after its containers have ended or were killed: the kubelet unmounts, reports
and deletes. A second or two on an idle node; so a clock that is wrong costs at most this."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """What the ledger needs to know of one pod. All instants in UTC and whole seconds.

    Attributes:
        uid: the pod's uid.
        created: when it was created.
        bound: when it got its node; None: not yet, so it costs nothing.
        ready: since when it is ready; None: it is not.
        requested: when its deletion was asked for, as far as its last state shows; None: it was not.
        until: when it is gone at the latest; None: nobody deletes it.
        finished: when its server ended for good; None: it did not, or nobody said when.
        exact: when it ended, where the API server says so itself.
        heard: when the operator heard that it is gone, by the operator's clock; None: it exists.
        unseen: for how long nobody had looked when that was heard.
        over: whether it costs no more.
        crashed: whether its server ended without being asked to.
        hourly_usd: what it costs per hour, US dollars; None: no price is known.
        idle: whether it had no request at the last reading; None: there is no reading.
        tokens: its token counter at the last reading; None: there is no reading.
        version: the resource version of its last state; None: that does not tell when it ended.
    """

    uid: str
    created: datetime
    bound: datetime | None
    ready: datetime | None = None
    requested: datetime | None = None
    until: datetime | None = None
    finished: datetime | None = None
    exact: datetime | None = None
    heard: datetime | None = None
    unseen: timedelta = NO_TIME
    over: bool = False
    crashed: bool = False
    hourly_usd: Decimal | None = None
    idle: bool | None = None
    tokens: int | None = None
    version: int | None = None

    @property
    def latest_instant(self) -> datetime:
        """The latest instant that the API server has given; the present one cannot be earlier."""
        known = (self.bound, self.ready, self.requested, self.finished)
        return max((instant for instant in known if instant), default=self.created)


def lifetime(
    pod: PodSeen | Departed,
    hourly_usd: Decimal | None,
    *,
    idle: bool | None = None,
    tokens: int | None = None,
) -> Lifetime:
    """The life of a pod that exists, or of one that is gone.

    Args:
        pod: its last known state.
        hourly_usd: what it costs per hour, US dollars; None: no price is known.
        idle: whether it had no request at the last reading; None: there is no reading.
        tokens: its token counter at the last reading, prompts and answers together; None: there is none.
    """
    seen = pod.pod if isinstance(pod, Departed) else pod
    ended = seen.phase in FINISHED
    finished = seen.finished if ended or seen.deleting else None
    return Lifetime(
        uid=seen.uid,
        created=seen.created,
        bound=seen.bound,
        ready=seen.ready_since,
        requested=_requested(seen),
        until=_until(seen, finished),
        finished=finished,
        exact=finished if ended and finished else _removed(pod, finished),
        heard=pod.gone if isinstance(pod, Departed) else None,
        unseen=pod.unseen if isinstance(pod, Departed) else NO_TIME,
        over=ended or isinstance(pod, Departed),
        crashed=seen.restarts > 0 or (not seen.deleting and (ended or seen.ended is not None)),
        hourly_usd=None if hourly_usd is None else hourly_usd.quantize(DECIMALS),
        idle=idle,
        tokens=tokens,
        version=seen.version,
    )


def _requested(pod: PodSeen) -> datetime | None:
    return pod.deadline - timedelta(seconds=pod.grace_seconds or 0) if pod.deadline else None


def _until(pod: PodSeen, finished: datetime | None) -> datetime | None:
    if finished:
        return finished + TEARDOWN
    return pod.deadline + TEARDOWN if pod.deadline else None


def _removed(pod: PodSeen | Departed, finished: datetime | None) -> datetime | None:
    """When the API server removed the pod, by its own clock.

    Whoever has the last word on a pod (the kubelet, or a forced deletion) deletes it with a grace of zero.
    The API server then moves the deletion timestamp to the present, and removes the pod: ``BeforeDelete``
    in k8s.io/apiserver v0.37.1, pkg/registry/rest/delete.go.
    """
    if not isinstance(pod, Departed) or pod.pod.grace_seconds != 0 or pod.pod.deadline is None:
        return None
    return pod.pod.deadline if finished is None or finished <= pod.pod.deadline else None


class End(NamedTuple):
    """When a pod ended.

    Attributes:
        at: the instant.
        doubt: by how much it may be wrong, because nobody looked.
    """

    at: datetime
    doubt: timedelta = NO_TIME


def end_of(life: Lifetime, meter: Meter, asked: datetime | None, now: datetime) -> End:
    """When a pod ended that is over. Of the time that nobody saw it is counted for a half.

    Args:
        life: its last state.
        meter: what the ledger knows of it, its last state included.
        asked: when its deletion was asked for, as far as earlier looks knew.
        now: the operator's clock, for a pod that ended without anybody saying when.
    """
    # An old API server leaves the timestamp of a last deletion at the request, which is no end.
    if life.exact and (asked is None or life.exact > asked):
        return End(life.exact)
    heard = life.heard or now
    known = [instant for instant in (life.bound, meter.requested, life.finished) if instant]
    latest = max([*known, min(heard, meter.until or heard)])
    earliest = max([*known, min(heard - life.unseen, latest)])
    half = (latest - earliest) // 2
    half -= timedelta(microseconds=half.microseconds)
    return End(earliest + half, latest - earliest - half)
