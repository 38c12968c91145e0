"""Which requests meet which fault, by kind and by order."""

import threading
from dataclasses import dataclass
from typing import get_args

from faults.faults import Exchange, Fault, Passing, Streaming


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Which requests meet a fault. What is None matches everything.

    Attributes:
        fault: what happens to them.
        verbs: get, list, watch, apply, merge, create, update, delete.
        kind: the plural, with the subresource: ``deployments``, ``leases``, ``llamadeployments/status``.
        door: the name of a door.
        namespace: of the object.
        name: of the object.
        skip: how many matching requests go by unharmed first.
        times: how many are struck then.
    """

    fault: Fault
    verbs: str | tuple[str, ...] | None = None
    kind: str | None = None
    door: str | None = None
    namespace: str | None = None
    name: str | None = None
    skip: int = 0
    times: int | None = None

    def matches(self, exchange: Exchange) -> bool:
        """Whether a request is meant."""
        verbs = (self.verbs,) if isinstance(self.verbs, str) else self.verbs
        wanted = (self.kind, self.door, self.namespace, self.name)
        there = (exchange.kind, exchange.door, exchange.namespace, exchange.name)
        return (verbs is None or exchange.verb in verbs) and all(
            want in (None, found) for want, found in zip(wanted, there, strict=True)
        )


@dataclass(eq=False, slots=True)
class Handle:
    """A rule that is in force, and how often it met a request.

    Attributes:
        matched: how many requests it meant, those that were let go by included.
        struck: how many it struck.
    """

    rule: Rule
    matched: int = 0
    struck: int = 0

    def strikes(self, exchange: Exchange) -> bool:
        """Count a request, and say whether it is struck."""
        times = self.rule.times
        if (times is not None and self.struck >= times) or not self.rule.matches(exchange):
            return False
        self.matched += 1
        if self.matched <= self.rule.skip:
            return False
        self.struck += 1
        return True


class Rulebook:
    """The rules in force, in the order in which they came. Any thread may use it."""

    def __init__(self) -> None:
        """No rule yet."""
        self._handles: list[Handle] = []
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> Handle:
        """Put a rule into force."""
        handle = Handle(rule)
        with self._lock:
            self._handles.append(handle)
        return handle

    def remove(self, handle: Handle) -> None:
        """Take a rule out of force; one that is out already is no error."""
        with self._lock:
            self._handles = [known for known in self._handles if known is not handle]

    def clear(self) -> None:
        """Take every rule out of force."""
        with self._lock:
            self._handles = []

    def strike(self, exchange: Exchange, *, running: bool = False) -> list[Fault]:
        """The faults that a request meets: any number that it survives, then at most one that it does not.

        Args:
            exchange: the request.
            running: it is a watch that was opened well; only some faults concern it.
        """
        met: list[Fault] = []
        with self._lock:
            for handle in self._handles:
                fault = handle.rule.fault
                if running and not isinstance(fault, get_args(Streaming)):
                    continue
                if handle.strikes(exchange):
                    met.append(fault)
                    if not isinstance(fault, get_args(Passing)):
                        break
        exchange.faults += met
        return met
