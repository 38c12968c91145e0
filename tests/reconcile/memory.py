"""A world in memory for the reconciler: a few dictionaries, and a list of what was written.

It is no Kubernetes: it defaults nothing, validates nothing and counts no versions. How the real API
server answers is tested against the real one.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from llamafleet.adapters.projection import project_child, project_deployment
from llamafleet.api.observed import Announcement, ChildSeen, Departed, Key, Load, PodSeen, WakerSeen
from llamafleet.errors import LlamafleetError, Stale


@dataclass
class Memory:
    """What there is, what is refused, and what was written.

    Attributes:
        resource_now: the LlamaDeployment, or None when it is gone.
        gpu_pools: every GpuPool.
        objects: the children, by kind.
        running: the pods that exist.
        gone: the pods that were removed and not settled yet.
        readings: what pods say of their work, by uid; a pod without one gives no reading.
        spot_nodes: whether each known node is a spot node; a node that is missing is gone.
        logs: the end of a container's log, by pod name; a pod without one has an unreadable log.
        wakers: where requests may go while no replica is ready.
        requests_held: how many the wakers hold; None: that is not known.
        refused: the error for each kind of child that must not be written, for ``status``, ``Pod``, ``Event``
            and ``account``.
        writes: what was written, in words.
        accounts_left: the accounts of deleted resources that are not written yet.
        accounts_kept: those that are.
        announced: every Event, in order; a name that exists already is one Event, as in a cluster.
    """

    resource_now: dict[str, Any] | None
    gpu_pools: tuple[dict[str, Any], ...] = ()
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    running: tuple[PodSeen, ...] = ()
    gone: tuple[Departed, ...] = ()
    readings: dict[str, Load] = field(default_factory=dict)
    spot_nodes: dict[str, bool] = field(default_factory=dict)
    logs: dict[str, str | LlamafleetError] = field(default_factory=dict)
    wakers: WakerSeen | None = None
    requests_held: int | None = None
    refused: dict[str, LlamafleetError] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    accounts_left: dict[Key, dict[str, Any]] = field(default_factory=dict)
    accounts_kept: dict[Key, dict[str, Any]] = field(default_factory=dict)
    announced: list[Announcement] = field(default_factory=list)

    async def resource(self, key: Key) -> dict[str, Any] | None:
        del key
        return copy.deepcopy(self.resource_now)

    async def pools(self) -> tuple[dict[str, Any], ...]:
        return self.gpu_pools

    def children(self, key: Key) -> dict[str, ChildSeen]:
        del key
        return {
            kind: project_deployment(raw) if kind == "Deployment" else project_child(raw)
            for kind, raw in self.objects.items()
        }

    def pods(self, key: Key) -> tuple[PodSeen, ...]:
        del key
        return self.running

    def departed(self, key: Key) -> tuple[Departed, ...]:
        del key
        return self.gone

    def pods_version(self, key: Key) -> int | None:
        del key
        return None

    def settled(self, key: Key, uids: Iterable[str]) -> None:
        del key
        past = set(uids)
        self.gone = tuple(one for one in self.gone if one.pod.uid not in past)

    async def loads(self, namespace: str, pods: Iterable[PodSeen]) -> Mapping[str, Load]:
        del namespace
        return {pod.uid: self.readings[pod.uid] for pod in pods if pod.ready and pod.uid in self.readings}

    def waker(self, key: Key) -> WakerSeen | None:
        del key
        return self.wakers

    def held(self, key: Key) -> int | None:
        del key
        return self.requests_held

    async def mark(self, namespace: str, pod: PodSeen, cost: int) -> None:
        del namespace
        self._write("Pod", f"mark {pod.name} {cost}")
        self.running = tuple(
            replace(one, deletion_cost=cost) if one.uid == pod.uid else one for one in self.running
        )

    async def rest(self, namespace: str, pod: PodSeen, since: datetime | None) -> None:
        del namespace
        self._write("Pod", f"rest {pod.name}" if since else f"serve {pod.name}")
        self.running = tuple(
            replace(one, resting=since) if one.uid == pod.uid else one for one in self.running
        )

    async def is_spot(self, node: str) -> bool | None:
        return self.spot_nodes.get(node)

    async def log_of(self, namespace: str, pod: PodSeen) -> str:
        del namespace
        log = self.logs[pod.name]
        if isinstance(log, LlamafleetError):
            raise log
        return log

    async def create_child(self, intent: Mapping[str, Any]) -> None:
        self._store("create", intent)

    async def update_child(self, intent: Mapping[str, Any], seen: ChildSeen) -> None:
        assert seen.uid == f"uid-of-{intent['kind']}"
        self._store("update", intent)

    def left(self, key: Key) -> dict[str, Any] | None:
        return self.accounts_left.get(key)

    async def carried_over(self, key: Key) -> dict[str, Any] | None:
        return self.accounts_left.get(key) or self.accounts_kept.get(key)

    async def carry_over(self, key: Key, ledger: Mapping[str, Any]) -> None:
        self._write("account", "account")
        self.accounts_kept[key] = dict(ledger)
        self.accounts_left.pop(key, None)

    def forget(self, key: Key) -> None:
        self.accounts_left.pop(key, None)

    async def announce(self, event: Announcement) -> None:
        if "Event" in self.refused:
            raise self.refused["Event"]
        known = {(one.uid, one.reason, one.again) for one in self.announced}
        if (event.uid, event.reason, event.again) not in known:
            self.announced.append(event)

    async def apply_status(
        self, key: Key, uid: str, status: Mapping[str, Any], version: str, reason: str
    ) -> None:
        assert self.resource_now is not None
        metadata = self.resource_now["metadata"]
        assert (key, uid) == (Key(metadata["namespace"], metadata["name"]), metadata["uid"])
        if version != metadata.get("resourceVersion", ""):
            message = "the resource changed"
            raise Stale(message)
        self._write("status", reason)
        self.resource_now["status"] = orjson.loads(orjson.dumps(status))

    def _store(self, verb: str, intent: Mapping[str, Any]) -> None:
        kind = intent["kind"]
        self._write(kind, f"{verb} {kind}")
        stored = orjson.loads(orjson.dumps(intent))
        before = self.objects.get(kind, {"metadata": {}, "status": {}})
        generation = before["metadata"].get("generation", 0) + 1
        stored["metadata"] |= {"uid": f"uid-of-{kind}", "resourceVersion": "1", "generation": generation}
        self.objects[kind] = {**stored, "status": before.get("status", {})}

    def roll_out(self, *running: PodSeen) -> None:
        """The Deployment controller has done its part: these pods run the present template."""
        self.running = running
        deployment = self.objects["Deployment"]
        deployment["status"] = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": len(running),
            "updatedReplicas": len(running),
            "readyReplicas": sum(pod.ready for pod in running),
        }

    def _write(self, what: str, words: str) -> None:
        if what in self.refused:
            raise self.refused[what]
        self.writes.append(words)
