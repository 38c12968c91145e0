"""kopf remembers nothing for us: these are its two storages, with nothing in them.

For every event kopf copies the whole object three times to find out what was edited, and looks for the
progress of handlers in its annotations, even where all handlers are low-level ones that use neither.
"""

from typing import Any, cast

import kopf
from kopf import BodyEssence


class NoEssence(kopf.DiffBaseStorage):
    """Of no object there is anything to be compared."""

    def build(self, **_: Any) -> BodyEssence:
        """Nothing of an object matters."""
        return cast("BodyEssence", {})

    def fetch(self, **_: Any) -> BodyEssence | None:
        """Nothing was kept."""
        return None

    def store(self, **_: Any) -> None:
        """Keep nothing."""


class NoProgress(kopf.ProgressStorage):
    """No handler has to be gone on with."""

    def fetch(self, **_: Any) -> None:
        """Nothing was kept."""

    def store(self, **_: Any) -> None:
        """Keep nothing."""

    def purge(self, **_: Any) -> None:
        """There is nothing to forget."""

    def touch(self, **_: Any) -> None:
        """Change nothing."""

    def clear(self, *, essence: BodyEssence) -> BodyEssence:
        """There is nothing to be taken out."""
        return essence
