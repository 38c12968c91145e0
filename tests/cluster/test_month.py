"""A fleet lives through March 2026 in Berlin, summer time included, on the real control plane.

It opens ready, drains, closes, is paced, spends its budget, and the month turns while it is open.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cluster.simulated import SimulatedClock, SimulatedOperator, simulated_operator
from llamafleet.api.observed import Key
from llamafleet.api.schedule import Schedule
from llamafleet.planning.schedule.windows import Interval, open_intervals
from llamas import Llama
from testbed.control_plane import ControlPlane

pytestmark = pytest.mark.cluster

BERLIN = ZoneInfo("Europe/Berlin")
MARCH = datetime(2026, 3, 1, tzinfo=BERLIN).astimezone(UTC)
APRIL = datetime(2026, 4, 1, tzinfo=BERLIN).astimezone(UTC)
SUMMER_TIME = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
"""02:30 of that Sunday does not exist; 03:00 is the first instant that shows it or a later time."""

SCHEDULE = {
    "timeZone": "Europe/Berlin",
    "windows": [
        {"name": "night", "start": "0 1 * * 1-5", "duration": "4h"},
        {"name": "sunday", "start": "30 2 * * 0", "duration": "2h"},
    ],
}
WANTED = 3
PRICE = Decimal("1.19")
BUDGET = Decimal(260)
"""98 open hours of one replica cost 116.62: this pays for two replicas, not for three."""

SPEED = 10
"""A second of the test is ten of the story. A night begins a cold start and some 70 s early, so the real
control plane has seconds of its own to get the pods ready in."""

DEADLINE = 120.0
"""Seconds of the test, in which anything that is waited for must come; one or two are usual."""


class Story:
    """One fleet, one clock, and what is waited for."""

    def __init__(self, operator: SimulatedOperator, llama: Llama) -> None:
        """Begin where the operator's clock stands."""
        self.operator = operator
        self.clock = operator.clock
        self.llama = llama
        self.budget = BUDGET

    async def apply(self, budget: Decimal) -> None:
        """Create the fleet, or give it another budget."""
        self.budget = budget
        await asyncio.to_thread(
            self.llama.apply,
            scaling={"minReplicas": WANTED, "maxReplicas": WANTED},
            schedule=SCHEDULE,
            cost={"monthlyBudget": str(budget)},
        )
        self.look()

    def look(self) -> None:
        self.operator.look(Key(self.llama.namespace, self.llama.name))

    def at(self, instant: datetime) -> None:
        """Go there at once."""
        self.clock.set(instant)
        self.look()

    async def until(self, holds: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """Wait until the status is so."""
        deadline = asyncio.get_running_loop().time() + DEADLINE
        while True:
            found: dict[str, Any] = (await asyncio.to_thread(self.llama.get)).get("status", {})
            if found and holds(found):
                return found
            late = f"{what}, by {self.clock.now()}: {json.dumps(found, indent=1)}"
            assert asyncio.get_running_loop().time() < deadline, late
            await asyncio.sleep(0.05)

    async def empty(self) -> None:
        """Wait until no pod is left, and the ledger knows."""
        await self.until(lambda status: not meters(status) and status["replicas"] == 0, "no pod to be left")

    async def night(self, window: Interval) -> int:
        """Open early, be ready at the start, and close at the end; how many replicas the money allowed."""
        status = await self.until(lambda status: "schedule" in status, "a schedule")
        lead = timedelta(seconds=status.get("coldStart", {}).get("p95Seconds", 907)) + timedelta(minutes=1)
        self.at(window.start - lead - timedelta(seconds=10))
        status = await self.until(is_ready, "the fleet to be ready")
        since = condition(status, "Ready")["lastTransitionTime"]
        assert since <= text(window.start), "it is ready at the start of its window"
        assert condition(status, "WindowOpen")["reason"] == "PreWarming"
        self.at(window.start)
        status = await self.until(lambda status: status["schedule"]["open"], "the window to be open")
        assert status["schedule"]["nextTransition"] == text(window.end)
        assert status["schedule"]["window"] == window.window
        replicas = int(status["desiredReplicas"])
        self.at(window.end - timedelta(seconds=5))
        await self.until(lambda status: not status["schedule"]["open"], "the window to be closed")
        await self.empty()
        return replicas


def meters(status: dict[str, Any]) -> list[Any]:
    found: list[Any] = status.get("cost", {}).get("ledger", {}).get("meters", [])
    return found


def is_ready(status: dict[str, Any]) -> bool:
    complete = condition(status, "Ready")["reason"] == "AllReplicasReady"
    return complete and bool(status["readyReplicas"] == status["desiredReplicas"] > 0)


def looked_since(instant: datetime) -> Callable[[dict[str, Any]], bool]:
    return lambda status: status["cost"]["ledger"]["at"] >= text(instant)


def condition(status: dict[str, Any], kind: str) -> dict[str, Any]:
    return next((item for item in status["conditions"] if item["type"] == kind), {})


def text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.timeout(1500)
def test_a_month_with_windows_and_a_budget(installed: ControlPlane, namespace: str, tmp_path: Path) -> None:
    llama = Llama(installed, namespace, "march")

    async def month() -> None:
        clock = SimulatedClock(MARCH, SPEED)
        async with simulated_operator(installed, tmp_path, clock) as operator:
            await live_through(Story(operator, llama))

    asyncio.run(month())
    told = [event["reason"] for event in events(installed, namespace)]
    assert told.count("WindowOpened") == told.count("WindowClosed")
    assert {"Budget50PercentSpent", "Budget80PercentSpent", "Budget100PercentSpent"} <= {*told}


async def live_through(story: Story) -> None:
    """March, night by night, and the first of April."""
    await story.apply(BUDGET)
    nights = open_intervals(Schedule.model_validate(SCHEDULE), MARCH, APRIL)
    assert len(nights) == 27
    assert SUMMER_TIME in {night.start for night in nights}
    allowed = [await story.night(night) for night in nights[:14]]
    assert set(allowed) == {2}, "two of three, because the hours that are left share the money"
    status = await story.until(lambda status: "WithinBudget" in str(status), "a word on the budget")
    await spend_everything(story, nights[14], Decimal(status["cost"]["monthToDate"]))
    await story.apply(BUDGET)
    allowed = [await story.night(night) for night in nights[15:]]
    assert set(allowed) == {2, WANTED}, "what was saved is spent on the last nights"
    await turn_the_month(story)


async def spend_everything(story: Story, night: Interval, spent: Decimal) -> None:
    """One night with so little money left that the fleet is stopped in the middle of it."""
    little = spent + PRICE * 5 / 2
    await story.apply(little)
    story.at(night.start - timedelta(minutes=5))
    await story.until(is_ready, "the fleet to be ready")
    story.at(night.start)
    await story.until(lambda status: status["schedule"]["open"], "the window to be open")
    for minutes in (60, 120, 144):
        instant = night.start + timedelta(minutes=minutes)
        story.at(instant)
        await story.until(looked_since(instant), "a look")
    status = await story.until(lambda status: status["desiredReplicas"] == 0, "the money to be spent")
    assert condition(status, "WithinBudget")["reason"] == "BudgetExhausted"
    assert status["schedule"]["open"], "the window is open, and the money is not there"
    await story.empty()
    status = await story.until(lambda status: not meters(status), "the bill")
    assert Decimal(status["cost"]["monthToDate"]) <= little
    story.at(night.end)
    await story.until(lambda status: not status["schedule"]["open"], "the window to be closed")


async def turn_the_month(story: Story) -> None:
    """A person keeps the fleet open over midnight: the month turns while pods run."""
    story.at(APRIL - timedelta(minutes=30))
    before = await story.until(lambda status: not meters(status), "the end of the last night")
    end = text(APRIL + timedelta(minutes=30))
    await asyncio.to_thread(annotate, story.llama, f"llamafleet.io/open-until={end}")
    story.look()
    status = await story.until(is_ready, "the fleet to be ready")
    assert condition(status, "WindowOpen")["reason"] == "OpenedByHand"
    story.at(APRIL)
    status = await story.until(lambda status: status["cost"]["ledger"]["month"] == "2026-04", "April")
    assert Decimal(status["cost"]["monthToDate"]) < PRICE
    march = Decimal(status["cost"]["ledger"]["lastMonth"]["usd"])
    assert Decimal(before["cost"]["monthToDate"]) < march <= story.budget
    billed = bill(story.operator, MARCH, APRIL)
    assert abs(march - billed) <= billed / 1000, "an account of its own comes to the same"
    story.at(APRIL + timedelta(minutes=30))
    await story.until(lambda status: not status["schedule"]["open"], "the fleet to be closed")
    await story.empty()


def bill(operator: SimulatedOperator, start: datetime, end: datetime) -> Decimal:
    """What the pods have cost, from when they were bound and gone in the events of the watch."""
    times, total = operator.times, Decimal(0)
    for uid, bound in times.bound.items():
        gone = times.gone.get(uid, operator.clock.now())
        lived = max(timedelta(), min(gone, end) - max(bound, start))
        total += PRICE * int(lived.total_seconds()) / 3600
    return total


def annotate(llama: Llama, annotation: str) -> None:
    llama.cluster.kubectl(
        "annotate", "llama", llama.name, f"--namespace={llama.namespace}", "--overwrite", annotation
    )


def events(cluster: ControlPlane, namespace: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(
        cluster.kubectl("get", "events", f"--namespace={namespace}", "-o", "json")
    )["items"]
    return [item for item in items if item["involvedObject"]["kind"] == "LlamaDeployment"]
