"""The table of fleets: what is told of each, which columns fit, and that text of others does no harm."""

import json
import logging
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from builders import NOW, ROOT
from cli.live_resources import CALM, CLOSED, FLEETS, NEW, NIGHTLY, WELL, instant, ledger, llama, meter, said
from cli.pages import rows, table_after
from goldens import compare
from llamafleet.api.base import Record
from llamafleet.cli.live.fleets import fleet
from llamafleet.cli.live.fleets_output import FleetStatus, Money, StatusOutput, Total, document
from llamafleet.cli.live.fleets_view import Picture, render
from llamafleet.cli.live.terminal import drawn
from llamafleet.cli.live.watching import Trouble
from llamafleet.planning.money.freshness import LONGEST
from llamafleet.planning.money.ledger import REFRESH
from llamafleet.reconcile.workers import RESYNC_SECONDS

GOLDEN = ROOT / "tests" / "cli" / "golden"
PAGE = ROOT / "docs" / "kubectl-llama.md"
WIDE, USUAL, NARROW, TINY = 160, 100, 80, 40


def picture(*there: dict[str, Any], spread: bool = True) -> Picture:
    return Picture([fleet(raw, NOW) for raw in there], "any namespace of context test", NOW, spread)


def text(what: Picture, width: int | None) -> str:
    """What a terminal of that width, or a pipe, would show, without colours."""
    there = Console(width=width or 1000, highlight=False, markup=False, emoji=False)
    return drawn(there, render(what, width))


@pytest.mark.parametrize("width", [WIDE, USUAL, NARROW, TINY, None], ids=lambda width: f"{width}")
def test_the_table_at_each_width(width: int | None, update_golden: bool) -> None:  # noqa: FBT001 - a flag of pytest
    compare(GOLDEN / f"status-{width}.txt", text(picture(*FLEETS), width), update=update_golden)


@pytest.mark.parametrize("width", range(30, 161, 5))
def test_no_line_is_longer_than_the_terminal_unless_name_and_state_alone_are(width: int) -> None:
    table = text(picture(*FLEETS), width).split("\n\n")[0]
    assert max(map(len, table.splitlines())) <= max(width, len("NAMESPACE  3 fleets  Starting"))


STATES = {
    "ready": (llama(), "Ready"),
    "on the way": (NIGHTLY, "Starting"),
    "closed": (CLOSED, "Closed"),
    "new": (NEW, "Pending"),
    "of an earlier spec": (llama(metadata={"generation": 2}), "Pending"),
    "on its way out": (llama(metadata={"deletionTimestamp": instant(NOW)}), "Deleting"),
    "broken": (
        llama(conditions=(*CALM[:2], said("Degraded", "True", "ImagePullBackOff"))),
        "ImagePullBackOff",
    ),
    "asleep": (llama(desiredReplicas=0, conditions=CALM), "ScaledToZero"),
    "put to sleep": (llama(desiredReplicas=0, conditions=CALM, spec={"suspend": True}), "Suspended"),
    "out of money": (
        llama(desiredReplicas=0, conditions=(*CALM, said("WithinBudget", "False", "BudgetExhausted"))),
        "BudgetExhausted",
    ),
    "fewer wanted": (
        llama(conditions=(CALM[0], said("Progressing", "True", "ScalingDown"), WELL)),
        "ScalingDown",
    ),
    "of another release": (llama(readyReplicas="many"), "Unreadable"),
}


@pytest.mark.parametrize(("raw", "word"), STATES.values(), ids=STATES)
def test_a_fleet_is_told_by_one_word(raw: dict[str, Any], word: str) -> None:
    assert fleet(raw, NOW).state.word == word


def test_money_goes_on_between_two_looks_of_the_operator() -> None:
    later = NOW + timedelta(minutes=10)
    now, then = (fleet(NIGHTLY, when).account for when in (NOW, later))
    assert now.today == Decimal("4.76") + 2 * 3 * Decimal("1.19")
    assert now.month == Decimal("97.50") + 2 * 3 * Decimal("1.19")
    assert then.today is not None
    assert round(then.today - now.today, 6) == round(2 * Decimal("1.19") / 6, 6)


def test_an_operator_that_is_silent_stops_the_count_and_the_table_says_so() -> None:
    late = NOW + timedelta(hours=2)
    account = fleet(NIGHTLY, late).account
    assert account.until == NOW + timedelta(minutes=30)
    said_so = text(Picture([fleet(NIGHTLY, late)], "here", late, spread=False), None)
    assert "team-a/nightly: the operator has not written when that was due" in said_so


def test_an_operator_that_works_is_not_taken_for_silent() -> None:
    longest_pause = timedelta(seconds=RESYNC_SECONDS * 1.5)
    assert REFRESH + longest_pause < LONGEST
    assert fleet(NIGHTLY, NOW + timedelta(minutes=29)).account.until is None


def test_a_day_that_is_not_known_from_its_midnight_on_is_marked() -> None:
    old = ledger(meter("a", 1), spent={"serving": "9.00"}, at=instant(NOW - timedelta(minutes=5)))
    said_so = text(picture(llama(cost={"hourlyRate": "1.19", "ledger": old})), None)
    assert "1.19*" in said_so
    assert "TODAY lacks pods that were gone before" in said_so


def test_a_zone_that_this_machine_does_not_know_costs_the_figures_and_not_the_table() -> None:
    account = fleet(llama(cost={"hourlyRate": "1.19", "ledger": ledger(timeZone="Mars/Base")}), NOW).account
    assert (account.today, account.month, account.hourly) == (None, None, Decimal("1.19"))


EVIL = "\x1b]0;owned\x07\x1b[2J\u202eevil\r\nline"


@pytest.mark.parametrize("width", [WIDE, None], ids=["on a terminal", "in a pipe"])
def test_no_text_of_the_cluster_reaches_the_terminal_as_it_is(width: int | None) -> None:
    raw = llama(
        EVIL,
        EVIL,
        conditions=(CALM[0], said("Progressing", "True", "ScalingDown"), WELL),
        schedule={"open": True, "window": EVIL, "nextTransition": instant(NOW + timedelta(hours=1))},
        cost={"ledger": ledger(unpriced=True)},
        spec={"schedule": {"timeZone": EVIL}},
    )
    shown = text(picture(raw), width)
    assert not any(letter in shown for letter in "\x1b\x07\r\u202e")
    assert len(shown.splitlines()) == 4


def test_what_has_no_line_is_in_the_sums_all_the_same() -> None:
    many = picture(*(llama(f"fleet-{number:02}") for number in range(40)))
    there = Console(width=WIDE, highlight=False, markup=False, emoji=False)
    shown = drawn(there, render(many, WIDE, 20))
    assert len(shown.splitlines()) <= 20
    assert "40 fleets" in shown
    assert "25 fleets more, for which there are too few lines, are in the sums." in shown


@pytest.mark.parametrize("value", ["", "1"], ids=["colours", "NO_COLOR"])
def test_colours_are_there_unless_somebody_wants_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", value)
    there = Console(width=WIDE, force_terminal=True, highlight=False, markup=False, emoji=False)
    coloured = "\x1b[33mStarting" in drawn(there, render(picture(*FLEETS), WIDE))
    assert coloured is (not value)


def test_trouble_is_shown_until_something_is_heard_again() -> None:
    trouble = Trouble()
    before = time.monotonic()
    trouble.handle(logging.makeLogRecord({"msg": "listing again in 2.0 s", "levelno": logging.WARNING}))
    assert trouble.since(before) == "listing again in 2.0 s"
    assert trouble.since(time.monotonic()) == ""


def test_a_place_without_fleets_says_so() -> None:
    assert text(picture(), None) == "There is no LlamaDeployment in any namespace of context test.\n"


@pytest.mark.parametrize(
    ("heading", "record"),
    [
        ("`status -o json`:", StatusOutput),
        ("`fleets[]`:", FleetStatus),
        ("`total`:", Total),
        ("`cost`:", Money),
    ],
    ids=["the answer", "a fleet", "the sums", "money"],
)
def test_the_page_has_every_key_with_its_type(heading: str, record: type[Record]) -> None:
    assert table_after(PAGE.read_text("utf-8"), heading) == rows(record)


def test_programs_get_the_figures_of_the_table() -> None:
    content = document(picture(*FLEETS)).model_dump(mode="json", by_alias=True)
    assert StatusOutput.model_validate_json(json.dumps(content), strict=True, extra="forbid")
    nightly, closed, new = content["fleets"]
    assert (nightly["waiting"], nightly["running"], nightly["window"]) == (56, 24, "night")
    assert nightly["cost"] == {
        "todayUsd": "11.90",
        "monthUsd": "104.64",
        "projectedMonthUsd": "314.16",
        "hourlyUsd": "3.57",
    }
    assert (closed["open"], closed["window"], closed["cost"]["todayUsd"]) == (False, None, "0.00")
    assert (new["open"], new["cost"]["monthUsd"]) == (None, None)
    assert content["total"]["cost"]["monthUsd"] == "116.64"
