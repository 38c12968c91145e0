"""The process is alive as long as it hears of the cluster, and answers."""

import asyncio

import aiohttp

from llamafleet.handlers.liveness import liveness
from testbed.processes import reserved_port


def test_three_minutes_of_silence_are_the_end_and_nothing_less() -> None:
    silence = 0.0

    async def story() -> None:
        nonlocal silence
        with reserved_port() as port:
            address = f"http://127.0.0.1:{port}/healthz"
            async with aiohttp.ClientSession() as client, liveness(address, lambda: silence):
                for silence, status in ((0.0, 200), (179.9, 200), (180.1, 500), (1.0, 200)):
                    async with client.get(address) as answer:
                        assert (answer.status, await answer.json()) == (status, {"silent_seconds": silence})
                async with client.get(f"http://127.0.0.1:{port}/other") as answer:
                    assert answer.status == 404

    asyncio.run(story())


def test_without_an_address_there_is_nothing() -> None:
    async def story() -> None:
        async with liveness(None, lambda: 0.0):
            pass

    asyncio.run(story())
