"""An informer over real HTTP survives what ends other watchers, and its view stays true.

The server here plays one script each; the real API server is met in tests/cluster.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from llamafleet.adapters.informer import Informer
from llamafleet.adapters.kinds import POD
from llamafleet.adapters.pages import PAGE_SIZE
from llamafleet.adapters.projection import project_pod
from llamafleet.adapters.retries import BACKOFF_SECONDS
from llamafleet.adapters.streams import LINE_LIMIT
from llamafleet.adapters.transport import Transport
from llamafleet.api.names import DEPLOYMENT_LABEL
from llamafleet.api.observed import Key, PodSeen

OWNER = Key("team-a", "scout")


def pod(name: str, version: int) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": OWNER.namespace,
            "uid": f"uid-{name}",
            "resourceVersion": str(version),
            "creationTimestamp": "2026-11-21T12:00:00Z",
            "labels": {DEPLOYMENT_LABEL: OWNER.name},
        },
        "spec": {},
        "status": {},
    }


def listing(version: int, *pods: dict[str, Any], proceed: str = "") -> dict[str, Any]:
    return {"metadata": {"resourceVersion": str(version), "continue": proceed}, "items": list(pods)}


def event(kind: str, subject: dict[str, Any]) -> bytes:
    return orjson.dumps({"type": kind, "object": subject}) + b"\n"


GONE = {"kind": "Status", "code": 410, "message": "too old resource version"}


@dataclass
class Script:
    """What the server answers: lists in turn, watches in turn; the last watch, or each, falls silent.

    ``removed`` is what the informer told of objects that are gone, ``unseen`` for how long nobody had looked,
    ``told`` of whom something changed.
    """

    lists: Sequence[dict[str, Any] | int]
    watches: Sequence[Sequence[bytes]]
    hangs: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    removed: list[tuple[Key, PodSeen]] = field(default_factory=list)
    unseen: list[float] = field(default_factory=list)
    told: list[Key] = field(default_factory=list)

    def gone(self, owner: Key, last: PodSeen, unseen: float) -> None:
        self.removed.append((owner, last))
        self.unseen.append(unseen)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        turn = sum(("watch" in known) == ("watch" in query) for known in self.asked)
        self.asked.append(query)
        return await self._watch(request, turn) if "watch" in query else self._list(turn)

    def _list(self, turn: int) -> web.Response:
        answer = self.lists[min(turn, len(self.lists) - 1)]
        if isinstance(answer, int):
            return web.json_response({"message": "no"}, status=answer)
        return web.json_response(answer)

    async def _watch(self, request: web.Request, turn: int) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for chunk in self.watches[turn] if turn < len(self.watches) else ():
            await response.write(chunk)
        if self.hangs or turn >= len(self.watches) - 1:
            await asyncio.Event().wait()
        return response


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[Informer[PodSeen]]:
    app = web.Application()
    app.router.add_get("/api/v1/pods", script.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    async with aiohttp.ClientSession() as session:
        informer = Informer(
            Transport(session, f"http://{host}:{port}"),
            POD,
            project_pod,
            script.told.append,
            script.gone,
        )
        task = asyncio.create_task(informer.run())
        try:
            yield informer
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await runner.cleanup()


async def until(condition: Callable[[], bool]) -> None:
    """Look again until it is so; the deadline ends a hang."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


def names(informer: Informer[PodSeen]) -> set[str]:
    return set(informer.of(OWNER))


BROKEN = {
    "the stream is cut": [],
    "the version expired": [event("ERROR", GONE)],
    "an ERROR event of another code": [event("ERROR", {"kind": "Status", "code": 500, "message": "oops"})],
    "an ERROR event without a code": [event("ERROR", {"kind": "Status"})],
    "a line that is not JSON": [b'{"type": "ADDED", "obj\n'],
    "a line that is no event": [b"[]\n"],
    "a line without an end": [b"x" * (LINE_LIMIT + 1)],
}


@pytest.mark.parametrize("end", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_watch_is_opened_again_and_goes_on(end: list[bytes]) -> None:
    async def story() -> None:
        lists = [listing(10, pod("a", 5)), listing(20, pod("a", 5), pod("b", 15))]
        later = [event("ADDED", pod("b", 15)), event("ADDED", pod("c", 25))]
        async with serving(Script(lists, [end, later])) as informer:
            await until(lambda: names(informer) == {"a", "b", "c"})

    asyncio.run(story())


def test_an_object_that_vanished_while_the_version_expired_is_noticed() -> None:
    async def story() -> None:
        lists = [listing(10, pod("a", 5), pod("b", 6)), listing(20, pod("a", 5))]
        script = Script(lists, [[event("ERROR", GONE)], []])
        async with serving(script) as informer:
            await until(lambda: len(script.asked) >= 4 and names(informer) == {"a"})

    asyncio.run(story())


def test_a_list_that_expires_between_two_pages_starts_again() -> None:
    async def story() -> None:
        lists = [listing(10, pod("a", 5), proceed="next"), 410, listing(20, pod("a", 5), pod("b", 15))]
        script = Script(lists, [[]])
        async with serving(script) as informer:
            await until(lambda: names(informer) == {"a", "b"})
            assert [query.get("continue") for query in script.asked[:3]] == [None, "next", None]

    asyncio.run(story())


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_refused_list_is_tried_again(status: int) -> None:
    async def story() -> None:
        async with serving(Script([status, listing(10, pod("a", 5))], [[]])) as informer:
            await until(lambda: names(informer) == {"a"} or (status == 404 and informer.synced.is_set()))

    asyncio.run(story())


def test_an_older_version_never_replaces_a_newer_one() -> None:
    async def story() -> None:
        ready = pod("a", 30)
        ready["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
        late = [event("MODIFIED", ready), event("MODIFIED", pod("a", 20)), event("ADDED", pod("last", 31))]
        async with serving(Script([listing(10, pod("a", 5))], [late])) as informer:
            await until(lambda: "last" in names(informer))
            assert informer.of(OWNER)["a"].ready

    asyncio.run(story())


def test_an_event_that_says_nothing_new_is_kept_and_not_told() -> None:
    async def story() -> None:
        same = pod("a", 30) | {"spec": {"nodeSelector": {"disk": "fast"}}}
        script = Script([listing(10, pod("a", 5))], [[event("MODIFIED", same), event("ADDED", pod("b", 31))]])
        async with serving(script) as informer:
            await until(lambda: "b" in names(informer))
            assert informer.of(OWNER)["a"].resource_version == "30"
            assert script.told == [OWNER, OWNER], "once for the list, once for the pod that is new"

    asyncio.run(story())


def test_a_deletion_does_not_remove_a_younger_object_of_the_same_name() -> None:
    async def story() -> None:
        events = [
            event("ADDED", pod("a", 40)),
            event("DELETED", pod("a", 30)),
            event("ADDED", pod("last", 41)),
        ]
        async with serving(Script([listing(10)], [events])) as informer:
            await until(lambda: "last" in names(informer))
            assert "a" in names(informer)

    asyncio.run(story())


def test_what_we_wrote_is_known_before_the_watch_brings_it_unless_the_watch_is_past_it() -> None:
    async def story() -> None:
        events = [
            event("ADDED", pod("b", 40)),
            event("DELETED", pod("b", 50)),
            event("ADDED", pod("last", 51)),
        ]
        async with serving(Script([listing(10)], [events])) as informer:
            await until(lambda: "last" in names(informer))
            informer.absorb(pod("b", 40))
            assert "b" not in names(informer), "it was deleted at 50, as the watch has told"
            informer.absorb(pod("c", 60))
            assert "c" in names(informer)

    asyncio.run(story())


def test_the_watch_goes_on_from_the_bookmark() -> None:
    async def story() -> None:
        bookmark = event("BOOKMARK", {"metadata": {"resourceVersion": "99"}})
        script = Script([listing(10)], [[bookmark], []])
        async with serving(script) as informer:
            await until(lambda: len([query for query in script.asked if "watch" in query]) == 2)
            assert script.asked[-1]["resourceVersion"] == "99"
            assert names(informer) == set()

    asyncio.run(story())


def test_a_removal_is_told_with_the_state_that_the_watch_brings() -> None:
    async def story() -> None:
        end = pod("a", 30)
        end["metadata"] |= {"deletionTimestamp": "2026-11-21T12:05:00Z"}
        script = Script([listing(10, pod("a", 5))], [[event("DELETED", end), event("ADDED", pod("b", 31))]])
        async with serving(script) as informer:
            await until(lambda: names(informer) == {"b"})
            assert script.removed == [(OWNER, project_pod(end))]
            assert script.unseen == [0.0]

    asyncio.run(story())


def test_a_removal_in_a_gap_is_told_with_the_state_that_was_known_and_once() -> None:
    async def story() -> None:
        lists = [listing(10, pod("a", 5), pod("b", 6)), listing(20, pod("a", 5))]
        late = [event("DELETED", pod("b", 15)), event("ADDED", pod("last", 31))]
        script = Script(lists, [[event("ERROR", GONE)], late])
        async with serving(script) as informer:
            await until(lambda: "last" in names(informer))
            assert script.removed == [(OWNER, project_pod(pod("b", 6)))]
            (unseen,) = script.unseen
            assert unseen >= BACKOFF_SECONDS[0], "since the watch broke"

    asyncio.run(story())


def test_a_namesake_means_that_the_one_before_is_gone() -> None:
    """The end of the one before fell into a gap; what came late of it must not take its place either."""

    async def story() -> None:
        other = pod("a", 15)
        other["metadata"]["uid"] = "another"
        late = [event("DELETED", pod("a", 12)), event("ADDED", pod("last", 31))]
        script = Script([listing(10, pod("a", 5)), listing(20, other)], [[event("ERROR", GONE)], late])
        async with serving(script) as informer:
            await until(lambda: "last" in names(informer))
            assert script.removed == [(OWNER, project_pod(pod("a", 5)))]
            assert informer.of(OWNER)["a"].uid == "another"

    asyncio.run(story())


def test_nothing_is_told_of_an_object_that_was_never_known() -> None:
    async def story() -> None:
        events = [event("DELETED", pod("stranger", 30)), event("ADDED", pod("last", 31))]
        script = Script([listing(10)], [events])
        async with serving(script) as informer:
            await until(lambda: "last" in names(informer))
            assert script.removed == []

    asyncio.run(story())


def relabelled(raw: dict[str, Any], version: int) -> dict[str, Any]:
    metadata = {**raw["metadata"], "resourceVersion": str(version), "labels": {DEPLOYMENT_LABEL: "other"}}
    return {**raw, "metadata": metadata}


def test_an_object_with_another_label_leaves_the_one_and_comes_to_the_other() -> None:
    other = Key(OWNER.namespace, "other")

    async def story() -> None:
        moved = relabelled(pod("a", 5), 30)
        events = [event("MODIFIED", moved), event("MODIFIED", pod("a", 20)), event("ADDED", pod("b", 31))]
        end = [event("DELETED", relabelled(pod("a", 5), 40)), event("ADDED", pod("last", 41))]
        script = Script([listing(10, pod("a", 5))], [events, end])
        async with serving(script) as informer:
            await until(lambda: "b" in names(informer))
            assert names(informer) == {"b"}
            assert script.removed == [(OWNER, project_pod(pod("a", 5)))]
            assert list(informer.of(other)) == ["a"]
            await until(lambda: "last" in names(informer))
            assert list(informer.of(other)) == []
            assert [key for key, _ in script.removed] == [OWNER, other]

    asyncio.run(story())


def test_a_label_that_was_changed_in_a_gap_is_noticed_on_the_next_list() -> None:
    async def story() -> None:
        lists = [listing(10, pod("a", 5)), listing(20, relabelled(pod("a", 5), 15))]
        script = Script(lists, [[event("ERROR", GONE)], [event("ADDED", pod("last", 31))]])
        async with serving(script) as informer:
            await until(lambda: "last" in names(informer))
            assert names(informer) == {"last"}
            assert [key for key, _ in script.removed] == [OWNER]

    asyncio.run(story())


# What comes below is said by an API server that lies, or by one that is behind the others.

AT_11 = b'{"metadata": {"resourceVersion": "11"}}'
NAMED = b'{"metadata": {"name": "x", "namespace": "y"}}'
ODD = {
    "an event without metadata": b'{"type": "MODIFIED", "object": {}}\n',
    "an event of an object that is none": b'{"type": "ADDED", "object": 7}\n',
    "an event of a kind that nobody knows": b'{"type": "CHANGED", "object": %b}\n' % AT_11,
    "an event without a version": b'{"type": "ADDED", "object": %b}\n' % NAMED,
    "an event of an object without a name": b'{"type": "ADDED", "object": %b}\n' % AT_11,
    "an ERROR event that is no object": b'{"type": "ERROR", "object": "no"}\n',
    "an ERROR event of a code that means well": b'{"type": "ERROR", "object": {"code": 200}}\n',
    "a line that is a number": b"7\n",
    "half an event": b'{"type": "ADDED", "object": {"metad',
}


@pytest.mark.parametrize("line", ODD.values(), ids=ODD.keys())
def test_what_is_no_event_is_survived(line: bytes) -> None:
    async def story() -> None:
        lists = [listing(10, pod("a", 5)), listing(20, pod("a", 5), pod("b", 15))]
        later = [event("ADDED", pod("b", 15)), event("ADDED", pod("c", 25))]
        async with serving(Script(lists, [[line], later])) as informer:
            await until(lambda: names(informer) == {"a", "b", "c"})

    asyncio.run(story())


NO_LISTS: dict[str, Any] = {
    "no object": [],
    "items that are none": {"metadata": {"resourceVersion": "10"}, "items": 7},
    "no version": {"metadata": {}, "items": []},
    "no metadata": {"items": []},
    "a version that is no number": {"metadata": {"resourceVersion": "x"}, "items": []},
}


@pytest.mark.parametrize("page", NO_LISTS.values(), ids=NO_LISTS.keys())
def test_what_is_no_list_empties_nothing(page: Any) -> None:
    async def story() -> None:
        script = Script(
            [listing(10, pod("a", 5)), page, listing(20, pod("a", 5))], [[event("ERROR", GONE)], []]
        )
        async with serving(script) as informer:
            await until(lambda: len(script.asked) >= 5)
            assert names(informer) == {"a"}
            assert script.removed == []

    asyncio.run(story())


def test_no_items_at_all_may_be_null() -> None:
    async def story() -> None:
        nothing = {"metadata": {"resourceVersion": "20"}, "items": None}
        script = Script([listing(10, pod("a", 5)), nothing], [[event("ERROR", GONE)], []])
        async with serving(script) as informer:
            await until(lambda: names(informer) == set() and bool(script.removed))

    asyncio.run(story())


def odd_pod(name: str, version: int) -> dict[str, Any]:
    """One that cannot be read: its time of creation is none."""
    raw = pod(name, version)
    raw["metadata"]["creationTimestamp"] = "yesterday"
    return raw


def test_an_object_that_cannot_be_read_takes_no_other_from_view(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        events = [event("MODIFIED", odd_pod("a", 20)), event("MODIFIED", odd_pod("b", 21))]
        more = [
            event("MODIFIED", odd_pod("b", 22)),
            event("DELETED", odd_pod("a", 23)),
            event("ADDED", pod("c", 24)),
        ]
        script = Script([listing(10, pod("a", 5), odd_pod("b", 6), "no object")], [events + more])
        async with serving(script) as informer:
            await until(lambda: "c" in names(informer))
            assert names(informer) == {"c"}
            assert script.removed == [(OWNER, project_pod(pod("a", 5)))]
            assert len([query for query in script.asked if "watch" in query]) == 1

    asyncio.run(story())
    assert caplog.text.count(": b cannot be read") == 1, "once, however often it changes"


def test_a_watch_that_is_cut_goes_on_from_where_it_stood() -> None:
    async def story() -> None:
        script = Script(
            [listing(10, pod("a", 5))], [[event("ADDED", pod("b", 15))], [event("ADDED", pod("c", 25))]]
        )
        async with serving(script) as informer:
            await until(lambda: names(informer) == {"a", "b", "c"})
            assert [query.get("resourceVersion") for query in script.asked] == [None, "10", "15"]

    asyncio.run(story())


def test_a_list_of_before_brings_nothing_back() -> None:
    """An API server that is behind: what was deleted since stays away, what was made since stays here."""

    async def story() -> None:
        events = [event("ADDED", pod("young", 30)), event("DELETED", pod("old", 40)), event("ERROR", GONE)]
        lists = [listing(10, pod("old", 5)), listing(20, pod("old", 5)), listing(41, pod("young", 30))]
        script = Script(lists, [events, []])
        async with serving(script) as informer:
            await until(lambda: len(script.asked) >= 5)
            assert names(informer) == {"young"}
            assert [query.get("resourceVersion") for query in script.asked if "watch" in query] == [
                "10",
                "41",
            ]

    asyncio.run(story())


def test_events_of_before_bring_nothing_back() -> None:
    async def story() -> None:
        events = [
            event("DELETED", pod("a", 30)),
            event("ADDED", pod("a", 5)),
            event("ADDED", pod("last", 31)),
        ]
        script = Script([listing(10, pod("a", 5))], [events])
        async with serving(script) as informer:
            await until(lambda: "last" in names(informer))
            assert names(informer) == {"last"}

    asyncio.run(story())


SILENCE_SECONDS = 2.0
"""Short for a test, and long enough for the answers that are meant to be heard on a busy machine."""

SILENT = {"falls silent": [event("BOOKMARK", pod("x", 11))], "never answers": []}


@pytest.mark.parametrize("words", SILENT.values(), ids=SILENT.keys())
def test_a_silent_watch_is_given_up_and_the_next_one_goes_on_from_where_it_stood(
    monkeypatch: pytest.MonkeyPatch, words: list[bytes]
) -> None:
    monkeypatch.setattr("llamafleet.adapters.transport.SILENCE_SECONDS", SILENCE_SECONDS)

    async def story() -> None:
        missed = [event("DELETED", pod("b", 15)), event("ADDED", pod("c", 16))]
        script = Script([listing(10, pod("a", 5), pod("b", 6))], [words, missed], hangs=True)
        async with serving(script) as informer:
            await until(lambda: names(informer) == {"a", "c"})
            asked = [query.get("resourceVersion") for query in script.asked if "watch" in query]
            assert asked == ["10", "11" if words else "10"]
            assert script.unseen == [0.0], "the watch says when it happened"

    asyncio.run(story())


@pytest.mark.parametrize("words", SILENT.values(), ids=SILENT.keys())
def test_what_two_silent_watches_missed_is_listed(
    monkeypatch: pytest.MonkeyPatch, words: list[bytes]
) -> None:
    monkeypatch.setattr("llamafleet.adapters.transport.SILENCE_SECONDS", SILENCE_SECONDS)

    async def story() -> None:
        lists = [listing(10, pod("a", 5), pod("b", 6)), listing(20, pod("a", 5))]
        async with serving(Script(lists, [words])) as informer:
            await until(lambda: names(informer) == {"a", "b"})
            heard = informer.heard_at
            await until(lambda: names(informer) == {"a"})
            assert informer.heard_at > heard, "a list is a word, too"

    asyncio.run(story())


def test_a_refusal_is_an_answer_and_no_news() -> None:
    async def story() -> None:
        script = Script([listing(10, pod("a", 5)), 403], [[event("ERROR", GONE)], []])
        async with serving(script) as informer:
            await until(lambda: len(script.asked) >= 2)
            heard = informer.heard_at
            await until(lambda: len(script.asked) >= 4)
            assert informer.heard_at == heard
            assert informer.answered_at > heard

    asyncio.run(story())


def test_pages_are_halved_after_an_answer_that_was_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llamafleet.adapters.streams.BODY_LIMIT", 2000)

    async def story() -> None:
        script = Script(
            [listing(10, *(pod(f"pod-{n}", 5) for n in range(100))), listing(10, pod("a", 5))], [[]]
        )
        async with serving(script) as informer:
            await until(lambda: names(informer) == {"a"})
            assert [query["limit"] for query in script.asked if "limit" in query] == [
                str(PAGE_SIZE),
                str(PAGE_SIZE // 2),
            ]

    asyncio.run(story())
