"""From the options of a command to the cluster: opened, asked, closed. What goes wrong is one sentence."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from llamafleet.adapters.onlooker import Onlooker
from llamafleet.adapters.pages import UnknownKind
from llamafleet.adapters.place import Place, find_place
from llamafleet.adapters.transport import Transport
from llamafleet.api.observed import Key
from llamafleet.errors import Forbidden, LlamafleetError, Unavailable, Unreachable

T = TypeVar("T")

RIGHTS: Final = (
    "the rights that it takes are get, list and watch of llamadeployments.llamafleet.io, and list of"
    " gpupools.llamafleet.io and pods"
)


class NotThere(LlamafleetError):
    """The cluster has no such resource; the message says how to find those that it has."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where in a cluster to look.

    Attributes:
        context: what the kubeconfig calls the cluster and the user.
        home: the namespace that a name without one is in.
        namespace: the namespace to look at; None: all.
    """

    context: str
    home: str
    namespace: str | None

    def __str__(self) -> str:
        """In words, for messages."""
        place = "any namespace" if self.namespace is None else f"namespace {self.namespace}"
        return f"{place} of context {self.context}"


Asking = Callable[[Onlooker, Where], Awaitable[T]]


def ask(options: argparse.Namespace, question: Asking[T]) -> T:
    """What a question comes to, asked of the cluster that the options name.

    Raises:
        LlamafleetError: it cannot be answered; the message says what to do.
    """
    return asyncio.run(_ask(options, question))


async def _ask(options: argparse.Namespace, question: Asking[T]) -> T:
    place = await find_place(options.kubeconfig, options.context)
    home = options.namespace or place.namespace
    where = Where(place.context, home, None if options.all_namespaces else home)
    try:
        async with place.access.open_session() as session:
            return await question(Onlooker(Transport(session, place.access.server)), where)
    except Unavailable as error:
        raise Unavailable(_in_words(error, place, where)) from error


def _in_words(error: Unavailable, place: Place, where: Where) -> str:
    match error:
        case Forbidden():
            return f"{_last(error)}, in {where}; {RIGHTS}"
        case UnknownKind():
            return f"{error}, in context {place.context}: install llamafleet's kinds there first"
        case Unreachable():
            server = f"the API server {place.access.server} of context {place.context}"
            return f"{server} does not answer: {error}. Is it the right --context?"
        case _:
            return f"{error}, in {where}"


def _last(error: Unavailable) -> str:
    """The API server's own sentence, behind what was asked and the status."""
    _, found, sentence = str(error).partition(": HTTP ")
    return f"HTTP {sentence}" if found else str(error)


def chosen(found: Iterable[Mapping[str, Any]], names: Sequence[str], where: Where) -> list[Mapping[str, Any]]:
    """Those of these names, in their order, or all of them by namespace and name.

    Raises:
        NotThere: one is not among them.
    """
    there = {Key(raw["metadata"]["namespace"], raw["metadata"]["name"]): raw for raw in found}
    if not names:
        return [there[key] for key in sorted(there)]
    keys = {name: _key(name, where) for name in names}
    for name, key in keys.items():
        if key not in there:
            raise _not_there(name, f"{where}")
    return [there[key] for key in keys.values()]


def _key(name: str, where: Where) -> Key:
    namespace, _, own = name.rpartition("/")
    return Key(namespace or where.home, own)


def _not_there(name: str, place: str) -> NotThere:
    return NotThere(f"there is no LlamaDeployment {name} in {place}; status -A lists all that there are")


async def fetch(onlooker: Onlooker, where: Where, name: str) -> dict[str, Any]:
    """One LlamaDeployment, by ``NAME`` or ``NAMESPACE/NAME``.

    Raises:
        NotThere: there is none.
        Unavailable: the API server cannot be reached or refuses.
    """
    key = _key(name, where)
    found = await onlooker.llama(key)
    if found is None:
        raise _not_there(key.name, f"namespace {key.namespace} of context {where.context}")
    return found
