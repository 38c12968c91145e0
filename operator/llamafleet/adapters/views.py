"""One kind in some namespaces, or in all of them: as many informers as that takes, and one view of them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

from llamafleet.adapters.informer import Informer
from llamafleet.adapters.table import T
from llamafleet.api.observed import Key


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an operator is, and where it works.

    Attributes:
        home: the namespace that the operator itself runs in.
        namespaces: the only ones that it looks at and writes to; empty: all.
    """

    home: str
    namespaces: tuple[str, ...] = ()


class View(Generic[T]):
    """The objects of one kind, wherever the operator works.

    A namespace that does not exist, or that we have no rights in yet, holds up no other: the API server has
    refused us there, which is an answer. Nothing may be decided in it: see :meth:`shows`.

    Args:
        make: makes the informer of a namespace; of all for None.
        namespaces: the namespaces to look at; empty: all.
    """

    def __init__(self, make: Callable[[str | None], Informer[T]], namespaces: tuple[str, ...] = ()) -> None:
        """Build the informers; :meth:`run` starts them."""
        self._is_confined = bool(namespaces)
        self._informers: dict[str | None, Informer[T]] = {one: make(one) for one in namespaces or (None,)}

    async def run(self) -> None:
        """Keep all of them warm for ever."""
        async with asyncio.TaskGroup() as group:
            for namespace, informer in self._informers.items():
                where = namespace or "all namespaces"
                group.create_task(informer.run(), name=f"informer of {informer.kind.plural} in {where}")

    async def synced(self) -> None:
        """Wait until each was filled, or refused where we are confined to a few namespaces."""
        for informer in self._informers.values():
            await (informer.met if self._is_confined else informer.synced).wait()

    def shows(self, namespace: str) -> bool:
        """Whether everything in a namespace was seen once."""
        informer = self._of(namespace)
        return informer is not None and informer.synced.is_set()

    def of(self, owner: Key) -> Mapping[str, T]:
        """The known objects of one LlamaDeployment, by name."""
        informer = self._of(owner.namespace)
        return {} if informer is None else informer.of(owner)

    def version(self, namespace: str) -> int:
        """The resource version up to which everything in a namespace is known; 0: nothing is."""
        informer = self._of(namespace)
        return 0 if informer is None else informer.version

    def owners(self) -> tuple[Key, ...]:
        """Every LlamaDeployment of which an object is known."""
        return tuple(owner for informer in self._informers.values() for owner in informer.owners())

    def absorb(self, raw: dict[str, Any]) -> None:
        """Take in an object that a write of ours returned."""
        informer = self._of(raw["metadata"]["namespace"])
        if informer is not None:
            informer.absorb(raw)

    @property
    def heard_at(self) -> float:
        """The monotonic instant of the last word by which all is up to date; a refusal is a word."""
        return min(
            one.answered_at if self._is_confined and one.refused else one.heard_at
            for one in self._informers.values()
        )

    @property
    def answered_at(self) -> float:
        """The monotonic instant of the last answer to each, refusals included."""
        return min(informer.answered_at for informer in self._informers.values())

    def _of(self, namespace: str) -> Informer[T] | None:
        return self._informers.get(namespace if self._is_confined else None)
