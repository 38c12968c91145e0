"""Commands of kubectl: its own parser takes them, and the paths, kinds, fields and keys in them exist."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from docs import llamafleet_commands
from docs.fields import OURS, exists
from docs.running import run
from docs.shell import Command
from testbed import binaries
from testbed.versions import CONTROL_PLANE, KREW

WITH_VALUE: Final = frozenset(
    {"-n", "--namespace", "-o", "--output", "-l", "--selector", "-f", "-k", "-L", "-c", "-p", "--patch"}
)
"""Options of kubectl that are followed by their value; pages write the others with an equals sign."""

ON_RESOURCES: Final = frozenset(
    {"get", "describe", "delete", "annotate", "label", "patch", "wait", "scale", "edit", "logs"}
)

KUBERNETES: Final = frozenset(
    {
        *("namespace", "node", "nodes", "pods", "pod", "deployment", "secret", "configmap", "crd", "lease"),
        *("networkpolicy", "service", "endpointslices", "events", "validatingadmissionpolicy"),
        *("application", "applications", "podmonitor", "prometheusrule", "kustomization", "helmrelease"),
    }
)
"""Kinds that Kubernetes, or another project that a page is about, has by these names."""

FIELD: Final = re.compile(r"\.((?:spec|status)\.[A-Za-z][\w.\[\]*?@=()\"]*)")


def check(command: Command, folder: Path) -> None:
    """Raises AssertionError with what is wrong."""
    words = [*command.words[1:]]
    if words[0] == "llama":
        llamafleet_commands.check_plugin(tuple(words[1:]))
        return
    if words[0] == "krew":
        assert _parsed((*words[1:],), "krew") == "", command.text
        return
    assert _parsed((*words,)) == "", command.text
    verb, things = _verb_and_things(words)
    if verb in ON_RESOURCES and things:
        _check_kinds(verb, things)
    for option, value in _options(words):
        if option in {"-f", "-k"}:
            _check_path(option, value, folder)
        if option == "-p" and _is_ours(things):
            _check_patch(json.loads(value), "")
        if _is_ours(things) and ("jsonpath" in value or "custom-columns" in value):
            missing = [field for field in FIELD.findall(value) if not exists(field)]
            assert not missing, f"no kind of ours has {missing}"


@cache
def _parsed(words: tuple[str, ...], program: str = "kubectl") -> str:
    """What kubectl, or krew, says against these words; all options are read before the one for help."""
    end = words.index("--") if "--" in words else len(words)
    suite = KREW if program == "krew" else CONTROL_PLANE
    result = run(binaries.ensure(suite) / program, *words[:end], "--help")
    if result.returncode == 0 and "Usage:" in result.stdout:
        return ""
    return result.stderr or "there is no such command"


def _verb_and_things(words: list[str]) -> tuple[str, list[str]]:
    """The verb, and what it is about."""
    plain, following = [], iter(words)
    for word in following:
        if word == "--":
            break
        if word in WITH_VALUE:
            next(following)
        elif not word.startswith("-"):
            plain.append(word)
    return plain[0], plain[1:]


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """The options with their values."""
    for word, after in zip(words, [*words[1:], ""], strict=True):
        name, joined, value = word.partition("=")
        if name.startswith("-"):
            yield name, value if joined else after


def _check_kinds(verb: str, things: list[str]) -> None:
    if verb == "logs" and "/" not in things[0]:
        return
    for kind in things[0].partition("/")[0].split(","):
        singular = kind.removesuffix("s")
        assert kind in OURS or {kind, singular} & KUBERNETES, f"no kind is called {kind}"


def _is_ours(things: list[str]) -> bool:
    return bool(things) and things[0].partition("/")[0] in OURS


def _check_path(option: str, value: str, folder: Path) -> None:
    if value == "-" or "://" in value:
        return
    assert (folder / value).exists(), f"there is no {value}"
    if option == "-k":
        kustomized(folder / value)


def kustomized(folder: Path) -> str:
    """What kustomize makes of a folder."""
    result = run(binaries.ensure() / "kubectl", "kustomize", folder, "--load-restrictor=LoadRestrictionsNone")
    assert result.returncode == 0, result.stderr
    return result.stdout


def _check_patch(patch: Mapping[str, Any], path: str) -> None:
    """Every key of a merge patch is a field; null takes one away."""
    for key, value in patch.items():
        below = f"{path}.{key}".lstrip(".")
        assert below in {"spec", "metadata"} or below.startswith("metadata.") or exists(below), below
        if isinstance(value, Mapping):
            _check_patch(value, below)
