"""A quiet fleet writes nothing, also with windows and money: only what is new is written."""

from datetime import timedelta

import pytest

from llamafleet.errors import Unavailable
from reconcile.nights import BUSY, IDLE, Night, nightly, utc, writes

MINUTE = timedelta(minutes=1)
COST = {"monthlyBudget": "900", "hourlyLimit": "5", "compareWith": "openai/gpt-4.1"}


def serving(**spec: object) -> Night:
    """A fleet with windows and money that serves, and whose status says so as of one o'clock."""
    night = nightly("2026-11-21 00:30", cost=COST, **spec).look()
    night.starts("a")
    night.look()
    night.now = utc("2026-11-21 00:40")
    night.ready("a")
    night.look()
    night.now = utc("2026-11-21 01:00")
    night.world.roll_out(*night.world.running)
    night.look()
    return night


def test_fourteen_minutes_are_no_news_and_the_fifteenth_is_written() -> None:
    night = serving()
    begin = utc(night.cost["ledger"]["at"].replace("T", " ").replace("Z", ""))
    minutes = [
        begin + minute * MINUTE
        for minute in range(1, 60)
        if begin + minute * MINUTE < utc("2026-11-21 04:00")
    ]
    assert writes(night, minutes) == [begin + minute * MINUTE for minute in (15, 30, 45)]


def test_the_figures_of_a_status_are_of_the_instant_that_its_account_names() -> None:
    night = serving()
    for minute in range(0, 59, 7):
        night.look(f"2026-11-21 02:{minute:02}")
        at = utc(night.cost["ledger"]["at"].replace("T", " ").replace("Z", ""))
        hours = (at - utc("2026-11-21 00:30")) / timedelta(hours=1)
        assert float(night.cost["monthToDate"]) == pytest.approx(1.19 * hours, abs=0.0051)


def test_figures_are_written_with_whatever_else_is_new() -> None:
    night = serving()
    night.look("2026-11-21 01:05")
    before = night.cost["projectedMonth"]
    night.edit(replicas=2)
    night.look()
    assert night.cost["projectedMonth"] != before


def test_a_closed_fleet_is_quiet_from_one_window_to_the_next_early_start() -> None:
    night = nightly("2026-11-20 04:00", cost=COST).look()
    hours = [utc("2026-11-20 04:00") + hour * 10 * MINUTE for hour in range(118)]
    assert writes(night, hours) == []
    assert writes(night, [utc("2026-11-20 23:44")]) == [utc("2026-11-20 23:44")]


def test_a_fleet_whose_money_is_spent_is_quiet_to_the_end_of_the_month() -> None:
    fleet = Night("2026-11-01 00:00", {"cost": {"monthlyBudget": "20"}}).look()
    fleet.starts("a")
    fleet.look().look("2026-11-01 16:45")
    fleet.delete("a")
    fleet.now = utc("2026-11-01 16:46")
    fleet.remove("a")
    fleet.look()
    assert fleet.replicas == 0
    assert (
        writes(fleet, [utc("2026-11-02 00:00") + hour * timedelta(hours=1) for hour in range(29 * 24)]) == []
    )
    assert writes(fleet, [utc("2026-12-01 00:00")]) == [utc("2026-12-01 00:00")]


def test_a_quiet_fleet_offers_no_event_either() -> None:
    """Each would be a request, although it is one Event."""
    night = serving()
    night.edit(cost={"monthlyBudget": "30"})
    night.look("2026-11-21 01:01")
    assert "CeilingExceedsBudget" in night.told()
    offered = len(night.world.attempts)
    for minute in range(2, 59):
        night.look(f"2026-11-21 01:{minute:02}")
        night.restart()
    assert len(night.world.attempts) == offered


def test_work_that_comes_and_goes_is_news_once_each_time() -> None:
    night = serving()
    begin = night.now
    night.say(IDLE, "a")
    assert len(writes(night, [begin + minute * MINUTE for minute in range(1, 5)])) == 1
    night.say(BUSY, "a")
    assert len(writes(night, [begin + minute * MINUTE for minute in range(5, 9)])) == 1


def test_tokens_that_are_worked_through_are_no_news_of_their_own() -> None:
    night = serving()
    begin, wrote = night.now, []
    for minute in range(1, 10):
        night.say(type(BUSY)(1, 2, 100 + 1000 * minute, 10), "a")
        wrote += writes(night, [begin + minute * MINUTE])
    assert len(wrote) <= 1, "but for the checkpoint of the quarter of an hour"


def test_an_open_fleet_that_may_close_early_is_looked_at_each_minute_without_a_write() -> None:
    night = serving(schedule={"closeWhenIdle": True})
    begin = utc(night.cost["ledger"]["at"].replace("T", " ").replace("Z", ""))
    assert writes(night, [begin + minute * MINUTE for minute in range(1, 15)]) == []
    assert night.wake == begin + 15 * MINUTE


def test_a_lasting_failure_of_a_child_writes_the_status_once_also_with_money() -> None:
    night = serving()
    del night.world.objects["Service"]
    night.world.refused["Service"] = Unavailable("HTTP 500")
    night.world.writes.clear()
    for second in range(5):
        with pytest.raises(Unavailable):
            night.look(f"2026-11-21 01:00:0{second}")
    assert night.world.writes == ["status"]
