"""A month of a fleet in memory: the real reconciler, a Deployment controller, pods that load and drain.

The reconciler looks only when it asks to, when it is due again, and when something happens to a pod. The true
bill is computed from the pods alone; nothing of it comes from the product.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from builders import pod, raw_llama, raw_pool
from llamafleet.api.names import CLOSED_LABEL
from llamafleet.api.observed import Announcement, Departed, Key, Load, PodSeen
from llamafleet.catalogue import catalogue
from llamafleet.reconcile.reconciler import Reconciler
from reconcile.memory import Memory

KEY = Key("team-a", "llama")
SECOND = timedelta(seconds=1)
RESYNC = timedelta(minutes=15)
"""The longest time without a look: that of the workers with their jitter."""

NAP = timedelta(hours=12)
"""The same while there are no pods, so that a month is soon over: fewer looks find less, not more."""

Json = dict[str, Any]
Edit = Callable[["Month"], None]


@dataclass
class Pod:
    """A pod as the cluster knows it. Some of it lies ahead."""

    name: str
    created: datetime
    bound: datetime
    ready: datetime
    grace: int
    requested: datetime | None = None
    gone: datetime | None = None
    resting: datetime | None = None
    prices: list[tuple[datetime, Decimal]] = field(default_factory=list)

    def seen(self, now: datetime) -> PodSeen:
        """What the API server shows of it."""
        is_bound, is_ready = self.bound <= now, self.ready <= now
        last = self.gone is not None and self.gone <= now and self.gone.second % 2 == 0
        grace = None if self.requested is None else 0 if last else self.grace
        deadline = self.gone if last else self.requested and self.requested + self.grace * SECOND
        return pod(
            name=self.name,
            uid=self.name,
            created=self.created,
            phase="Running" if is_bound else "Pending",
            node="a100-0" if is_bound else None,
            bound=self.bound if is_bound else None,
            ready=is_ready,
            started=is_ready,
            ready_since=self.ready if is_ready else None,
            deleting=self.requested is not None,
            deadline=deadline,
            grace_seconds=grace,
            resting=self.resting,
            pool="own",
            gpus=1,
        )

    def usd(self, begin: datetime, end: datetime) -> Decimal:
        """What it cost between two instants."""
        end = end if self.gone is None else min(end, self.gone)
        starts = [max(self.bound, begin), *(when for when, _ in self.prices[1:])]
        total = Decimal(0)
        for index, (_, price) in enumerate(self.prices):
            stop = min(end, starts[index + 1]) if index + 1 < len(starts) else end
            total += price * max(0, int((stop - max(starts[index], begin)).total_seconds())) / 3600
        return total


@dataclass
class Ears(Memory):
    """A memory that also keeps every announcement, said again or not."""

    said: list[Announcement] = field(default_factory=list)

    async def announce(self, event: Announcement) -> None:
        """Keep it."""
        self.said.append(event)
        await super().announce(event)


@dataclass(frozen=True)
class Look:
    """One look, and what it left.

    Attributes:
        now: when.
        caused: whether something happened, or time alone made it look.
        status: the status after it.
        wrote: whether it wrote a status.
        selects: whether the Service selects pods after it.
        replicas: what the Deployment asks for after it.
        spec: the spec at that time.
        price: US dollars per hour of one replica at that time.
        ready: how many pods were ready.
        resting: since when each of the pods rests that finish their last requests.
        by_hand: whether a person holds the fleet open or closed: ``open``, ``closed`` or nothing.
    """

    now: datetime
    caused: bool
    status: Json
    wrote: bool
    selects: bool
    replicas: int
    spec: Json
    price: Decimal
    ready: int
    resting: tuple[datetime, ...]
    by_hand: str


def decision(status: Json) -> Json:
    """What a status decides.

    Its sentences may say "stays at 1" where "starts with 1" was said a look ago, and what the money must pay
    for is another sum once the fleet has stopped.
    """
    conditions = [{**one, "message": ""} for one in status["conditions"] if one["type"] != "WithinBudget"]
    ledger = status.get("cost", {}).get("ledger")
    return {**status, "reasons": [], "conditions": conditions, "cost": ledger}


class Month:
    """The cluster and its operator.

    Attributes:
        cold: the shortest and the longest cold start, seconds.
        edits: what a person does, and when.
        downs: when the operator is down: from, until.
        work: when there is work for every pod: from, until.
    """

    def __init__(self, begin: datetime, spec: Json, price: Decimal, random: Random) -> None:
        """Begin with a new resource."""
        self.now, self.random, self.price = begin, random, price
        self.world = Ears(raw_llama(**spec), (self._pool(price),))
        self.pods: list[Pod] = []
        self.looks: list[Look] = []
        self.edits: list[tuple[datetime, Edit]] = []
        self.downs: list[tuple[datetime, datetime]] = []
        self.work: list[tuple[datetime, datetime]] = []
        self.held: dict[str, datetime] = {}
        self.cold = (60, 1200)
        self.drains = (10, 100_000)
        self.reconciler = self._operator()
        self.wake = begin
        self.shown = begin

    @property
    def raw(self) -> Json:
        """The resource."""
        assert self.world.resource_now is not None
        return self.world.resource_now

    @property
    def existing(self) -> list[Pod]:
        """The pods of which there is an object."""
        return [one for one in self.pods if one.gone is None or one.gone > self.now]

    def truth(self, begin: datetime, end: datetime) -> Decimal:
        """What all pods have cost between two instants."""
        return sum((one.usd(begin, end) for one in self.pods if one.bound < end), Decimal(0))

    def run(self, until: datetime) -> None:
        """Let time go by."""
        with asyncio.Runner() as runner:
            while self.now < until:
                self._step(runner)
                happenings = [*self._happenings(), self.wake, until]
                self.now = min(when for when in happenings if when > self.now)

    def edit(self, **spec: Any) -> None:
        """A person edits the spec."""
        self.raw["spec"] = {**self.raw["spec"], **spec}
        self.raw["metadata"]["generation"] += 1

    def annotate(self, what: str, until: datetime) -> None:
        """A person holds it open or closed until then."""
        self.raw["metadata"].setdefault("annotations", {})[f"llamafleet.io/{what}-until"] = f"{until:%FT%TZ}"
        self.held[what] = until

    @property
    def by_hand(self) -> str:
        """Whether a person holds it open or closed; closed beats open."""
        return next((what for what in ("closed", "open") if self.held.get(what, self.now) > self.now), "")

    def reprice(self, price: Decimal) -> None:
        """The price of the pool changes, and is seen at once."""
        self.price = price
        self.world.gpu_pools = (self._pool(price),)
        for one in self.existing:
            one.prices.append((self.now, price))

    def restart(self) -> None:
        """The operator forgets what it held in memory."""
        self.world.gone = ()
        self.reconciler = self._operator()

    def is_up(self, now: datetime) -> bool:
        """Whether the operator runs."""
        return not any(start <= now < end for start, end in self.downs)

    def is_busy(self, begin: datetime, end: datetime) -> bool:
        """Whether there was work at any time from begin until end."""
        return any(start <= end and begin < stop for start, stop in self.work)

    def _pool(self, price: Decimal) -> Json:
        return raw_pool("own", price={"onDemand": f"{price:f}"})

    def _operator(self) -> Reconciler:
        return Reconciler(self.world, lambda: self.now, "llamafleet-system", catalogue())

    def _happenings(self) -> list[datetime]:
        of_pods = (
            when for one in self.existing for when in (one.bound, one.ready, one.gone) if when is not None
        )
        return [
            *of_pods,
            *(when for when, _ in self.edits),
            *(when for span in self.downs for when in span),
        ]

    def _step(self, runner: asyncio.Runner) -> None:
        caused = self._happen()
        if not self.is_up(self.now):
            self.world.gone = ()
            self.wake = self.now + timedelta(days=1)
            return
        self._show()
        self._look(runner, caused=caused)
        if self._control():
            self._show()
            self._look(runner, caused=True)
            assert not self._control(), "the number of replicas swings"

    def _happen(self) -> bool:
        """Whether anything but time has brought this instant."""
        for when, edit in self.edits:
            if when == self.now:
                edit(self)
        if any(end == self.now for _, end in self.downs):
            self.restart()
        caused = self.now in self._happenings() or not self.looks
        for one in self.pods:
            if one.gone is not None and self.shown < one.gone <= self.now:
                caused = True
                heard = one.gone + (one.gone.second % 3 == 0) * SECOND
                self.world.gone = (*self.world.gone, Departed(one.seen(self.now), heard))
        self.shown = self.now
        return caused

    def _show(self) -> None:
        self.world.running = tuple(one.seen(self.now) for one in self.existing)
        running = int(self.is_busy(self.now - SECOND, self.now))
        self.world.readings = {one.name: Load(running, 0, 0, 0) for one in self.existing}
        deployment = self.world.objects.get("Deployment")
        if deployment:
            self.world.roll_out(*(one.seen(self.now) for one in self.existing if one.requested is None))
            self.world.running = tuple(one.seen(self.now) for one in self.existing)

    def _look(self, runner: asyncio.Runner, *, caused: bool) -> None:
        self.world.writes.clear()
        outcome = runner.run(self.reconciler.reconcile(KEY))
        assert outcome is not None
        self._keep_resting()
        look = Look(
            now=self.now,
            caused=caused,
            status=self.raw["status"],
            wrote="status" in self.world.writes,
            selects=CLOSED_LABEL not in self.world.objects["Service"]["spec"]["selector"],
            replicas=self.world.objects["Deployment"]["spec"]["replicas"],
            spec=self.raw["spec"],
            price=self.price,
            ready=sum(one.ready <= self.now for one in self.existing if one.requested is None),
            resting=tuple(one.resting for one in self.existing if one.resting and one.requested is None),
            by_hand=self.by_hand,
        )
        if self.random.random() < 0.1:
            self.world.writes.clear()
            again = runner.run(self.reconciler.reconcile(KEY))
            self._keep_resting()
            assert set(self.world.writes) <= {"status"}
            first, second = decision(look.status), decision(self.raw["status"])
            assert first == second, f"a second look at {self.now} decides something else"
            assert again is not None
            assert again.wake_seconds == outcome.wake_seconds
        self.looks.append(look)
        seconds = min(max(1.0, outcome.wake_seconds), 1e6)
        longest = RESYNC if self.existing or look.replicas else NAP
        self.wake = self.now + min(longest, timedelta(seconds=-(-seconds // 1)))

    def _keep_resting(self) -> None:
        """What the operator wrote on its pods stays there."""
        resting = {one.uid: one.resting for one in self.world.running}
        for one in self.existing:
            one.resting = resting.get(one.name)

    def _control(self) -> bool:
        """The Deployment controller and the kubelet do their part; whether there was anything to do."""
        wanted = self.world.objects["Deployment"]["spec"]["replicas"]
        active = [one for one in self.existing if one.requested is None]
        for _ in range(wanted - len(active)):
            self.pods.append(self._born())
        doomed = sorted(active, key=self._worth)
        for one in doomed[: max(0, len(active) - wanted)]:
            self.delete(one)
        return wanted != len(active)

    def _worth(self, one: Pod) -> tuple[bool, bool, float]:
        """Which pods a ReplicaSet deletes last: those that serve, and of these the oldest."""
        return one.ready <= self.now, one.resting is None, -one.created.timestamp()

    def _born(self) -> Pod:
        bound = self.now + self.random.randint(1, 15) * SECOND
        ready = bound + self.random.randint(*self.cold) * SECOND
        template = self.world.objects["Deployment"]["spec"]["template"]["spec"]
        grace = template["terminationGracePeriodSeconds"]
        name = f"llama-{len(self.pods)}"
        return Pod(name, self.now, bound, ready, grace, prices=[(self.now, self.price)])

    def delete(self, one: Pod) -> None:
        """Its deletion is asked for. Its hook ends a server that starts; a pod without node goes at once."""
        one.requested = self.now
        if one.bound > self.now:
            one.gone = one.bound = one.ready = self.now
        elif one.ready > self.now:
            one.gone = self.now + self.random.randint(1, 7) * SECOND
            one.ready = one.gone + timedelta(days=999)
        else:
            lower, upper = (min(bound, one.grace) for bound in self.drains)
            one.gone = self.now + self.random.randint(lower, upper) * SECOND
