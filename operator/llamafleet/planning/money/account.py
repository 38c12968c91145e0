"""From what is seen of pods to the ledger, and to what their starts teach."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from llamafleet.api.ledger import Ledger
from llamafleet.api.observed import Departed, Load, PodSeen
from llamafleet.planning.money.ledger import settle
from llamafleet.planning.money.lifetime import Lifetime, lifetime
from llamafleet.planning.money.rates import hourly_usd
from llamafleet.planning.sizing.shape import Pool, UnusablePool


@dataclass(frozen=True, slots=True)
class Ground:
    """What a bill stands on, beside the pods.

    Attributes:
        pools: the pools, for their prices.
        spot: whether a node is a spot node, by name, where that decides a price.
        loads: what pods say of their work, by uid.
        zone: the zone in which the month turns.
        grace: how long a pod may take to end.
    """

    pools: Sequence[Pool | UnusablePool]
    spot: Mapping[str, bool | None]
    loads: Mapping[str, Load]
    zone: str
    grace: timedelta


@dataclass(frozen=True, slots=True)
class Account:
    """What a look at the pods came to.

    Attributes:
        ledger: the checkpoint after it.
        starts: how many seconds the pods took that were ready for the first time, oldest first.
    """

    ledger: Ledger
    starts: tuple[int, ...]


def account(
    before: Ledger | None,
    pods: Iterable[PodSeen | Departed],
    ground: Ground,
    now: datetime,
    version: int | None = None,
) -> Account:
    """Settle the pods that exist and those that went, of which all was known up to a resource version.

    Raises:
        InvalidSpec: the zone is unknown.
    """
    known = {meter.uid: meter.hourly_usd for meter in before.meters} if before else {}
    lives = [_life(pod, ground, known) for pod in pods]
    after = settle(before, lives, now, ground.zone, ground.grace, version)
    return Account(after, _starts(before, after, lives))


def _life(pod: PodSeen | Departed, ground: Ground, known: Mapping[str, Decimal | None]) -> Lifetime:
    """A pod with its price: that of its pool, or the last one that was known, when pool or node is gone."""
    seen = pod.pod if isinstance(pod, Departed) else pod
    price, last = hourly_usd(seen, ground.pools, ground.spot), known.get(seen.uid)
    is_guess = price is None or ground.spot.get(seen.node or "", False) is None
    load = ground.loads.get(seen.uid)
    return lifetime(
        pod,
        last if is_guess and last is not None else price,
        idle=None if load is None else load.idle,
        tokens=None if load is None else load.tokens,
    )


def _starts(before: Ledger | None, after: Ledger, lives: Sequence[Lifetime]) -> tuple[int, ...]:
    """The cold starts that ended since the checkpoint.

    A pod that was ready before teaches nothing new. Neither does one that is older than the checkpoint and
    not in it: perhaps it was ready long ago, and is so again.
    """
    if before is None:
        return ()
    waited = {meter.uid for meter in before.meters if not meter.ready}
    young = {life.uid for life in lives if life.bound and life.bound >= before.at}
    ready_before = {meter.uid for meter in before.meters if meter.ready}
    ready_now = {meter.uid for meter in after.meters if meter.ready} & (waited | young) - ready_before
    ended = sorted(
        (life.ready, life.bound)
        for life in lives
        if life.uid in ready_now and life.ready and life.bound and not life.crashed
    )
    return tuple(int((ready - bound).total_seconds()) for ready, bound in ended)
