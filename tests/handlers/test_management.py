"""The operator's own port: what it shows, and that a scrape costs little."""

import asyncio
import contextlib
import time

import aiohttp
import pytest
from prometheus_client import REGISTRY, generate_latest

from llamafleet.adapters import looplag
from llamafleet.adapters.fleetmetrics import FleetMetrics
from llamafleet.adapters.metrics import LOOP_LAG
from llamafleet.api.observed import Key
from llamafleet.handlers.management import management, shown
from testbed.processes import reserved_port

BODY = {"status": {"desiredReplicas": 3, "cost": {"hourlyRate": "3.57", "monthToDate": "856.80"}}}


def fleets_of(count: int) -> FleetMetrics:
    there = [Key(f"team-{number % 40}", f"fleet-{number}") for number in range(count)]
    fleets = FleetMetrics(lambda: True, lambda: there)
    for key in there:
        fleets.saw(key, BODY)
    return fleets


def test_metrics_and_readiness_are_served_for_the_length_of_the_block() -> None:
    async def story() -> None:
        with shown(fleets_of(1)), reserved_port() as port:
            url = f"http://127.0.0.1:{port}"
            async with aiohttp.ClientSession(url) as client:
                async with management(port, lambda: "the views"):
                    async with client.get("/readyz") as answer:
                        assert (answer.status, await answer.text()) == (503, "the views")
                    async with client.get("/metrics") as answer:
                        text = await answer.text()
                    for words in (
                        "llamafleet_build_info{",
                        "llamafleet_loop_lag_seconds_bucket",
                        "process_cpu",
                    ):
                        assert words in text
                    assert (
                        'llamafleet_fleet_hourly_rate_dollars{name="fleet-0",namespace="team-0"} 3.57' in text
                    )
                with pytest.raises(aiohttp.ClientConnectionError):
                    await client.get("/readyz")

    asyncio.run(story())
    assert b"llamafleet_fleet_" not in generate_latest(REGISTRY), "the collector stays in the registry"


def test_without_a_port_nothing_is_served() -> None:
    async def story() -> None:
        before = len(asyncio.all_tasks())
        async with management(0, lambda: ""):
            assert len(asyncio.all_tasks()) == before

    asyncio.run(story())


def test_a_loop_that_is_held_up_shows_for_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looplag, "LOOK_SECONDS", 0.01)

    def slow() -> float:
        """Looks that came more than a tenth of a second late."""
        (family,) = LOOP_LAG.collect()
        buckets = {sample.labels.get("le"): sample.value for sample in family.samples}
        return buckets["+Inf"] - buckets["0.1"]

    async def story() -> None:
        task = asyncio.create_task(looplag.measure_lag())
        await asyncio.sleep(0.005)
        before = slow()
        time.sleep(0.2)  # noqa: ASYNC251 - this is the hold-up
        await asyncio.sleep(0.005)
        assert slow() == before + 1
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(story())


def test_a_scrape_of_a_thousand_fleets_takes_little_of_the_processor() -> None:
    """30 ms when this was written; the bound leaves room for a slower machine, not for another order."""
    took = []
    with shown(fleets_of(1000)):
        for _ in range(5):  # the garbage of all tests before may be collected during one of them
            began = time.thread_time()
            assert len(generate_latest(REGISTRY)) > 300_000
            took.append(time.thread_time() - began)
    assert min(took) < 0.3
