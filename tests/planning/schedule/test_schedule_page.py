"""The page about schedules shows what the schedule says: every example, and every refusal word for word."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml

from builders import ROOT
from cases.bad import BAD
from llamafleet.api.schedule import Schedule
from llamafleet.errors import InvalidSpec
from llamafleet.planning.schedule.checks import check_schedule, too_short
from llamafleet.planning.schedule.opening import read_overrides
from llamafleet.planning.schedule.windows import Interval, open_intervals
from planning.schedule.schedules import schedule

PAGE = (ROOT / "docs" / "schedule.md").read_text("utf-8")
BLOCKS = re.findall(r"```(yaml|text)\n(.*?)```", PAGE, re.DOTALL)

TIMES = [
    ("2026-03-27 00:00", "2026-04-01 00:00"),
    ("2026-03-28 00:00", "2026-03-31 00:00"),
    ("2026-10-24 00:00", "2026-10-27 00:00"),
    ("2026-10-25 00:00", "2026-10-26 00:00"),
    ("2026-12-23 12:00", "2026-12-28 12:00"),
]
"""What each example shows, in their order, by the clock of its zone."""

WEEKDAYS = ("0 1 * * 1-5", "4h")


def shown() -> list[tuple[Schedule, str]]:
    """Each example with the schedule above it."""
    found, above = [], None
    for kind, text in BLOCKS:
        if kind == "yaml":
            above = Schedule.model_validate(yaml.safe_load(text)["schedule"])
        else:
            assert above is not None
            found.append((above, text))
    return found


def line(interval: Interval, zone: ZoneInfo) -> str:
    """An interval as the page writes it."""
    start, end = interval.start.astimezone(zone), interval.end.astimezone(zone)
    begin = f"{start:%a %Y-%m-%d %H:%M} {start:%Z}"
    return f"{begin:<25} to {f'{end:%a %H:%M %Z}':<14}  {interval.window or 'exception'}"


@pytest.mark.parametrize(("example", "times"), list(enumerate(TIMES)))
def test_an_example_is_what_the_schedule_says(example: int, times: tuple[str, str]) -> None:
    assert len(shown()) == len(TIMES)
    given, text = shown()[example]
    check_schedule(given)
    zone = ZoneInfo(given.time_zone)
    begin, end = (datetime.fromisoformat(local).replace(tzinfo=zone) for local in times)
    assert text.splitlines() == [line(one, zone) for one in open_intervals(given, begin, end)]


@pytest.mark.parametrize(
    "given",
    [
        schedule(WEEKDAYS, zone="Europe/Bonn"),
        schedule(("0 1 30 2 *", "4h")),
        schedule(("0 25 * * *", "4h")),
        schedule(("0 1 * * 1-5", "25h")),
        schedule(("*/15 * * * *", "5m"), ("0 * * * *", "1h")),
        schedule(WEEKDAYS, exceptions=[{"date": "2026-11-21", "state": "Closed"}]),
    ],
    ids=["zone", "30 February", "25 o'clock", "25 hours", "120 starts", "a free day"],
)
def test_a_refusal_is_what_the_operator_says(given: Schedule) -> None:
    with pytest.raises(InvalidSpec) as refusal:
        check_schedule(given)
    assert f"| operator | {refusal.value} |" in PAGE


def test_the_refusal_of_an_annotation_is_what_the_operator_says() -> None:
    with pytest.raises(InvalidSpec) as refusal:
        read_overrides({"llamafleet.io/open-until": "tonight"})
    assert f"| operator | {refusal.value} |" in PAGE


def test_the_words_of_the_api_server_are_those_that_it_is_held_to() -> None:
    said = [str(case.values[1]) for case in BAD]
    words = re.findall(r"\| API server \| (.*?)(?: …)? \|", PAGE)
    assert len(words) == 8
    for one in words:
        assert any(one.startswith(known) for known in said), one


def test_the_warning_is_what_the_condition_says() -> None:
    short = schedule(("0 1 * * *", "10m"))
    named = short.model_copy(update={"windows": (short.windows[0].model_copy(update={"name": "nightly"}),)})
    (warning,) = too_short(named, timedelta(minutes=12))
    assert f"> {warning}" in PAGE
