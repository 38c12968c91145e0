"""A week of a fleet: pods that come and go by the cluster's own clock, and an operator that keeps the ledger.

The true bill is computed from the pods alone, by one multiplication for each time of one price; nothing of it
comes from the product. The operator has its own clock, forgets what it held in memory, and is down at times.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from builders import ended, pod
from llamafleet.api.ledger import ZERO, Ledger
from llamafleet.api.observed import Departed, PodSeen
from llamafleet.planning.money.ledger import phases, settle, spent
from llamafleet.planning.money.lifetime import lifetime
from planning.money.pods import GRACE, HOUR, PRICE, SECOND

GRACE_SECONDS = int(GRACE.total_seconds())


@dataclass
class Pod:
    """A pod as the cluster knows it; of a pod that is on its way out it is known when it will be gone."""

    uid: str
    created: datetime
    bound: datetime
    grace: int = GRACE_SECONDS
    ready: datetime | None = None
    requested: datetime | None = None
    forced: bool = False
    gone: datetime | None = None
    finished: datetime | None = None
    failed: datetime | None = None
    restarts: int = 0
    unseen: bool = True
    usual: Decimal = PRICE
    prices: list[tuple[datetime, Decimal]] = field(default_factory=list)

    def end(self) -> datetime | None:
        """When it costs no more."""
        return self.failed or self.gone

    def seen(self, now: datetime) -> PodSeen:
        """What the API server shows of it at an instant, or showed last."""
        asked = self.requested is not None and self.requested <= now
        last = asked and self.gone is not None and self.gone <= now and self.last_words
        deadline = self.gone if last else self.requested and self.requested + self.grace * SECOND
        over = self.failed is not None and self.failed <= now
        finished = next((when for when in (self.failed, self.finished) if when and when <= now), None)
        return pod(
            uid=self.uid,
            created=self.created,
            bound=self.bound if self.bound <= now else None,
            ready_since=None if over else self.ready,
            phase="Failed" if over else "Running",
            deleting=asked,
            deadline=deadline if asked else None,
            grace_seconds=(0 if last else self.grace) if asked else None,
            finished=finished,
            restarts=self.restarts,
            ended=ended("Error", 1) if over or self.restarts else None,
        )

    @property
    def last_words(self) -> bool:
        """Whether the last deletion was seen before the removal; of a forced one nothing else is."""
        return self.forced or int(self.uid[1:]) % 2 == 0


@dataclass
class Operator:
    """One process: what it holds in memory, until it is written down."""

    departed: dict[str, Departed] = field(default_factory=dict)


class Week:
    """The cluster, the operators, and the checkpoint in the status."""

    def __init__(self, begin: datetime, zone: str) -> None:
        """Begin with one pod that nothing happens to, so that a week costs something."""
        self.now, self.zone = begin, zone
        self.skew = timedelta()
        self.pods: dict[str, Pod] = {}
        self.price = PRICE
        self.operators = [Operator(), Operator()]
        self.up = True
        self.ledger: Ledger | None = None
        self.uncertain = ZERO
        self.highest = begin
        self.seen_price = PRICE
        self.born()
        self.look()

    @property
    def clock(self) -> datetime:
        """What the operator's clock shows."""
        return self.now + self.skew

    def existing(self) -> list[Pod]:
        """The pods of which there is an object."""
        return [one for one in self.pods.values() if one.gone is None or one.gone > self.now]

    def born(self, after: int = 0, scheduling: int = 0) -> Pod:
        """A pod is created, now or some seconds later, and gets its node some seconds after that."""
        created = self.now + after * SECOND
        one = Pod(f"p{len(self.pods)}", created, created + scheduling * SECOND, usual=self.seen_price)
        self.pods[one.uid] = one
        return one

    def deleted(self, one: Pod, takes: int) -> None:
        """Its deletion is asked for; it takes some seconds, at most its grace and a little."""
        one.requested = self.now
        one.gone = self.now + max(1, min(takes, one.grace + 10)) * SECOND
        one.finished = max(one.gone - (takes % 10) * SECOND, self.now)

    def forced(self, one: Pod) -> None:
        """It is deleted without grace."""
        one.requested = one.requested or self.now
        one.gone, one.finished, one.forced = self.now, None, True
        self.removed(one)

    def removed(self, one: Pod) -> None:
        """The watch of every process that is up shows the removal, a second later."""
        if self.up:
            for operator in self.operators:
                operator.departed[one.uid] = Departed(one.seen(self.now), self.clock + SECOND)

    def pass_time(self, length: timedelta) -> None:
        """Time goes by; whatever happens in it is seen when it happens, if anybody is there to see it."""
        end = self.now + length
        while self.now < end:
            instants = [when for one in self.pods.values() for when in self.instants(one) if when > self.now]
            self.now = min([end, self.now + HOUR, *instants])
            for one in self.pods.values():
                if one.gone == self.now:
                    self.removed(one)
            self.look()

    @staticmethod
    def instants(one: Pod) -> list[datetime]:
        """When something about a pod changes."""
        return [when for when in (one.created, one.bound, one.finished, one.gone) if when]

    def seen(self, operator: Operator) -> tuple[list[PodSeen | Departed], list[str]]:
        """What one process shows the ledger, and the uids of it."""
        there = [one.seen(self.now) for one in self.existing() if one.created <= self.now]
        return [*there, *operator.departed.values()], [one.uid for one in there]

    def settled(self, operator: Operator, late: timedelta = timedelta()) -> Ledger:
        """The checkpoint that one process would write."""
        pods, _ = self.seen(operator)
        lives = [lifetime(one, self.price) for one in pods]
        after = settle(self.ledger, lives, self.clock + late, self.zone, GRACE)
        assert settle(after, lives, self.clock + late, self.zone, GRACE) == after
        return after

    def look(self, which: int = 0, *, written: bool = True) -> None:
        """One process looks, and writes what it found."""
        if not self.up:
            return
        operator = self.operators[which]
        after = self.settled(operator)
        if not written:
            return
        if after is not self.ledger:
            self.write(after)
        self.remember_prices(operator)
        operator.departed.clear()

    def write(self, after: Ledger) -> None:
        """The checkpoint goes through the API server."""
        before = self.ledger
        if before is not None:
            assert after.at >= before.at
            assert after.month >= before.month
        same = before is not None and before.month == after.month
        self.uncertain += after.uncertain_usd - (before.uncertain_usd if before and same else ZERO)
        self.ledger = Ledger.model_validate(after.model_dump(by_alias=True, mode="json", exclude_none=True))
        assert self.ledger == after

    def remember_prices(self, operator: Operator) -> None:
        """A price holds from the look that sees it on, by the clock of whoever looks."""
        assert self.ledger is not None
        self.seen_price = self.price
        sums_until = {meter.uid: meter.since for meter in self.ledger.meters}
        for uid, since in sums_until.items():
            one = self.pods[uid]
            if one.unseen:
                one.unseen, one.prices = False, [(one.bound, self.price)]
            elif one.prices[-1][1] != self.price and one.uid in {p.uid for p in self.existing()}:
                one.prices.append((max(self.clock, one.prices[-1][0], since), self.price))
        for uid in operator.departed:
            one = self.pods[uid]
            if one.unseen:
                one.unseen, one.prices = False, [(one.bound, self.price)]

    def truth(self, begin: datetime, end: datetime) -> Decimal:
        """What all pods have cost between two instants."""
        return sum((self._cost(one, begin, end) for one in self.pods.values()), ZERO)

    def _cost(self, one: Pod, begin: datetime, end: datetime) -> Decimal:
        prices = one.prices or [(one.bound, one.usual)]
        until = min([end, *([stop] if (stop := one.end()) else [])])
        cost = ZERO
        for index, (start, price) in enumerate(prices):
            stop = prices[index + 1][0] if index + 1 < len(prices) else until
            length = min(stop, until) - max(start, begin)
            cost += price * max(0, int(length.total_seconds())) / 3600
        return cost

    def billed(self) -> Decimal:
        """What the ledger says of this month and the last."""
        assert self.ledger is not None
        last = self.ledger.last_month.usd if self.ledger.last_month else ZERO
        assert phases(self.ledger, self.clock).usd == spent(self.ledger, self.clock)
        return spent(self.ledger, self.clock) + last
