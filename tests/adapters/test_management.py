"""The management port, asked over HTTP as Prometheus and the kubelet ask."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from llamafleet.adapters.management import management, serve
from testbed.processes import reserved_port


@asynccontextmanager
async def served(registry: CollectorRegistry, missing: list[str]) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a management port that waits for what the list names."""
    with reserved_port() as port:
        runner = await serve(management(registry, lambda: ", ".join(missing)), port)
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
                yield client
        finally:
            await runner.cleanup()


async def get(client: aiohttp.ClientSession, path: str) -> tuple[int, str]:
    async with client.get(path) as answer:
        return answer.status, await answer.text()


def test_ready_is_who_waits_for_nothing_and_alive_is_who_answers() -> None:
    async def story() -> None:
        missing = ["pods", "services"]
        async with served(CollectorRegistry(), missing) as client:
            assert await get(client, "/readyz") == (503, "pods, services")
            assert await get(client, "/healthz") == (200, "ok")
            missing.clear()
            assert await get(client, "/readyz") == (200, "ok")
            assert (await get(client, "/elsewhere"))[0] == 404

    asyncio.run(story())


@pytest.mark.parametrize(
    ("accept", "form", "end"),
    [
        ("*/*", "text/plain", ""),
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "application/openmetrics", "# EOF"),
    ],
)
def test_the_metrics_come_in_the_form_that_the_client_takes(accept: str, form: str, end: str) -> None:
    async def story() -> None:
        registry = CollectorRegistry()
        Counter("things", "Things.", registry=registry).inc(3)
        async with (
            served(registry, []) as client,
            client.get("/metrics", headers={"Accept": accept}) as answer,
        ):
            text = await answer.text()
            assert answer.headers["Content-Type"].startswith(form)
            assert answer.headers["Content-Encoding"] == "deflate"  # aiohttp asks for it, and unpacks it
            assert "things_total 3.0" in text
            assert text.rstrip().endswith(end)

    asyncio.run(story())


class Blocking(Collector):
    """Metrics that are not written out before the test says so."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self.go_on = threading.Event()
        self.at_once = self.most_at_once = 0

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        assert self.go_on.wait(60)
        self.at_once -= 1
        yield GaugeMetricFamily("slow", "Slow.", value=1)


def test_the_loop_goes_on_while_metrics_are_written_out_and_scrapes_wait_for_each_other() -> None:
    async def story() -> None:
        registry, slow = CollectorRegistry(), Blocking()
        registry.register(slow)
        async with served(registry, []) as client:
            scrapes = [asyncio.create_task(get(client, "/metrics")) for _ in range(3)]
            started = time.monotonic()
            assert await get(client, "/readyz") == (200, "ok")
            assert time.monotonic() - started < 30, "half of what a scrape would take"
            slow.go_on.set()
            assert [status for status, _ in await asyncio.gather(*scrapes)] == [200, 200, 200]
            assert slow.most_at_once == 1

    asyncio.run(story())


def test_what_is_no_http_leaves_no_word_of_its_own_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with served(CollectorRegistry(), []) as client:
            base = client._base_url  # noqa: SLF001 - the port that was chosen above
            assert base is not None
            reader, writer = await asyncio.open_connection("127.0.0.1", base.port)
            writer.write(b"GET /metrics\x01 secret-of-a-stranger HTTP/9\r\n\r\n")
            assert b"400" in await reader.readline()
            writer.close()
            await writer.wait_closed()

    with caplog.at_level(logging.DEBUG):
        asyncio.run(story())
    assert "secret-of-a-stranger" not in caplog.text
