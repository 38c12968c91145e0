"""Files of a user: YAML or JSON, from disk or from standard input, read as kubectl reads them.

Nothing in a file is believed: not its size, not its depth, not its aliases. What it means is not known here.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from yaml import MappingNode, MarkedYAMLError, Node, ScalarNode, SequenceNode

from llamafleet.api.texts import is_service_name
from llamafleet.errors import LlamafleetError

STDIN: Final = "-"

IN_CLUSTER: Final = "llama/"
"""Before the name of a resource that is in the cluster and not in a file."""

LARGEST_FILE: Final = 10 * 2**20
"""Bytes of a file that are read: the manifests of a large cluster have fewer."""

DEEPEST: Final = 100
"""Levels of nesting: a pod template has about ten, and libyaml crashes the process at some thousand."""

MOST_VALUES: Final = 1_000_000
"""Values of a document with its aliases written out: nine lines of aliases can stand for a billion."""

_LOADER: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"
_JSON_TYPES: Final = {
    first: [(tag, form) for tag, form in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
"""How plain words are read: a date stays text, because JSON, which the API server gets, has no dates."""


class BadInput(LlamafleetError):
    """A file, or what stands in it, cannot be used; the message names the file, the place and the rule."""


def name_in_cluster(word: str) -> str | None:
    """The resource of the cluster that a word means; None when it means a file.

    ``llama/NAME`` is always a resource. Any other word is a file; if there is none, and the word may be the
    name of a resource, it is one.

    Raises:
        BadInput: what stands behind ``llama/`` is no name.
    """
    if word.startswith(IN_CLUSTER):
        name = word.removeprefix(IN_CLUSTER)
        if is_service_name(name):
            return name
        message = (
            f"{word}: must be llama/ and the name of a LlamaDeployment: small letters, digits and hyphens"
        )
        raise BadInput(message)
    return word if is_service_name(word) and not Path(word).exists() else None


def called(name: str) -> str:
    """A file as messages call it."""
    return "standard input" if name == STDIN else name


def read_text(name: str) -> str:
    """The text of a file; ``-`` is standard input.

    Raises:
        BadInput: the file cannot be read, is too large, or is no text.
    """
    try:
        content = _read(name)
    except OSError as error:
        message = f"{called(name)}: {error.strerror or error}"
        raise BadInput(message) from error
    if len(content) > LARGEST_FILE:
        message = f"{called(name)}: must have at most {LARGEST_FILE // 2**20} MiB"
        raise BadInput(message)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{called(name)}: must be text in UTF-8, and byte {error.start} is not"
        raise BadInput(message) from error


def _read(name: str) -> bytes:
    """One byte more than is allowed, where there is more, so that the caller can tell."""
    if name == STDIN:
        if sys.stdin is None:  # the shell closed it
            return b""
        return sys.stdin.buffer.read(LARGEST_FILE + 1)
    with Path(name).open("rb") as file:
        return file.read(LARGEST_FILE + 1)


def read_documents(name: str) -> list[Any]:
    """The YAML documents of a file, empty ones left out.

    Raises:
        BadInput: the file cannot be read, or is no YAML; the message names line and column.
    """
    text = read_text(name)
    try:
        return [document for document in _documents(text) if document is not None]
    except yaml.YAMLError as error:
        message = f"{called(name)}{_place(error)}"
        raise BadInput(message) from error


def _place(error: yaml.YAMLError) -> str:
    """Line, column and problem of a syntax error."""
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f", line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return f": {' '.join(str(error).split())}"


def _documents(text: str) -> Iterator[Any]:
    _check_depth(text)
    loader = _LOADER(text)
    loader.yaml_implicit_resolvers = _JSON_TYPES
    try:
        while loader.check_node() and (node := loader.get_node()):
            _count(node, {})
            yield _value(loader, node)
    finally:
        loader.dispose()


def _value(loader: Any, node: Node) -> Any:  # noqa: ANN401 - a loader of libyaml or of Python; JSON
    try:
        return loader.construct_document(node)
    except ValueError as error:  # Python's own words would be of no use to the author
        problem = "a number or a date in this document cannot be read"
        raise MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from error


def _check_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, _LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            problem = f"nothing may be nested deeper than {DEEPEST} levels"
            raise MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]  # libyaml's marks are marks, too


def _count(node: Node, counted: dict[int, int]) -> int:
    """How many values a node has, aliases written out; a key that stands there twice is refused."""
    if id(node) not in counted:
        counted[id(node)] = MOST_VALUES  # found again below itself, it has no end
        counted[id(node)] = 1 + sum(_count(child, counted) for child in _children(node))
    if counted[id(node)] > MOST_VALUES:
        problem = f"this stands for more than {MOST_VALUES:,} values"
        raise MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
    return counted[id(node)]


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, SequenceNode):
        yield from node.value
    if isinstance(node, MappingNode):
        names = set()
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value in names:
                raise MarkedYAMLError(
                    problem=f"the key {key.value} stands here twice", problem_mark=key.start_mark
                )
            names.add(key.value if isinstance(key, ScalarNode) else None)
            yield key
            yield value
