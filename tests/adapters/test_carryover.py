"""The account of a resource that is gone is kept, once, and never over a younger one.

What lies in the ConfigMap is kept here as an API server would; the real one is met in tests/cluster.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
import pytest

from llamafleet.adapters.carryover import CarryOver
from llamafleet.api.observed import Key
from llamafleet.errors import Conflict, Unavailable

KEY, OTHER = Key("team-a", "scout"), Key("team-b", "maverick")


def account(at: str, spent: str = "1", month: str = "2026-11") -> dict[str, Any]:
    return {"month": month, "at": f"2026-11-{at}:00Z", "spent": {"serving": spent}}


EARLY, LATE = account("20T10:00", "10"), account("20T11:00", "20")


class ConfigMap:
    """One ConfigMap, for as many operators as there are."""

    def __init__(self, **entries: Mapping[str, Any]) -> None:
        """It holds these entries, by ``namespace.name`` with ``__`` for the dot."""
        self.data = {name.replace("__", "."): text(entry) for name, entry in entries.items()}
        self.version = 1
        self.reads = 0
        self.writes = 0
        self.is_there = True
        self.refuses = False

    async def read(self, _path: str) -> bytes | None:
        self.reads += 1
        await asyncio.sleep(0)
        return self._body() if self.is_there else None

    async def merge(self, _path: str, content: Mapping[str, Any]) -> bytes | None:
        await asyncio.sleep(0)
        if self.refuses:
            message = "not now"
            raise Unavailable(message)
        if not self.is_there:
            return None
        if content["metadata"].get("resourceVersion", str(self.version)) != str(self.version):
            message = "another version"
            raise Conflict(message)
        self.put(content["data"])
        self.writes += 1
        return self._body()

    def put(self, changes: Mapping[str, str | None]) -> None:
        self.version += 1
        merged = {**self.data, **changes}
        self.data = {name: text for name, text in merged.items() if text is not None}

    def _body(self) -> bytes:
        return orjson.dumps({"metadata": {"resourceVersion": str(self.version)}, "data": self.data})

    def of(self, key: Key) -> object:
        return orjson.loads(self.data[f"{key.namespace}.{key.name}"])


def text(entry: Mapping[str, Any]) -> str:
    return orjson.dumps(entry).decode()


def operator_of(there: ConfigMap) -> CarryOver:
    return CarryOver(there, "llamafleet-system")  # type: ignore[arg-type]  # it has the two calls that are made


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def told() -> None:
        await story()

    asyncio.run(told())


def test_the_last_account_that_was_seen_is_left_until_it_is_written() -> None:
    async def story() -> None:
        there = ConfigMap()
        ours = operator_of(there)
        ours.saw(KEY, EARLY)
        ours.saw(KEY, LATE)
        ours.saw(KEY, None)
        ours.saw(KEY, EARLY)  # an old state, after a watch that began anew
        assert ours.left(KEY) == LATE
        assert await ours.read(KEY) == LATE
        await ours.write(KEY, LATE)
        assert ours.left(KEY) is None
        assert there.of(KEY) == LATE
        assert await operator_of(there).read(KEY) == LATE

    run(story)


def test_a_younger_account_of_another_operator_stays() -> None:
    """It saw the end of a namesake that we, standing by, have missed."""

    async def story() -> None:
        there = ConfigMap()
        ours, theirs = operator_of(there), operator_of(there)
        ours.saw(KEY, EARLY)
        assert await ours.read(OTHER) is None  # so we believe to know what is there
        theirs.saw(KEY, LATE)
        await theirs.write(KEY, LATE)
        await ours.write(KEY, EARLY)
        assert there.of(KEY) == LATE
        assert ours.left(KEY) is None
        assert await ours.read(KEY) == LATE

    run(story)


def test_what_was_written_once_is_not_written_again() -> None:
    """The first one knew best when the pods of the resource will be gone."""

    async def story() -> None:
        there = ConfigMap()
        first, second = operator_of(there), operator_of(there)
        await first.write(KEY, {**EARLY, "meters": [{"until": "early"}]})
        await second.write(KEY, {**EARLY, "meters": [{"until": "late"}]})
        assert there.of(KEY) == {**EARLY, "meters": [{"until": "early"}]}
        assert there.writes == 1

    run(story)


def test_an_account_that_was_closed_later_does_not_replace_the_first_close() -> None:
    """Both began with the same status; what the second one added since, the first had added, too."""

    async def story() -> None:
        there = ConfigMap()
        first, second = operator_of(there), operator_of(there)
        for one in (first, second):
            one.saw(KEY, EARLY)
        await first.write(KEY, LATE)
        await second.write(KEY, account("20T12:00", "99"))
        assert there.of(KEY) == LATE

    run(story)


def test_a_namesake_gets_the_younger_of_two_accounts() -> None:
    async def story() -> None:
        there = ConfigMap(team_a__scout=LATE)
        there.data = {"team-a.scout": text(LATE)}
        ours = operator_of(there)
        ours.saw(KEY, EARLY)
        assert await ours.read(KEY) == LATE
        ours.saw(KEY, account("21T00:00"))
        assert await ours.read(KEY) == account("21T00:00")

    run(story)


def test_many_ends_at_once_are_all_kept() -> None:
    async def story() -> None:
        there = ConfigMap()
        ours, shard = operator_of(there), operator_of(there)
        keys = [Key("team-a", f"fleet-{number}") for number in range(20)]

        async def keep(number: int, key: Key) -> None:
            while f"team-a.{key.name}" not in there.data:
                with contextlib.suppress(Conflict):  # then the queue brings the key again
                    await (ours, shard)[number % 2].write(key, EARLY)

        await asyncio.gather(*(keep(number, key) for number, key in enumerate(keys)))
        assert {name: orjson.loads(text) for name, text in there.data.items()} == {
            f"team-a.fleet-{number}": EARLY for number in range(20)
        }

    run(story)


def test_a_write_that_fails_is_still_to_be_done() -> None:
    async def story() -> None:
        there = ConfigMap()
        ours = operator_of(there)
        ours.saw(KEY, EARLY)
        there.refuses = True
        with pytest.raises(Unavailable):
            await ours.write(KEY, EARLY)
        assert ours.left(KEY) == EARLY
        there.refuses = False
        await ours.write(KEY, EARLY)
        assert there.of(KEY) == EARLY

    run(story)


def test_an_account_goes_when_its_month_is_over_in_every_time_zone() -> None:
    async def story() -> None:
        there = ConfigMap()
        there.data = {
            "a.september": text(account("01T00:00", month="2026-09")),
            "a.october": text(account("01T00:00", month="2026-10")),
            "a.garbled": "{",
        }
        await operator_of(there).write(KEY, EARLY)
        assert sorted(there.data) == ["a.october", "team-a.scout"]
        await operator_of(there).write(OTHER, account("01T00:00", month="2027-01"))
        assert sorted(there.data) == ["team-b.maverick"]

    run(story)


@pytest.mark.parametrize(
    "garbled", ["text", [], {"month": 1, "at": "2026"}, {"month": "2026-11"}, {"at": "2026-11-20T10:00:00Z"}]
)
def test_what_is_no_account_is_none(garbled: object) -> None:
    async def story() -> None:
        there = ConfigMap()
        there.data = {"team-a.scout": orjson.dumps(garbled).decode()}
        ours = operator_of(there)
        ours.saw(KEY, garbled)
        assert ours.left(KEY) is None
        assert await ours.read(KEY) is None

    run(story)


def test_without_the_object_nothing_is_kept_and_nothing_fails() -> None:
    async def story() -> None:
        there = ConfigMap()
        there.is_there = False
        ours = operator_of(there)
        ours.saw(KEY, EARLY)
        await ours.write(KEY, EARLY)
        assert ours.left(KEY) is None

    run(story)
