"""A process that stands by keeps what it needs to take over, and nothing else, however long that lasts."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from llamafleet.adapters.fence import Fence
from llamafleet.adapters.transport import Transport
from llamafleet.api.observed import Key
from llamafleet.catalogue import catalogue
from llamafleet.handlers import ended
from llamafleet.handlers import shell as shells
from llamafleet.handlers.settings import Settings
from llamafleet.handlers.shell import Shell
from llamafleet.reconcile.queue import WorkQueue


def raw(number: int, version: int = 1, **status: Any) -> dict[str, Any]:
    metadata = {"namespace": "team-a", "name": f"fleet-{number}", "uid": f"uid-{number}", "generation": 1}
    ledger = {"month": "2026-11", "at": "2026-11-21T12:00:00Z", "spent": {}}
    return {
        "metadata": {**metadata, "resourceVersion": str(version)},
        "spec": {},
        "status": {"cost": {"ledger": ledger}, **status},
    }


def key(number: int) -> Key:
    return Key("team-a", f"fleet-{number}")


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Key]:
    """The keys that workers took, who do nothing with them."""
    found: list[Key] = []

    async def work(queue: WorkQueue, *_: object) -> None:
        while True:
            found.append(one := await queue.take())
            queue.done(one)

    monkeypatch.setattr(shells, "run_workers", work)
    return found


def run(story: Callable[[Shell], Any]) -> None:
    async def told() -> None:
        async with aiohttp.ClientSession() as session:
            transport = Transport(session, "http://127.0.0.1:1", Fence())
            shell = Shell(transport, Settings("llamafleet-system", 8, None, 0, catalogue()))
            await story(shell)
            await shell.stop()

    asyncio.run(told())


def test_nothing_is_queued_while_another_leads_and_everything_known_once_this_one_does(
    taken: list[Key],
) -> None:
    async def story(shell: Shell) -> None:
        for number in range(50):
            shell.resource_shown(raw(number), is_end=False)
        shell.resource_shown(raw(7, 2), is_end=True)
        shell.pools_changed()
        await asyncio.sleep(0.1)
        assert len(shell._queue) == 0  # noqa: SLF001 - nobody else can tell
        shell.lead()
        await asyncio.sleep(0.1)
        assert sorted(taken) == sorted(key(number) for number in range(50)), "the one that ended, too"

    run(story)


def test_a_standby_forgets_what_ended_once_the_leader_must_have_seen_to_it(
    monkeypatch: pytest.MonkeyPatch, taken: list[Key]
) -> None:
    async def story(shell: Shell) -> None:
        for number in range(500):
            shell.resource_shown(raw(number), is_end=False)
            shell.resource_shown(raw(number, 2), is_end=True)
        cluster = shell._cluster  # noqa: SLF001 - what it holds is what this is about
        assert cluster.left(key(0)) is not None, "if the leader died now, this one would keep the account"
        monkeypatch.setattr(ended, "ENDED_SECONDS", 0)
        shell.resource_shown(raw(500), is_end=False)
        shell.resource_shown(raw(500, 2), is_end=True)
        assert all(cluster.left(key(number)) is None for number in range(501))
        shell.lead()
        await asyncio.sleep(0.1)
        assert taken == []

    run(story)


def test_a_namesake_is_not_forgotten_with_the_one_before(
    monkeypatch: pytest.MonkeyPatch, taken: list[Key]
) -> None:
    async def story(shell: Shell) -> None:
        shell.resource_shown(raw(1), is_end=False)
        shell.resource_shown(raw(1, 2), is_end=True)
        again = raw(1, 3)
        again["metadata"]["uid"] = "another"
        shell.resource_shown(again, is_end=False)
        monkeypatch.setattr(ended, "ENDED_SECONDS", 0)
        shell.resource_shown(raw(2), is_end=False)
        shell.resource_shown(raw(2, 2), is_end=True)
        shell.lead()
        await asyncio.sleep(0.1)
        assert taken == [key(1)]
        assert shell._cluster.left(key(1)) is not None  # noqa: SLF001 - likewise

    run(story)
