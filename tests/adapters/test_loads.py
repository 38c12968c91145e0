"""What pods say of their work, over real HTTP on loopback; and what they say that is no reading."""

import asyncio
import gzip
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.servers import (
    GOOD,
    Talk,
    answering,
    end_in_the_middle,
    hang_in_the_middle,
    never_answer,
    never_end,
    never_end_the_headers,
    out_of_reach,
    redirecting_to,
    say_nothing,
    serving,
)
from builders import pod
from llamafleet.adapters import loads
from llamafleet.adapters.asking import CONNECT_SECONDS
from llamafleet.adapters.loads import AT_ONCE, BODY_BYTES, SECONDS, Loads, is_pod_address
from llamafleet.api.observed import Load, PodSeen
from llamafleet.planning.scaling.signals import QUEUE_LOOK

READING = Load(running=2, waiting=15, prompt_tokens=2708, generation_tokens=3129)
DEADLINE = 5.0
"""Seconds. Where one must pass, a busy machine has that long for those that answer."""


@pytest.fixture(autouse=True)
def no_deadline_on_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pods that answer have time, but for the tests of the deadline, which set one."""
    monkeypatch.setattr(loads, "SECONDS", 60.0)


ADDRESSES = {
    "10.244.0.7": True,
    "100.64.3.9": True,
    "240.10.0.3": True,
    "8.8.8.8": True,
    "fd00:10:244::7": True,
    "2001:db8::1": True,
    "127.0.0.1": False,
    "127.8.8.8": False,
    "0.0.0.0": False,  # noqa: S104 - an address that nobody may be asked at
    "169.254.169.254": False,
    "224.0.0.1": False,
    "::1": False,
    "::": False,
    "fe80::1": False,
    "fe80::1%eth0": False,
    "fd00:10:244::7%eth0": False,
    "fd00:10:244::7%@127.0.0.1": False,
    "ff02::1": False,
    "::ffff:127.0.0.1": False,
    "::ffff:169.254.169.254": False,
    "": False,
    "localhost": False,
    "10.244.0.7:9000": False,
    "10.244.0.7/metrics?": False,
    "user@10.244.0.7": False,
    "0x7f000001": False,
    "2130706433": False,
    "kubernetes.default.svc": False,
}


@pytest.mark.parametrize(("address", "asked"), ADDRESSES.items())
def test_which_addresses_may_be_asked(address: str, asked: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_pod_address(address) is asked


def ready(address: str, uid: str = "") -> PodSeen:
    return pod(uid=uid or f"at {address}", address=address, ready=True)


def readings(*talks: Talk) -> list[Load | None]:
    """What comes of asking a pod behind each of these."""

    async def story() -> list[Load | None]:
        async with serving(*talks) as (port, addresses):
            found = await Loads(port, lambda _: True).of("default", [ready(address) for address in addresses])
        assert set(found) <= {f"at {address}" for address in addresses}
        return [found.get(f"at {address}") for address in addresses]

    return asyncio.run(story())


STRANGE: Mapping[str, Talk] = {
    "it takes the request and hangs up": say_nothing,
    "it never answers": never_answer,
    "it closes its side in the middle": end_in_the_middle,
    "it stops in the middle": hang_in_the_middle,
    "it never ends": never_end,
    "its headers never end": never_end_the_headers,
    "it is no HTTP": answering(GOOD, "SSH-2.0-OpenSSH_9.2"),
    "it is one byte too long": answering(GOOD + b"#" * (BODY_BYTES - len(GOOD)) + b"\n"),
    "it answers with an error": answering(GOOD, "503 Service Unavailable"),
    "it answers in part": answering(GOOD, "206 Partial Content"),
    "it sends a compressed body": answering(
        gzip.compress(GOOD), "200 OK", "Content-Encoding: gzip", "Connection: close"
    ),
    "it claims a negative length": answering(GOOD, "200 OK", "Content-Length: -5"),
}


def test_pods_with_a_strange_answer_are_missing_and_do_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loads, "SECONDS", DEADLINE)
    good = answering(GOOD)
    started = time.monotonic()
    found = readings(good, *STRANGE.values(), good)
    assert dict(zip(STRANGE, found[1:-1], strict=True)) == dict.fromkeys(STRANGE)
    assert (found[0], found[-1]) == (READING, READING)
    assert time.monotonic() - started < 2 * DEADLINE, "one deadline for all of them together"


def test_a_body_of_just_the_limit_is_read() -> None:
    filler = b"#" * (BODY_BYTES - len(GOOD) - 1) + b"\n"
    assert readings(answering(GOOD + filler)) == [READING]


def test_the_deadlines_suit_a_look_every_fifteen_seconds() -> None:
    assert (CONNECT_SECONDS, SECONDS) == (1.5, 4.0)
    assert QUEUE_LOOK.total_seconds() > 3 * SECONDS, "a fleet with a pod that hangs leaves its worker alone"


def test_pods_of_a_dead_node_do_not_take_the_place_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads, "AT_ONCE", 2)

    async def story() -> None:
        async with serving(answering(GOOD)) as (port, (good,)):
            with out_of_reach("127.0.0.8", port), out_of_reach("127.0.0.9", port):
                pods = [ready(address) for address in ("127.0.0.8", "127.0.0.9", good)]
                assert await Loads(port, lambda _: True).of("default", pods) == {f"at {good}": READING}

    asyncio.run(story())


def test_more_pods_that_hang_than_are_asked_at_once_cost_one_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loads, "SECONDS", DEADLINE)

    async def story() -> None:
        async with serving(answering(GOOD), never_answer) as (port, (good, hung)):
            pods = [ready(hung, uid=str(number)) for number in range(2 * AT_ONCE)]
            started = time.monotonic()
            assert await Loads(port, lambda _: True).of("default", [ready(good), *pods]) == {
                f"at {good}": READING
            }
            assert time.monotonic() - started < 2 * DEADLINE

    asyncio.run(story())


def test_a_redirect_is_not_followed() -> None:
    async def story() -> None:
        asked: list[str] = []

        async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append("the other")
            await answering(GOOD)(reader, writer)

        async with serving(note) as (port, (other,)), serving(redirecting_to(other, port)) as (at, _):
            assert await Loads(at, lambda _: True).of("default", [ready("127.0.0.2")]) == {}
        assert asked == []

    asyncio.run(story())


def test_a_pod_learns_nothing_of_us(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credential, no cookie of another pod, no proxy and no netrc of the environment."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login secret password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    heard: list[list[str]] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append((await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n"))
        head = f"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: {len(GOOD)}\r\n\r\n"
        writer.write(head.encode() + GOOD)

    assert readings(listen, listen) == [READING, READING]
    for number, (first, *headers) in enumerate(sorted(heard, key=lambda lines: lines[1])):
        assert first == "GET /metrics HTTP/1.1"
        assert headers[0].startswith(f"Host: 127.0.0.{number + 2}:")
        usual = ["User-Agent: llamafleet", "Accept: text/plain", "Accept-Encoding: identity"]
        assert headers[1:] == [*usual, "Connection: close"]


def test_only_ready_pods_with_an_address_that_may_be_asked_are_asked() -> None:
    async def story() -> None:
        asked: list[str] = []

        async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(writer.get_extra_info("sockname")[0])
            await answering(GOOD)(reader, writer)

        async with serving(note, note, note) as (port, (one, two, three)):
            pods = [ready(one), pod(address=two), ready(three), pod(uid="new", ready=True)]
            assert await Loads(port, lambda address: address != three).of("default", pods) == {
                f"at {one}": READING
            }
            assert await Loads(port).of("default", pods) == {}, "loopback is nobody's pod"
        assert asked == [one]

    asyncio.run(story())


def test_nobody_listens_and_nobody_is_asked() -> None:
    async def story() -> None:
        async with serving(never_answer) as (port, _):
            pass
        assert await Loads(port, lambda _: True).of("default", [ready("127.0.0.2")]) == {}
        assert await Loads(port, lambda _: True).of("default", []) == {}

    asyncio.run(story())


def test_a_fleet_of_hundreds_is_asked_some_at_a_time() -> None:
    async def story() -> None:
        now, most = 0, 0

        async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await answering(GOOD)(reader, writer)
            now -= 1

        pods = [ready("127.0.0.2", uid=str(number)) for number in range(300)]
        async with serving(count) as (port, _):
            assert await Loads(port, lambda _: True).of("default", pods) == {one.uid: READING for one in pods}
        assert 1 < most <= AT_ONCE

    asyncio.run(story())


def test_a_caller_that_goes_away_leaves_nothing_behind() -> None:
    async def story() -> None:
        async with serving(never_answer) as (port, _):
            before = asyncio.all_tasks()
            task = asyncio.create_task(_of(Loads(port, lambda _: True)))
            while len(asyncio.all_tasks()) < len(before) + 3:  # ours, the question, and the server's side
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert not [left for left in asyncio.all_tasks() - before if "Loads" in repr(left.get_coro())]

    asyncio.run(story())


async def _of(asked: Loads) -> None:
    await asked.of("default", [ready("127.0.0.2")])
