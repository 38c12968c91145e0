"""A fleet with hours and money in its world in memory: pods that live, looks that fail, and what was told."""

import asyncio
import dataclasses
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from builders import pod, raw_llama
from llamafleet.api.observed import Announcement, Departed, Load, PodSeen
from llamafleet.catalogue import catalogue
from llamafleet.errors import LlamafleetError
from llamafleet.reconcile.reconciler import Reconciler
from reconcile.memory import Memory
from reconcile.test_reconciler import KEY, Fleet

NIGHTLY = {
    "timeZone": "Europe/Berlin",
    "windows": [{"name": "nightly", "start": "0 1 * * *", "duration": "4h"}],
}
"""Open from midnight to four, UTC, in November."""

BUSY, IDLE = Load(1, 2, 100, 10), Load(0, 0, 100, 10)
GRACE = 320
"""Of a pod with the default drainTimeout."""


def utc(text: str) -> datetime:
    """An instant from ``2026-11-21 06:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class World(Memory):
    """The world in memory, parts of which can fail."""

    broken: dict[str, LlamafleetError]

    def _fail(self, what: str) -> None:
        if what in getattr(self, "broken", {}):
            raise self.broken[what]

    async def is_spot(self, node: str) -> bool | None:
        self._fail("is_spot")
        return await super().is_spot(node)

    async def announce(self, event: Announcement) -> None:
        self.attempts = [*getattr(self, "attempts", []), event.reason]
        await super().announce(event)

    def replace(self, *pods: PodSeen) -> None:
        """These pods in the place of those of the same name."""
        news = {one.name: one for one in pods}
        self.running = tuple(news.get(one.name, one) for one in self.running)


class Night(Fleet):
    """One resource, its pods, and a clock."""

    world: World

    def __init__(self, now: str, spec: Mapping[str, Any], **world: Any) -> None:
        """A resource of that spec at that instant."""
        super().__init__(None)
        self.world = World(raw_llama(**spec), **world)
        self.now = utc(now)
        self.wake: datetime | None = None
        self.restart()

    def restart(self) -> None:
        """A new process begins with what the cluster holds."""
        self._reconciler = Reconciler(self.world, self._clock, "llamafleet-system", catalogue())

    def look(self, now: str | None = None) -> "Night":
        """One reconcile, at another instant where one is given."""
        self.now = utc(now) if now else self.now
        outcome = asyncio.run(self._reconciler.reconcile(KEY))
        assert outcome is not None
        seconds = outcome.wake_seconds
        self.wake = None if seconds == float("inf") else self.now + timedelta(seconds=seconds)
        return self

    def edit(self, **fields: Any) -> None:
        """The author changes the spec; None takes a field away."""
        self.raw["spec"] = {
            key: value for key, value in {**self.raw["spec"], **fields}.items() if value is not None
        }
        self.raw["metadata"]["generation"] += 1

    def annotate(self, **instants: str) -> None:
        """What a person asks for at once."""
        found = {f"llamafleet.io/{name.replace('_', '-')}": value for name, value in instants.items()}
        self.raw["metadata"]["annotations"] = found

    def starts(self, *names: str, **changes: Any) -> None:
        """Pods are bound now."""
        usual = {"created": self.now, "bound": self.now, "pool": "a100-80gb", "gpus": 1, **changes}
        born = tuple(pod(**{**usual, "name": name, "uid": f"uid-{name}"}) for name in names)
        self.world.running = (*self.world.running, *born)

    def change(self, name: str, **changes: Any) -> PodSeen:
        """Something is new about a pod."""
        (one,) = (each for each in self.world.running if each.name == name)
        changed = dataclasses.replace(one, **changes)
        self.world.replace(changed)
        return changed

    def ready(self, *names: str, load: Load | None = BUSY) -> None:
        """Pods answer, and say what they have to do where a load is given."""
        for name in names:
            self.change(name, ready=True, ready_since=self.now, started=True)
            self.say(load, name)

    def say(self, load: Load | None, *names: str) -> None:
        """What pods say of their work from now on."""
        for name in names:
            self.world.readings.pop(f"uid-{name}", None)
            if load is not None:
                self.world.readings[f"uid-{name}"] = load

    def delete(self, *names: str, grace: int = GRACE) -> None:
        """The deletion of pods is asked for now."""
        end = self.now + timedelta(seconds=grace)
        for name in names:
            self.change(name, deleting=True, deadline=end, grace_seconds=grace, ready=False)

    def remove(self, *names: str) -> None:
        """Pods are gone now, and the watch has told us."""
        gone = tuple(Departed(one, self.now) for one in self.world.running if one.name in names)
        self.world.running = tuple(one for one in self.world.running if one.name not in names)
        self.world.gone = (*self.world.gone, *gone)

    @property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.raw["status"]
        return found

    @property
    def cost(self) -> dict[str, Any]:
        found: dict[str, Any] = self.status["cost"]
        return found

    @property
    def replicas(self) -> int:
        """What the Deployment is told."""
        found: int = self.world.objects["Deployment"]["spec"]["replicas"]
        return found

    @property
    def is_open(self) -> bool:
        """Whether the Service leads to the pods."""
        return "llamafleet.io/closed" not in self.world.objects["Service"]["spec"]["selector"]

    def told(self, prefix: str = "") -> list[str]:
        """The reasons of the Events so far."""
        return [event.reason for event in self.world.announced if event.reason.startswith(prefix)]

    def conditions(self) -> dict[str, tuple[str, str]]:
        """Status and reason by type."""
        return {item["type"]: (item["status"], item["reason"]) for item in self.status["conditions"]}


def nightly(now: str = "2026-11-20 12:00", /, **spec: Any) -> Night:
    """A fleet of one that is open at night."""
    schedule = {**NIGHTLY, **spec.pop("schedule", {})}
    return Night(now, {"replicas": 1, **spec, "schedule": schedule})


def writes(night: Night, instants: Iterable[datetime]) -> list[datetime]:
    """The instants at which a look wrote anything."""
    found = []
    for instant in instants:
        night.world.writes.clear()
        night.now = instant
        night.look()
        if night.world.writes:
            found.append(instant)
    return found
