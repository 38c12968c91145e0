"""A world in memory for the reconciler: a few dictionaries, and a list of what was written.

It is no Kubernetes: it defaults nothing, validates nothing and knows no versions. How the real API
server answers is tested against the real one.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from llamafleet.adapters.projection import project_child
from llamafleet.api.observed import ChildSeen, Key, PodSeen
from llamafleet.errors import LlamafleetError


@dataclass
class Memory:
    """What there is, what is refused, and what was written.

    Attributes:
        resource_now: the LlamaDeployment, or None when it is gone.
        gpu_pools: every GpuPool.
        objects: the children, by kind.
        running: the pods.
        logs: the end of a container's log, by pod name; a pod without one has an unreadable log.
        refused: the error for each kind of child that must not be written, and for ``status``.
        writes: what was written, in words.
    """

    resource_now: dict[str, Any] | None
    gpu_pools: tuple[dict[str, Any], ...] = ()
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    running: tuple[PodSeen, ...] = ()
    logs: dict[str, str | LlamafleetError] = field(default_factory=dict)
    refused: dict[str, LlamafleetError] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)

    async def resource(self, key: Key) -> dict[str, Any] | None:
        del key
        return copy.deepcopy(self.resource_now)

    async def pools(self) -> tuple[dict[str, Any], ...]:
        return self.gpu_pools

    def children(self, key: Key) -> dict[str, ChildSeen]:
        del key
        return {kind: project_child(raw) for kind, raw in self.objects.items()}

    def pods(self, key: Key) -> tuple[PodSeen, ...]:
        del key
        return self.running

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

    async def apply_status(self, key: Key, uid: str, status: Mapping[str, Any]) -> None:
        assert self.resource_now is not None
        metadata = self.resource_now["metadata"]
        assert (key, uid) == (Key(metadata["namespace"], metadata["name"]), metadata["uid"])
        self._write("status", "status")
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
