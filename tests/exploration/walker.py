"""One walk on the real cluster: each step is applied, waited for and held against the oracles."""

import time
from dataclasses import replace
from typing import Any, Final

from exploration.author import Answer, applied
from exploration.interesting import OWN_POOLS
from exploration.mending import Json
from exploration.oracles import View, came_back, comparable, keeps_its_shape, problems
from exploration.place import Fault, Place
from exploration.quiet import quiet
from exploration.rendering import plain
from exploration.resources import gpu_pool, llama
from exploration.walks import Step, Walk
from llamafleet.adapters.kinds import GPU_POOL, LLAMA_DEPLOYMENT
from llamafleet.api.observed import Key

GONE_SECONDS: Final = 120.0
"""The garbage collector looks for new kinds every 30 s, and deletes 20 objects a second."""


ENDED: Final = ("Succeeded", "Failed")


class Walker:
    """One walk in one place."""

    def __init__(self, walk: Walk, place: Place) -> None:
        """Nothing is done yet."""
        self._walk = walk
        self._place = place
        self._key = Key(place.namespace, walk.name)
        self._own = {name: f"{place.namespace}-{name}" for name in OWN_POOLS}
        self._first: View | None = None

    async def go(self) -> None:
        """Walk it, and leave nothing behind.

        Raises:
            Fault: a step went wrong; the text says which and how.
        """
        try:
            for number, step in enumerate(self._walk.steps):
                try:
                    await self._take(step)
                except Fault as fault:
                    message = f"step {number} ({step.do}{', A' if step.is_a else ''}): {fault}"
                    raise Fault(message) from None
            await quiet(self._place, self._key)
        finally:
            await self._leave()

    async def _take(self, step: Step) -> None:
        if step.do == "pool":
            await self._pool(step)
        elif step.do == "refused":
            await self._mistake(step)
        else:
            await self._apply(step)

    async def _apply(self, step: Step) -> None:
        before, started, pools = self._view(), time.monotonic(), self._pool_versions()
        answer = await self._write(step)
        if not answer.taken:
            message = f"the API server refuses what a laptop takes: {answer.message}"
            raise Fault(message)
        view = await self._converged(before, answer.body["metadata"])
        self._place.record.seconds.append(time.monotonic() - started)
        self._place.record.unplanned += view.condition("Sized").get("status") != "True"
        if step.is_a:
            is_chance = self._first is None and pools != self._pool_versions()
            if is_chance or (self._first is not None and keeps_its_shape(self._first, view)):
                view = await self._slept(step)
            self._compare(view)

    async def _slept(self, step: Step) -> View:
        """A after a sleep: a fleet that does not run is free to take the cheapest shape again.

        It takes the cheapest there is when it wakes. Where other lanes changed pools meanwhile, once more.
        """
        while True:
            pools = self._pool_versions()
            view = await self._slept_once(step)
            if pools == self._pool_versions():
                return view

    def _pool_versions(self) -> set[str]:
        return {pool["metadata"]["resourceVersion"] for pool in self._place.mirror.pools()}

    async def _slept_once(self, step: Step) -> View:
        self._place.record.slept += 1
        for spec in ({**(step.spec or {}), "suspend": True}, step.spec):
            before = self._view()
            answer = await self._write(replace(step, spec=spec))
            view = await self._converged(before, answer.body["metadata"])
        return view

    def _compare(self, view: View) -> None:
        first = self._first = self._first or view
        if first is view:
            return
        if not comparable(first, view):
            self._place.record.not_compared += 1
            return
        self._place.record.returns += 1
        if different := came_back(first, view):
            message = f"back at A it is not what it was: {'; '.join(different)}"
            raise Fault(message)

    async def _mistake(self, step: Step) -> None:
        """A mistake is refused by name, and nothing changes."""
        before = self._view()
        answer = await self._write(step)
        if answer.taken:
            message = f"the mistake in {step.name} is taken"
            raise Fault(message)
        if step.name not in answer.message:
            message = f"the refusal does not name {step.name}: {answer.message}"
            raise Fault(message)
        self._place.record.refused += 1
        after = self._view()
        if before and after and before.relevant == after.relevant and _spec(before) != _spec(after):
            message = "the spec changed with a mistake that was refused"
            raise Fault(message)

    async def _pool(self, step: Step) -> None:
        """A pool of its own is made, edited or deleted; then the fleet follows."""
        before, name = self._view(), self._own[step.name]
        if step.spec is None:
            await self._place.author.delete(GPU_POOL, None, name)
        else:
            answer = await applied(self._place.author, GPU_POOL, gpu_pool(name, step.spec))
            if not answer.taken:
                message = f"the API server refuses the pool that a laptop takes: {answer.message}"
                raise Fault(message)
        if before is not None:
            await self._converged(before, before.raw["metadata"])

    async def _write(self, step: Step) -> Answer:
        raw = llama(self._named(step.spec))
        raw["metadata"] = {"name": self._key.name, "namespace": self._key.namespace}
        return await applied(self._place.author, LLAMA_DEPLOYMENT, raw)

    def _named(self, spec: Any) -> Any:
        """The spec with the names of its own pools as they are in this place."""
        pools = (
            spec.get("gpu", {}).get("pools")
            if isinstance(spec, dict) and isinstance(spec.get("gpu"), dict)
            else None
        )
        if not isinstance(pools, list):
            return spec
        named = [self._own.get(name, name) if isinstance(name, str) else name for name in pools]
        return {**spec, "gpu": {**spec["gpu"], "pools": named}}

    def _view(self) -> View | None:
        raw, mirror = self._place.mirror.resource(self._key), self._place.mirror
        if raw is None:
            return None
        return View(
            raw, mirror.children(self._key), [*filter(_stays, mirror.pods(self._key))], mirror.pools()
        )

    async def _converged(self, before: View | None, written: Json) -> View:
        """Wait until the oracles have nothing to say, of this object at this generation or later."""
        until = time.monotonic() + self._place.deadline
        found = ["the resource is not there"]
        while (left := until - time.monotonic()) > 0:
            view = self._view()
            is_this = view is not None and view.raw["metadata"]["uid"] == written["uid"]
            if view is not None and is_this and view.raw["metadata"]["generation"] >= written["generation"]:
                found = problems(view, before)
                if not found:
                    return view
            await self._place.mirror.woken(self._key, left)
        message = f"not converged after {self._place.deadline:g} s: {'; '.join(found)}"
        raise Fault(message)

    async def _leave(self) -> None:
        """Delete it with its pools, and wait until there is no orphan."""
        await self._place.author.delete(LLAMA_DEPLOYMENT, *self._key)
        for name in self._walk.pools:
            await self._place.author.delete(GPU_POOL, None, self._own[name])
        until = time.monotonic() + GONE_SECONDS
        while orphans := self._place.mirror.left(self._key):
            if time.monotonic() > until:
                message = f"orphans {GONE_SECONDS:g} s after the resource was deleted: {', '.join(orphans)}"
                raise Fault(message)
            await self._place.mirror.woken(self._key, 1.0)


def _stays(pod: Json) -> bool:
    """Whether a pod is neither on its way out nor ended."""
    return "deletionTimestamp" not in pod["metadata"] and pod.get("status", {}).get("phase") not in ENDED


def _spec(view: View) -> object:
    return view.raw["spec"], plain(dict(view.children), counts=False)
