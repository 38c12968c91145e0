"""Who wrote what, by the audit log of the API server: no counter of the operator's own is believed."""

from collections import Counter
from pathlib import Path
from typing import Any, Final

import orjson

from fleet_operator import NAMESPACE
from llamafleet.api.observed import Key

OPERATOR: Final = f"system:serviceaccount:{NAMESPACE}:llamafleet"
REFUSED: Final = 300
WRITING: Final = frozenset({"create", "update", "patch", "delete"})


class Writes:
    """The writes of the operator, counted by namespace and object."""

    def __init__(self, log: Path) -> None:
        """Begin at the end of the log."""
        self._log = log
        self._at = log.stat().st_size
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def of(self, key: Key) -> Counter[str]:
        """The writes to the objects of a resource until now, its pods and Events included, in words."""
        self._read()
        return Counter(
            {
                what: count
                for (namespace, name, what), count in self._counts.items()
                if namespace == key.namespace
                and (name == key.name or name.startswith((f"{key.name}-", f"{key.name}.")))
            }
        )

    def _read(self) -> None:
        with self._log.open("rb") as log:
            log.seek(self._at)
            lines = log.read()
        whole = lines[: lines.rfind(b"\n") + 1]
        self._at += len(whole)
        for line in whole.splitlines():
            if OPERATOR.encode() in line:
                self._count(orjson.loads(line))

    def _count(self, entry: dict[str, Any]) -> None:
        is_write = entry["user"]["username"] == OPERATOR and entry["verb"] in WRITING
        if is_write and entry.get("responseStatus", {}).get("code", 0) < REFUSED:
            about = entry.get("objectRef", {})
            place = about.get("namespace", ""), about.get("name", "")
            parts = (about.get("resource"), place[1], about.get("subresource"))
            what = f"{entry['verb']} {'/'.join(part for part in parts if part)}"
            self._counts[(*place, what)] += 1
