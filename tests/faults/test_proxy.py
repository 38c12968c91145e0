"""The proxy does what its faults say, before the real API server."""

import contextlib
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faults.faults import (
    Answer,
    Call,
    Cut,
    Delay,
    ErrorEvent,
    Exchange,
    Fault,
    Garbage,
    HalfOpen,
    Huge,
    Replay,
    Silence,
    Truncate,
)
from faults.proxy import Door, FaultProxy
from faults.proxy_storm import Storm
from faults.rules import Rule
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster
LISTING = "/api/v1/namespaces/{}/serviceaccounts"
SOON = 60.0
"""It only ends a hang: an answer takes milliseconds."""

SILENT = 5.0
"""So long nothing is heard of a watch that says nothing; its first event comes sooner on any machine."""

BROKEN = (OSError, http.client.HTTPException)


class Client:
    """One client of a door, as the operator would be."""

    def __init__(self, door: Door, folder: Path, namespace: str) -> None:
        """Take the door and the rights of the operator."""
        config = json.loads(door.kubeconfig(folder).read_text())
        self._server = config["clusters"][0]["cluster"]["server"]
        self._token = config["users"][0]["user"]["token"]
        self._listing = LISTING.format(namespace)

    def open(self, query: str = "", seconds: float = SOON) -> http.client.HTTPResponse:
        headers = {"Authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(self._server + self._listing + query, headers=headers)  # noqa: S310
        answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=seconds)  # noqa: S310
        return answer

    def listed(self, seconds: float = SOON) -> dict[str, Any]:
        with self.open(seconds=seconds) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def watch(self, seconds: float = SOON) -> http.client.HTTPResponse:
        return self.open("?watch=1&resourceVersion=0&allowWatchBookmarks=1", seconds)


@pytest.fixture
def client(proxy: FaultProxy, installed: ControlPlane, tmp_path: Path, namespace: str) -> Client:
    here = ("get", "serviceaccount", "default", f"--namespace={namespace}", "--ignore-not-found")
    until(lambda: installed.kubectl(*here), SOON, "something to list")
    return Client(proxy.door("one"), tmp_path, namespace)


def lines(watch: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    for line in watch:
        yield json.loads(line)


def drain(watch: http.client.HTTPResponse, heard: list[bytes]) -> None:
    """Read until the watch ends."""
    heard.extend(watch)


def test_without_a_rule_it_harms_nothing(proxy: FaultProxy, client: Client, namespace: str) -> None:
    assert client.listed()["kind"] == "ServiceAccountList"
    (exchange,) = proxy.of("list")
    assert (exchange.door, exchange.kind, exchange.namespace) == ("one", "serviceaccounts", namespace)
    assert exchange.status == 200
    with client.watch() as watch:
        event = next(lines(watch))
        assert event["object"]["kind"] == "ServiceAccount"


def test_an_answer_is_a_status(proxy: FaultProxy, client: Client) -> None:
    proxy.add(Rule(fault=Answer(429, "slow down", retry_after=2), verbs="list", skip=1, times=1))
    client.listed()
    with pytest.raises(urllib.error.HTTPError) as caught:
        client.listed()
    with caught.value as refusal:
        assert (refusal.code, refusal.headers["Retry-After"]) == (429, "2")
        assert json.loads(refusal.read())["message"] == "slow down"
    client.listed()


def test_a_delay_and_a_call_pass(proxy: FaultProxy, client: Client) -> None:
    seen: list[tuple[str, bool, bool]] = []

    def note(word: str, exchange: Exchange) -> None:
        seen.append((word, exchange.forwarded is not None, exchange.answered is not None))

    proxy.add(Rule(fault=Delay(0.2)))
    proxy.add(Rule(fault=Call(before=lambda one: note("before", one), after=lambda one: note("after", one))))
    started = time.monotonic()
    client.listed()
    assert time.monotonic() - started >= 0.2
    assert seen == [("before", False, False), ("after", True, True)]


@pytest.mark.parametrize("fault", [Cut(), Cut(after_forwarding=True), Truncate(10)], ids=repr)
def test_a_connection_ends_where_the_fault_says(proxy: FaultProxy, client: Client, fault: Fault) -> None:
    with proxy.during(Rule(fault=fault)), pytest.raises(BROKEN):
        client.listed()
    assert (proxy.exchanges[-1].forwarded is None) == (fault == Cut())
    client.listed()


def test_a_half_open_connection_says_nothing(proxy: FaultProxy, client: Client) -> None:
    with proxy.during(Rule(fault=HalfOpen())), pytest.raises(TimeoutError):
        client.listed(seconds=0.3)


def test_a_stale_answer_is_the_one_from_before(
    proxy: FaultProxy, client: Client, installed: ControlPlane, namespace: str
) -> None:
    before = client.listed()
    instant = time.monotonic()
    installed.kubectl("create", "serviceaccount", "young", f"--namespace={namespace}")
    assert client.listed() != before
    with proxy.during(Rule(fault=Replay(instant))):
        assert client.listed() == before


STREAMS = {
    "an ERROR event": (ErrorEvent(500), b'"ERROR"'),
    "a line that is no event": (Garbage(b"[]"), b"[]"),
    "a huge line": (Huge(200_000), b"x" * 100_000),
    "older versions again": (Replay(), b'"ADDED"'),
}


@pytest.mark.parametrize("running", [False, True], ids=["from its beginning", "while it runs"])
@pytest.mark.parametrize(("fault", "said"), STREAMS.values(), ids=STREAMS.keys())
def test_a_watch_says_what_it_should_not(
    proxy: FaultProxy, client: Client, fault: Fault, said: bytes, *, running: bool
) -> None:
    if running:
        with client.watch() as watch:
            until(lambda: b'"default"' in watch.peek(), SOON, "the first event")
            watch.readline()
            proxy.add(Rule(fault=fault))
            assert said in watch.read(len(said) + 200) if isinstance(fault, Huge) else watch.readline()
        return
    with client.watch() as watch:
        watch.readline()  # something to replay
    proxy.add(Rule(fault=fault, verbs="watch"))
    with client.watch() as watch:
        begin = watch.read(len(said) + 200) if isinstance(fault, Huge) else watch.readline()
        assert said in begin


@pytest.mark.parametrize("fault", [Silence(), HalfOpen()], ids=repr)
def test_a_running_watch_falls_silent(
    proxy: FaultProxy, client: Client, installed: ControlPlane, namespace: str, fault: Fault
) -> None:
    with client.watch(seconds=SILENT) as watch:
        watch.readline()
        proxy.add(Rule(fault=fault, verbs="watch"))
        installed.kubectl("create", "serviceaccount", "unheard", f"--namespace={namespace}")
        heard: list[bytes] = []
        with pytest.raises(TimeoutError):
            drain(watch, heard)
        assert not any(b"unheard" in line for line in heard)


def test_a_running_watch_is_cut(proxy: FaultProxy, client: Client) -> None:
    with client.watch() as watch:
        watch.readline()
        proxy.add(Rule(fault=Cut(), verbs="watch", times=1))
        started = time.monotonic()
        with contextlib.suppress(*BROKEN):
            drain(watch, [])
        assert time.monotonic() - started < SOON / 2, "it ended and did not fall silent"


def test_the_same_seed_is_the_same_storm() -> None:
    first, second = (Storm(7, intensity=2.0, doors=("one",)) for _ in range(2))
    assert first.gusts(60) == second.gusts(60)
    assert Storm(8, intensity=2.0, doors=("one",)).gusts(60) != first.gusts(60)
    assert 60 < len(first.gusts(60)) < 240


def test_a_storm_does_what_it_says_and_leaves_nothing(proxy: FaultProxy, client: Client) -> None:
    storm = Storm(3, intensity=20.0, silences=False)
    refused = 0
    with storm.over(proxy, 2.0) as ended:
        while not ended.is_set():
            try:
                client.listed(seconds=3)
            except (*BROKEN, ValueError):
                refused += 1
    assert refused
    assert storm.blown == storm.gusts(2.0)
    assert len(storm.story().splitlines()) == len(storm.blown) + 1
    client.listed()
