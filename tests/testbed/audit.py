"""What service accounts asked of an API server, boiled down from its audit log.

It says which rights were used and which were asked for in vain. Who judges that is no concern of the testbed.
"""

import fileinput
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

FOLDER: Final = "LLAMAFLEET_RIGHTS"
"""The variable that names the folder in which every control plane leaves what was asked of it."""

PREFIX: Final = "system:serviceaccount:"
CONTROLLERS: Final = "kube-system"
DECISION: Final = "authorization.k8s.io/decision"

NAMED: Final = frozenset({"configmaps", "leases"})
"""Of these the name of the object is kept: rights on them are for one object alone."""


class Use(NamedTuple):
    """A right that was used, or asked for in vain.

    Attributes:
        account: ``namespace:name`` of the service account.
        verb: as RBAC calls it.
        group: the API group; empty for the core.
        resource: the plural, with its subresource after a slash.
        name: of the object, where rights are by name; else ``*``.
        refused: the namespace in which it was refused, ``*`` for the whole cluster; None: it was allowed.
    """

    account: str
    verb: str
    group: str
    resource: str
    name: str
    refused: str | None = None


def folder() -> Path | None:
    """Where to leave what was asked; None: nobody wants to know."""
    named = os.environ.get(FOLDER)
    return Path(named) if named else None


def parts(log: Path) -> list[Path]:
    """The files of a log, oldest first.

    The API server begins a new file after some 100 MB, and names the old one after its last instant.
    """
    return sorted(log.parent.glob(f"{log.stem}*{log.suffix}"))


def length(log: Path) -> int:
    """How many bytes the parts of a log have together."""
    return sum(part.stat().st_size for part in parts(log))


def whole_lines(log: Path, start: int = 0) -> list[bytes]:
    """A log from so many bytes on, without the line that is being written."""
    found = b""
    for part in parts(log):
        size = part.stat().st_size
        if start < size:
            with part.open("rb") as file:
                file.seek(start)
                found += file.read()
        start = max(0, start - size)
    return found.rpartition(b"\n")[0].splitlines()


def keep(log: Path, there: Path) -> None:
    """Leave the uses of a log in a folder, in a file of their own."""
    files = parts(log)
    if not files:
        return
    there.mkdir(parents=True, exist_ok=True)
    with fileinput.input(files, encoding="utf-8", errors="replace") as lines:
        found = sorted(uses(lines), key=str)
    (there / f"{uuid.uuid4().hex}.json").write_text(json.dumps(found), "utf-8")


def kept(there: Path) -> set[Use]:
    """The uses that were left in a folder."""
    return {Use(*one) for path in there.glob("*.json") for one in json.loads(path.read_text("utf-8"))}


def uses(lines: Iterable[str]) -> set[Use]:
    """Every use of a right by a service account, each once; those of Kubernetes' own controllers aside."""
    own = f"{PREFIX}{CONTROLLERS}:"
    return {use for line in lines if PREFIX in line and own not in line for use in _of_event(_parsed(line))}


def _parsed(line: str) -> Mapping[str, Any]:
    """An event; an empty one for the last line of a log whose writer was killed."""
    try:
        event: Mapping[str, Any] = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return event


def _of_event(event: Mapping[str, Any]) -> Iterator[Use]:
    """The rights that one request took: an apply that makes an object takes the right to create, too.

    Who impersonates an account, as tests do by ``kubectl --as``, is not that account.
    """
    target, user = event.get("objectRef") or {}, event.get("user", {}).get("username", "")
    if not user.startswith(PREFIX) or "resource" not in target:
        return
    resource = "/".join(filter(None, (target["resource"], target.get("subresource"))))
    name = target.get("name", "*") if target["resource"] in NAMED else "*"
    use = Use(user.removeprefix(PREFIX), event["verb"], target.get("apiGroup", ""), resource, name)
    answer = event.get("responseStatus") or {}
    if _is_denied(event, answer):
        yield use._replace(verb=_denied_verb(answer, use.verb), refused=target.get("namespace", "*"))
        return
    yield use
    if use.verb == "patch" and answer.get("code") == 201:
        yield use._replace(verb="create", name="*")


def _is_denied(event: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    """Whether a right was missing: a full quota and a namespace that ends are refused with 403, too."""
    by_rights = (event.get("annotations") or {}).get(DECISION) == "forbid"
    return by_rights or (answer.get("code") == 403 and " cannot " in answer.get("message", ""))


def _denied_verb(answer: Mapping[str, Any], asked: str) -> str:
    """An apply that would make an object is refused for the lack of the right to create."""
    return "create" if " cannot create resource " in answer.get("message", "") else asked
