"""The last account of a resource is known to whoever reads and writes it, though no watch shows it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from llamafleet.adapters.cluster import Cluster
from llamafleet.adapters.transport import Transport
from llamafleet.adapters.views import Scope
from llamafleet.api.observed import Key

KEY = Key("team-a", "scout")


def ledger(minute: int) -> dict[str, Any]:
    return {"month": "2026-11", "at": f"2026-11-21T12:{minute:02d}:00Z", "meters": []}


def resource(minute: int) -> dict[str, Any]:
    metadata = {"namespace": KEY.namespace, "name": KEY.name, "uid": "1", "resourceVersion": str(minute + 1)}
    return {"metadata": {**metadata, "generation": 1}, "status": {"cost": {"ledger": ledger(minute)}}}


class Api(Transport):
    """It has one resource, and shows what is asked for."""

    def __init__(self) -> None:
        """There is an account of twelve o'clock."""
        self.resource: dict[str, Any] | None = resource(0)

    async def read(self, path: str, *_: Any, **__: Any) -> bytes | None:
        del path
        return orjson.dumps(self.resource) if self.resource else None

    async def apply(self, path: str, intent: Mapping[str, Any]) -> bytes:
        del path
        assert self.resource is not None
        self.resource = {**self.resource, "status": intent["status"]}
        return orjson.dumps(self.resource)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster whose views are full."""
    monkeypatch.setattr("llamafleet.adapters.views.View.shows", lambda *_: True)
    found = Cluster(Api(), Scope("llamafleet-system"), lambda _key: None)
    found.saw(KEY, resource(0))
    return found


def test_what_was_read_last_is_left_behind(cluster: Cluster) -> None:
    """Another process wrote it, and our watch has fallen silent."""
    api = cluster._transport  # noqa: SLF001 - the fixture's own
    assert isinstance(api, Api)
    api.resource = resource(5)
    asyncio.run(cluster.resource(KEY))
    api.resource = None
    asyncio.run(cluster.resource(KEY))
    assert cluster.left(KEY) == ledger(5)


def test_what_was_written_last_is_left_behind(cluster: Cluster) -> None:
    status = {"cost": {"ledger": ledger(7)}}
    asyncio.run(cluster.apply_status(KEY, "1", status, "1", "status"))
    assert cluster.left(KEY) == ledger(7)
