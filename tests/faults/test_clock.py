"""Clocks that jump: those of a zone, which do so by law, and those of a machine, which should not.

The operator's parts are the real ones and so is the control plane; its clock is set by the test.
"""

import asyncio
import zoneinfo
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cluster.simulated import SimulatedClock, SimulatedOperator, simulated_operator
from faults.simulated_story import at, condition, text, until
from llamafleet.planning.money import months
from llamafleet.planning.schedule import checks, cron, localtime, timeline, windows
from llamas import Llama
from testbed.control_plane import ControlPlane

pytestmark = pytest.mark.cluster

BERLIN = "Europe/Berlin"
MINUTE = timedelta(minutes=1)
BEFORE = 10 * MINUTE
"""Twenty seconds of the test: no machine is so busy that a look takes as long."""

SPRING = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
"""The clocks of Berlin go from 02:00 to 03:00: 02:30 does not exist."""

AUTUMN = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
"""They go from 03:00 back to 02:00: 02:30 exists at 00:30 and at 01:30 UTC."""

LEAP_DAY = datetime(2028, 2, 29, tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)


def schedule(**starts: str) -> dict[str, Any]:
    """Windows of half an hour in Berlin, nothing early, by name and cron text."""
    daily = [{"name": name, "start": cron, "duration": "30m"} for name, cron in starts.items()]
    return {"timeZone": BERLIN, "windows": daily, "preWarm": "0s"}


def is_open(status: dict[str, Any]) -> bool:
    return bool(status["schedule"]["open"] and status["desiredReplicas"] == 1)


def is_closed(status: dict[str, Any]) -> bool:
    return bool(not status["schedule"]["open"] and status["desiredReplicas"] == 0)


def turn(status: dict[str, Any]) -> str:
    """When it turns next, as the status has it."""
    return str(status["schedule"]["nextTransition"])


async def turns(operator: SimulatedOperator, llama: Llama, instant: datetime, *, opens: bool) -> None:
    """It is the other way round ten minutes before this instant, and so from this instant on."""
    before, after = (is_closed, is_open) if opens else (is_open, is_closed)
    at(operator, instant - BEFORE, llama)
    await until(llama, lambda status: before(status) and turn(status) == text(instant), f"before {instant}")
    at(operator, instant, llama)
    await until(llama, after, f"at {instant}")


@pytest.fixture
def fleet(installed: ControlPlane, namespace: str) -> Llama:
    return Llama(installed, namespace, "night")


def test_a_start_that_does_not_exist_and_one_that_exists_twice_open_once(
    installed: ControlPlane, fleet: Llama, tmp_path: Path
) -> None:
    """Beside them a leap day, which comes once in four years."""

    async def story() -> None:
        clock = SimulatedClock(SPRING - timedelta(hours=1))
        async with simulated_operator(installed, tmp_path, clock) as operator:
            await asyncio.to_thread(fleet.apply, schedule=schedule(night="30 2 * 3,10 0", leap="0 12 29 2 *"))
            await turns(operator, fleet, SPRING, opens=True)
            await turns(operator, fleet, SPRING + 30 * MINUTE, opens=False)
            first = AUTUMN - 30 * MINUTE
            await turns(operator, fleet, first, opens=True)
            await turns(operator, fleet, AUTUMN, opens=False)
            at(operator, AUTUMN + 40 * MINUTE, fleet)
            found = await until(fleet, is_closed, "the second 02:30")
            assert turn(found) == "2027-03-07T01:30:00Z", "the next one is in March"
            noon = LEAP_DAY + timedelta(hours=12)
            await turns(operator, fleet, noon, opens=True)
            await turns(operator, fleet, noon + 30 * MINUTE, opens=False)

    asyncio.run(story())
    assert fleet.told() == ["WindowOpened", "WindowClosed"] * 3


def test_a_window_that_began_while_nobody_was_there_is_open_and_one_that_ended_is_closed(
    installed: ControlPlane, fleet: Llama, tmp_path: Path
) -> None:
    """The level counts, not the edge: nobody heard the bell at either end."""
    start = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
    daily = [{"name": "night", "start": "0 1 * * *", "duration": "4h"}]

    async def at_once(instant: datetime, folder: str, *, opens: bool) -> dict[str, Any]:
        (tmp_path / folder).mkdir()
        async with simulated_operator(installed, tmp_path / folder, SimulatedClock(instant)) as operator:
            at(operator, instant, fleet)
            return await until(fleet, is_open if opens else is_closed, folder)

    fleet.apply(schedule={"windows": daily, "preWarm": "0s"})
    asyncio.run(at_once(start - timedelta(hours=2), "the evening", opens=False))
    found = asyncio.run(at_once(start + 7 * MINUTE, "seven minutes late", opens=True))
    assert found["schedule"]["nextTransition"] == text(start + timedelta(hours=4))
    asyncio.run(at_once(start + timedelta(hours=9), "the next morning", opens=False))
    assert fleet.told() == ["WindowOpened", "WindowClosed"]


def test_a_clock_that_is_stepped_does_not_undo_what_was_paid_or_say_anything_twice(
    installed: ControlPlane, fleet: Llama, tmp_path: Path
) -> None:
    """Back by an hour and forth by two, while a replica runs."""
    noon = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
    daily = [{"name": "day", "start": "0 9 * * *", "duration": "8h"}]

    async def story() -> None:
        async with simulated_operator(installed, tmp_path, SimulatedClock(noon)) as operator:
            at(operator, noon, fleet)
            await until(fleet, lambda status: status["readyReplicas"] == 1, "a ready replica")
            (pod,) = await asyncio.to_thread(fleet.pods)
            for hours, replicas in ((2, 1), (1, 2), (3, 2)):
                now = noon + timedelta(hours=hours)
                await asyncio.to_thread(fleet.patch, replicas=replicas)
                at(operator, now, fleet)
                found = await until(fleet, looked(now, replicas), f"a look at {now}")
                paid.append(Decimal(found["cost"]["monthToDate"]))
            assert pod["metadata"]["uid"] in await asyncio.to_thread(fleet.uids)
            at(operator, noon - timedelta(hours=10), fleet)
            await until(fleet, lambda status: status["desiredReplicas"] == 0, "the night before")
            at(operator, noon + timedelta(hours=4), fleet)
            await until(fleet, lambda status: status["schedule"]["open"], "the day")

    paid: list[Decimal] = []
    fleet.apply(replicas=1, schedule={"windows": daily}, cost={"monthlyBudget": "500.00"})
    asyncio.run(story())
    assert paid == sorted(paid)
    assert Decimal("5.7") < paid[-1] < Decimal("6.2"), "three hours of the one, two of the other, at 1.19"


def looked(now: datetime, replicas: int) -> Callable[[dict[str, Any]], bool]:
    """The account is at least of this instant, and so many replicas are ready and in it."""

    def holds(status: dict[str, Any]) -> bool:
        ledger = status.get("cost", {}).get("ledger", {})
        counted = len(ledger.get("meters", ())) == status["readyReplicas"] == replicas
        return counted and str(ledger["at"]) >= text(now)

    return holds


@pytest.fixture
def other_zones(tmp_path: Path) -> Iterator[Path]:
    """A zone database by which Berlin has the clocks of Tokyo: what a government may decide in a week."""
    folder, tokyo = tmp_path / "zones", ZoneInfo.no_cache("Asia/Tokyo").key
    for place in (*zoneinfo.TZPATH,):
        found = Path(place) / tokyo
        if found.exists():
            (folder / "Europe").mkdir(parents=True)
            (folder / BERLIN).write_bytes(found.read_bytes())
            break
    else:
        pytest.skip("this machine keeps its zones elsewhere")
    before = zoneinfo.TZPATH
    yield folder
    _use_zones(*before)


def _use_zones(*places: str) -> None:
    """What a process that starts with this database sees."""
    zoneinfo.reset_tzpath(to=places)
    ZoneInfo.clear_cache()
    for module in (checks, cron, localtime, timeline, windows, months):
        for part in vars(module).values():
            if hasattr(part, "cache_clear"):
                part.cache_clear()


def test_after_a_change_of_the_zone_database_the_fleet_follows_the_new_clocks(
    installed: ControlPlane, fleet: Llama, tmp_path: Path, other_zones: Path
) -> None:
    """A process keeps the database with which it began: another one comes with another image."""
    noon = datetime(2026, 11, 18, 12, 0, tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)
    daily = [{"name": "day", "start": "0 9 * * *", "duration": "8h"}]

    async def story(folder: str, *, opens: bool) -> dict[str, Any]:
        (tmp_path / folder).mkdir()
        async with simulated_operator(installed, tmp_path / folder, SimulatedClock(noon)) as operator:
            at(operator, noon, fleet)
            return await until(fleet, is_open if opens else is_closed, folder)

    fleet.apply(schedule={"timeZone": BERLIN, "windows": daily, "preWarm": "0s"})
    asyncio.run(story("old", opens=True))
    _use_zones(str(other_zones))
    found = asyncio.run(story("new", opens=False))
    assert found["schedule"]["nextTransition"] == "2026-11-19T00:00:00Z", "nine o'clock by the new clocks"
    assert condition(found, "WindowOpen")["reason"] == "Closed"
