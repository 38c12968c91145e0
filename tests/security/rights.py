"""The rights that we ship, and how they compare with those that were used."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from builders import ROOT
from fleet_operator import NAMESPACE
from testbed.audit import Use

OPERATOR: Final = "llamafleet"
WAKER: Final = "llamafleet-waker"
FILES: Final[Mapping[str, Path]] = {
    OPERATOR: ROOT / "manifests" / "operator" / "rbac.yaml",
    WAKER: ROOT / "manifests" / "waker" / "rbac.yaml",
}

SHARDS: Final[Mapping[str, str]] = {f"{OPERATOR}-b": "-b", f"{WAKER}-b": "-b"}
"""Accounts of a second installation beside the first, with what is added to the names of its own objects."""

EVERYBODYS: Final = (
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
)
"""In these groups every account may ask who it is and what it may do, whatever we ship."""


class Right(NamedTuple):
    """One verb on one resource; on one object alone, or on all of them (``*``)."""

    verb: str
    group: str
    resource: str
    name: str = "*"

    def __str__(self) -> str:
        """As people say it."""
        kind = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{self.verb} {kind}" + ("" if self.name == "*" else f" {self.name}")


KEPT: Final[Mapping[Right, str]] = {}
"""Rights that no test uses and that we ship all the same, each with its reason."""


def shipped(account: str) -> set[Right]:
    """The rights of an account by our manifests."""
    objects = yaml.safe_load_all(FILES[account].read_text("utf-8"))
    return {right for one in objects for right in rights_of(one.get("rules") or ())}


def rights_of(rules: Iterable[Mapping[str, Any]]) -> Iterator[Right]:
    """Every right that the rules of a role grant."""
    for rule in rules:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    yield from (
                        Right(verb, group, resource, name) for name in rule.get("resourceNames", ["*"])
                    )


def used(uses: Iterable[Use], account: str) -> set[Right]:
    """The rights that an account of ours used, under the names of a first installation."""
    return {right for use in uses if use.refused is None for right in _of_account(use, account)}


def refused(uses: Iterable[Use], account: str) -> set[Right]:
    """The rights that it asked for in vain."""
    return {right for use in uses if use.refused is not None for right in _of_account(use, account)}


def _of_account(use: Use, account: str) -> Iterator[Right]:
    namespace, _, name = use.account.partition(":")
    suffix = SHARDS.get(name, "")
    if namespace == NAMESPACE and name.removesuffix(suffix) == account and use.group not in EVERYBODYS:
        yield Right(use.verb, use.group, use.resource, use.name.removesuffix(suffix) if suffix else use.name)


def covers(granted: Iterable[Right], asked: Right) -> bool:
    """Whether one of these rights is the one that is asked for."""
    return any(one[:3] == asked[:3] and one.name in {"*", asked.name} for one in granted)


def unused(granted: set[Right], uses: set[Right]) -> list[str]:
    """Rights that nobody used, as people say them."""
    idle = {one for one in granted - KEPT.keys() if not any(covers([one], use) for use in uses)}
    return sorted(map(str, idle))


def missing(granted: set[Right], uses: set[Right], in_vain: set[Right]) -> list[str]:
    """Rights that were used or asked for, and that we do not ship.

    What we ship and was refused all the same, a test had taken away, or it was asked for where the operator
    does not work: the tests of both are elsewhere.
    """
    return sorted(str(one) for one in uses | in_vain if not covers(granted, one))
