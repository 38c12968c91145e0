"""The stage of a story: a resource, people who do something at given instants, and operators that die."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from builders import NOW, raw_llama, raw_pool
from llamafleet.api.observed import Key
from llamafleet.catalogue import catalogue
from llamafleet.reconcile.reconciler import Reconciler
from reconcile.controllers import SECOND, Controllers, Json
from reconcile.mortal import Crash, Killed, Mortal

KEY = Key("team-a", "llama")
AWAY = 3 * SECOND
"""From the end of one operator to the first look of the next."""

RESYNC = timedelta(seconds=600)
MOST_LOOKS = 50
"""At one instant: more means that operator and controllers keep each other busy."""


@dataclass(frozen=True)
class Deed:
    """What a person does, and so many seconds after the beginning."""

    at: int
    do: Callable[["Stage"], None]


class Stage:
    """One resource from its creation to the end of the story.

    Attributes:
        world: the cluster.
        controllers: what goes on in it by itself.
        deaths: how often an operator died.
    """

    def __init__(
        self, script: Sequence[Deed], crashes: Sequence[Crash] = (), *, standby: bool = False
    ) -> None:
        """Prepare the first instant.

        Args:
            script: what people do.
            crashes: how the operators end.
            standby: whether another operator sees the cluster all the time and takes over; without, the next
                one is new and sees only what is there.
        """
        self.world = Mortal(
            None, gpu_pools=(raw_pool("own", price={"onDemand": "3600"}),), crashes=[*crashes]
        )
        self.controllers = Controllers(self.world, lambda: self.now >= self._back or self._standby)
        self.deaths, self.born = 0, 0
        self.wake = NOW
        self._script, self._standby = list(script), standby
        self._restart()

    @property
    def now(self) -> datetime:
        """The present instant, UTC."""
        return self.controllers.now

    @property
    def raw(self) -> Json:
        """The resource."""
        assert self.world.resource_now is not None
        return self.world.resource_now

    def create(self, **spec: Any) -> None:
        """A person creates the resource."""
        self.born += 1
        raw = raw_llama(**spec)
        raw["metadata"]["uid"] = f"00000000-0000-4000-8000-{self.born:012}"
        self.world.resource_now = raw

    def edit(self, **spec: Any) -> None:
        """A person edits the spec; None takes a field away."""
        merged = {**self.raw["spec"], **spec}
        self.raw["spec"] = {name: value for name, value in merged.items() if value is not None}
        self.raw["metadata"]["generation"] += 1

    def delete(self) -> None:
        """A person deletes the resource, and the operator that is there hears of it."""
        ledger = self.raw.get("status", {}).get("cost", {}).get("ledger")
        if ledger is not None:
            self.world.accounts_left[KEY] = ledger
        self.world.resource_now = None
        self.controllers.lose_owner()

    def run(self, seconds: int) -> "Stage":
        """Let so much time go by."""
        end = NOW + seconds * SECOND
        with asyncio.Runner() as runner:
            while self.now < end:
                self._step(runner)
                ahead = [*self._happenings(), self.wake, end]
                self.controllers.now = min(when for when in ahead if when > self.now)
        return self

    def _happenings(self) -> list[datetime]:
        return [*self.controllers.happenings(), *(NOW + deed.at * SECOND for deed in self._script)]

    def _step(self, runner: asyncio.Runner) -> None:
        caused = self.now in self._happenings()
        for deed in self._script:
            if NOW + deed.at * SECOND == self.now:
                deed.do(self)
        self.controllers.sweep()
        self.controllers.kubelet()
        if self.now < self._back:
            self.wake = self._back
            self.controllers.control()
            return
        if caused or self.now >= self.wake:
            self._look(runner)
        for _ in range(MOST_LOOKS):
            if self.now < self._back or not self.controllers.control():
                return
            self._look(runner)
        message = f"{self.now}: operator and controllers keep each other busy"
        raise AssertionError(message)

    def _restart(self) -> None:
        self._reconciler = Reconciler(self.world, lambda: self.now, "llamafleet-system", catalogue())
        self._back = self.now

    def _die(self) -> None:
        """The next operator begins with what the cluster holds; a standby has heard everything, too."""
        self.deaths += 1
        self.world.crashes.pop(0)
        self.world.written = 0
        if not self._standby:
            self.world.gone = ()
            self.world.accounts_left.clear()
        self._restart()
        self._back = self.now + AWAY
        self.wake = self._back

    def _look(self, runner: asyncio.Runner) -> None:
        self.world.readings = {one.uid: self.controllers.load(one) for one in self.world.running}
        try:
            outcome = runner.run(self._reconciler.reconcile(KEY))
        except Killed:
            self._die()
            return
        seconds = RESYNC.total_seconds() if outcome is None else outcome.wake_seconds
        self.wake = self.now + min(RESYNC, timedelta(seconds=-(-max(1.0, min(seconds, 1e6)) // 1)))
