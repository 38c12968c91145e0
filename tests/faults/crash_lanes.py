"""Fleets that live through stories side by side, each until one of the operator's writes for it is held.

One kill then serves all of them: the operator is not alive any more when the first answer would come. What is
held is either not passed on, or done by the API server and never answered.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from faults.faults import Exchange, HalfOpen
from faults.story import OWN, WORK, Chapter, Story
from faults.story_seen import NAME, Json, Seen
from llamafleet.api.observed import Key
from llamas import pool

Side = Literal["before", "after"]


class Point(NamedTuple):
    """Where an operator dies.

    Attributes:
        write: at which of its writes for this fleet, from 1.
        side: before the write goes on, or after the API server has done it.
    """

    write: int
    side: Side


@dataclass(eq=False)
class Lane:
    """One fleet in a namespace of its own.

    Attributes:
        story: what happens to it.
        point: where the operator dies; None: it does not.
        namespace: where the fleet is.
        begins: whether the second part may begin.
        armed: whether writes count.
        writes: the writes for it since then, in words.
        reached: whether the operator is held at its point.
        held: the number of the request at its point.
        held_at: since when it is held, monotonic.
        missed: whether the operator died for another fleet before it came to this point.
        refused: whether the API server did not take the write at its point.
        addresses: of its pods when there were most of them, in the order of their names.
    """

    story: Story
    point: Point | None
    namespace: str
    begins: bool = False
    armed: bool = False
    writes: list[str] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)
    chapter: int = 0
    begun: float = 0.0
    held: int = 0
    held_at: float = 0.0
    missed: bool = False
    refused: bool = False
    addresses: list[str] = field(default_factory=list)

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        return (*self.story.before, *self.story.then)

    @property
    def waits(self) -> bool:
        """Whether all that comes before is done, and the rest shall not begin yet."""
        return not self.begins and self.chapter == len(self.story.before)

    @property
    def ended(self) -> bool:
        """Whether every chapter is done."""
        return self.chapter >= len(self.chapters)

    def concerns(self, exchange: Exchange) -> bool:
        """Whether a request is a write for this fleet."""
        is_account = exchange.kind == "configmaps" and f'"{self.namespace}.{NAME}"'.encode() in exchange.body
        return exchange.writes and (exchange.namespace == self.namespace or is_account)

    def before(self, exchange: Exchange) -> HalfOpen | None:
        """A write is on its way: whether it is held."""
        if not self.armed or self.reached.is_set():
            return None
        self.writes.append(f"{exchange.verb} {exchange.kind}")
        if self.point is None or len(self.writes) != self.point.write:
            return None
        self.held = exchange.number
        if self.point.side == "after":
            return None
        return self._hold()

    def after(self, exchange: Exchange) -> HalfOpen | None:
        """A write was done: whether its answer is held."""
        if exchange.number != self.held or self.reached.is_set():
            return None
        self.refused = not exchange.landed
        return self._hold()

    def _hold(self) -> HalfOpen:
        self.held_at = time.monotonic()
        self.reached.set()
        return HalfOpen()

    def is_done(self, seen: Seen) -> bool:
        """Whether what is seen fulfils the present chapter."""
        return not (self.waits or self.ended) and self.chapters[self.chapter].done(seen)

    def objects(self) -> Iterator[Json]:
        """What its author applies for the present chapter, which begins now."""
        self.begun = time.monotonic()
        chapter = self.chapters[self.chapter]
        if chapter.pool is not None:
            yield pool(self.own_pool, chapter.pool)
        wish = chapter.wish()
        if wish is not None:
            wish["gpu"] = {"pools": [self.own_pool if one == OWN else one for one in wish["gpu"]["pools"]]}
            head = {"apiVersion": "llamafleet.io/v1alpha1", "kind": "LlamaDeployment"}
            metadata = {"name": NAME, "namespace": self.namespace}
            yield {**head, "metadata": metadata, "spec": {"model": {"variant": "llama-3.1-8b"}, **wish}}

    @property
    def deletes(self) -> bool:
        """Whether its author deletes it in the present chapter."""
        return self.chapters[self.chapter].wish() is None

    @property
    def key(self) -> Key:
        """Of the fleet."""
        return Key(self.namespace, NAME)

    @property
    def own_pool(self) -> str:
        """The name of the pool that nobody else uses."""
        return f"own-{self.namespace}"

    def loads(self, seen: Seen) -> Mapping[str, int]:
        """How many requests each of its pods has, by address: the busiest stays so, others end theirs."""
        busy = self.chapters[min(self.chapter, len(self.chapters) - 1)].busy
        is_over = self.begins and time.monotonic() > self.begun + WORK.total_seconds()
        most = max(busy, default=0)
        addresses = [pod.get("status", {}).get("podIP", "") for pod in seen.pods]
        if all(addresses) and len(addresses) > len(self.addresses):
            self.addresses = addresses
        return {
            address: count if count == most or not is_over else 0
            for address, count in zip(self.addresses, busy, strict=False)
        }
