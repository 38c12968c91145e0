"""What a request to the API server is about, by its method, its path and its query."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

METHODS = {"POST": "create", "PUT": "update", "DELETE": "delete"}
APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a request is about: the fields of ``Exchange`` of these names."""

    verb: str
    kind: str
    namespace: str
    name: str


def subject(method: str, path: str, query: Mapping[str, str], content_type: str) -> Subject:
    """Read a request as the API server would."""
    parts = [part for part in path.split("/") if part]
    parts = parts[2:] if parts[:1] == ["api"] else parts[3:]
    namespace = ""
    if parts[:1] == ["namespaces"] and len(parts) > 2:
        namespace, parts = parts[1], parts[2:]
    kind, name = (parts[:1] or [""])[0], (parts[1:2] or [""])[0]
    kind = "/".join([kind, *parts[2:3]])
    return Subject(_verb(method, bool(name), query, content_type), kind, namespace, name)


def _verb(method: str, named: bool, query: Mapping[str, str], content_type: str) -> str:  # noqa: FBT001
    if method == "PATCH":
        return "apply" if content_type.startswith(APPLY) else "merge"
    if method != "GET":
        return METHODS.get(method, method.lower())
    if query.get("watch", "0") not in {"0", "false"}:
        return "watch"
    return "get" if named else "list"


class Memory:
    """What the API server said, for a replay: answers by question, watch events by kind.

    Attributes:
        answers: by path and query, the instant and the body of each answer that differs from the one before.
        events: by kind, the instant and the line of each event.
    """

    MOST = 1000
    """Answers per question, and events per kind: the older go."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self.answers: dict[str, list[tuple[float, bytes]]] = {}
        self.events: dict[str, list[tuple[float, bytes]]] = {}

    def answered(self, question: str, now: float, body: bytes) -> None:
        """Keep an answer."""
        known = self.answers.setdefault(question, [])
        if not known or known[-1][1] != body:
            known.append((now, body))
            del known[: -self.MOST]

    def said(self, kind: str, now: float, lines: bytes) -> None:
        """Keep whole lines of a watch."""
        known = self.events.setdefault(kind, [])
        known += [(now, line) for line in lines.splitlines(keepends=True)]
        del known[: -self.MOST]

    def answer(self, question: str, before: float = math.inf) -> bytes | None:
        """The last answer before an instant."""
        return next((body for at, body in reversed(self.answers.get(question, [])) if at < before), None)

    def saying(self, kind: str, before: float = math.inf) -> bytes:
        """The events before an instant."""
        return b"".join(line for at, line in self.events.get(kind, []) if at < before)
