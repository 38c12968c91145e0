"""The ledger: what pods cost, whoever looks, however often, and whatever the clock says."""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import ended, pod
from llamafleet.api.ledger import LastMonth, Ledger, Phases
from llamafleet.api.observed import Departed
from llamafleet.errors import InvalidSpec
from llamafleet.planning.money.ledger import REFRESH, phases, settle, spent
from llamafleet.planning.money.lifetime import lifetime
from planning.money.pods import DAY, GRACE, HOUR, MINUTE, PRICE, SECOND, gone, life, look, utc

NOV = utc("2026-11-01 00:00")
NOON = utc("2026-11-21 12:00")


def usd(text: str) -> Decimal:
    return Decimal(text)


def test_a_pod_of_30_days_costs_856_80() -> None:
    assert spent(look(None, [life("a", NOV)], NOV), NOV + 30 * DAY) == usd("856.80")
    settled = look(look(None, [life("a", NOV)], NOV), [gone("a", NOV, NOV + 29 * DAY)], NOV + 29 * DAY)
    assert settled.spent.usd == usd("828.24")
    assert settled.meters == ()


def test_nights_of_four_hours_cost_142_80() -> None:
    ledger = look(None, [], NOV)
    for night in range(30):
        start = NOV + night * DAY + HOUR
        ledger = look(ledger, [life(f"n{night}", start)], start)
        ledger = look(ledger, [gone(f"n{night}", start, start + 4 * HOUR)], start + 4 * HOUR)
    assert ledger.spent.usd == usd("142.80")


def test_time_that_passes_needs_no_write_until_the_checkpoint_is_old() -> None:
    pods = [life("a", NOON, ready=NOON + MINUTE, tokens=5)]
    first = look(None, pods, NOON + HOUR)
    more = [life("a", NOON, ready=NOON + MINUTE, tokens=900)]
    assert look(first, more, NOON + HOUR + REFRESH - SECOND) is first
    later = look(first, more, NOON + HOUR + REFRESH)
    assert (later.at, later.tokens) == (NOON + HOUR + REFRESH, 900)
    assert spent(later, NOON + 5 * HOUR) == spent(first, NOON + 5 * HOUR)


def test_a_fleet_without_pods_needs_no_write_until_the_month_turns() -> None:
    first = look(None, [], NOV)
    assert look(first, [], NOV + 29 * DAY) is first
    assert look(first, [], NOV + 30 * DAY).month == "2026-12"


def test_a_pod_without_a_node_costs_nothing_and_one_that_waited_costs_from_its_node_on() -> None:
    waiting = life("a", None, created=NOON)
    ledger = look(None, [waiting], NOON + HOUR)
    assert ledger.meters == ()
    bound = life("a", NOON + HOUR, created=NOON)
    assert spent(look(ledger, [bound], NOON + 3 * HOUR), NOON + 3 * HOUR) == usd("2.38")


def test_phases_are_told_apart() -> None:
    pods = life("a", NOON, ready=NOON + HOUR)
    ledger = look(None, [pods], NOON + HOUR)
    idle = life("a", NOON, ready=NOON + HOUR, idle=True)
    ledger = look(ledger, [idle], NOON + 3 * HOUR)
    ledger = look(ledger, [pods], NOON + 6 * HOUR)
    ledger = look(ledger, [idle], NOON + 7 * HOUR)
    assert look(ledger, [idle], NOON + 7 * HOUR + MINUTE) is ledger
    asked = NOON + 8 * HOUR
    leaving = life("a", NOON, ready=NOON + HOUR, idle=False, requested=asked, until=asked + 2 * HOUR)
    ledger = look(ledger, [leaving], asked + SECOND)
    expected = Phases(loading=PRICE, serving=3 * PRICE, idle=4 * PRICE, draining=PRICE)
    assert phases(ledger, asked + HOUR) == expected
    end = gone("a", NOON, asked + HOUR, requested=asked, until=asked + 2 * HOUR)
    assert look(ledger, [end], asked + HOUR).spent == expected


@pytest.mark.parametrize(
    ("fields", "phase"),
    [
        ({}, "loading"),
        ({"crashed": True}, "failed_start"),
        ({"crashed": True, "ready": NOON}, "serving"),
        ({"crashed": True, "requested": NOON + MINUTE}, "failed_start"),
    ],
    ids=["loads", "crashed before it was ready", "crashed after it was ready", "crashed, then deleted"],
)
def test_a_pod_that_was_never_ready(fields: dict[str, object], phase: str) -> None:
    figures = phases(look(None, [life("a", NOON, **fields)], NOON), NOON + HOUR)
    assert getattr(figures, phase) == figures.usd == PRICE


def test_a_pod_that_was_ready_once_does_not_load_again() -> None:
    ledger = look(None, [life("a", NOON, ready=NOON + HOUR)], NOON + HOUR)
    ledger = look(ledger, [life("a", NOON, ready=None)], NOON + 2 * HOUR)
    ledger = look(ledger, [life("a", NOON, ready=NOON + 3 * HOUR)], NOON + 3 * HOUR)
    assert phases(ledger, NOON + 4 * HOUR).loading == PRICE


def test_a_new_price_counts_from_the_look_that_sees_it_on() -> None:
    ledger = look(None, [life("a", NOON)], NOON)
    ledger = look(ledger, [life("a", NOON, hourly_usd=usd("2"))], NOON + HOUR)
    assert spent(ledger, NOON + HOUR) == usd("1.19")
    assert spent(ledger, NOON + 2 * HOUR) == usd("3.19")


def test_a_price_that_is_missing_costs_nothing_and_is_remembered_until_the_month_turns() -> None:
    ledger = look(None, [life("a", NOON, hourly_usd=None)], NOON)
    assert (ledger.unpriced, spent(ledger, NOON + HOUR)) == (True, 0)
    ledger = look(ledger, [life("a", NOON)], NOON + HOUR)
    assert (ledger.unpriced, spent(ledger, NOON + 2 * HOUR)) == (True, usd("1.19"))
    assert not look(ledger, [life("a", NOON)], NOON + 20 * DAY).unpriced


def test_a_price_that_is_lost_goes_on() -> None:
    ledger = look(None, [life("a", NOON)], NOON)
    assert look(ledger, [life("a", NOON, hourly_usd=None)], NOON + MINUTE) is ledger


END = NOON + HOUR


@pytest.mark.parametrize("skew", [-9, -1, 0, 1, 9])
@pytest.mark.parametrize(
    ("fields", "late"),
    [
        ({"deadline": END + 300 * SECOND, "grace_seconds": 320, "finished": END}, 15),
        ({"deadline": END, "grace_seconds": 0, "finished": END - 2 * SECOND}, 0),
        ({"deadline": END, "grace_seconds": 0}, 0),
        ({"deadline": END + 2 * SECOND, "grace_seconds": 12}, 17),
    ],
    ids=["drained", "drained, with the kubelet's last word", "deleted by force", "nobody saw it end"],
)
def test_a_clock_that_is_hours_off_costs_seconds(skew: int, fields: dict[str, object], late: int) -> None:
    clock = skew * HOUR
    seen = pod(uid="a", bound=NOON, ready_since=NOON, deleting=True, **fields)
    ledger = settle(None, [life("a", NOON)], NOON + clock, "UTC", GRACE)
    removed = lifetime(Departed(seen, END + SECOND + clock), PRICE)
    ledger = settle(ledger, [removed], END + SECOND + clock, "UTC", GRACE)
    seconds = round((ledger.spent.usd - PRICE) * 3600 / PRICE)
    assert -10 <= seconds <= late


def test_a_last_deletion_that_an_old_api_server_left_at_the_request_is_no_end() -> None:
    asked = NOON + HOUR
    drains = pod(uid="a", bound=NOON, deleting=True, deadline=asked + GRACE, grace_seconds=320)
    ledger = look(None, [lifetime(drains, PRICE)], asked + SECOND)
    last = pod(uid="a", bound=NOON, deleting=True, deadline=asked, grace_seconds=0)
    end = asked + 5 * MINUTE
    ledger = look(ledger, [lifetime(Departed(last, end), PRICE)], end)
    assert ledger.spent.usd == (PRICE * 65 / 60).quantize(usd("1e-9"))


def test_a_pod_that_failed_costs_until_it_finished_though_it_is_still_there() -> None:
    failed = lifetime(
        pod(uid="a", bound=NOON, phase="Failed", finished=NOON + HOUR, ended=ended("Error", 1)), PRICE
    )
    ledger = look(look(None, [life("a", NOON)], NOON), [failed], NOON + 9 * HOUR)
    assert ledger.spent == Phases(failed_start=PRICE)
    assert look(ledger, [failed], NOON + 19 * HOUR) is ledger


def test_a_pod_that_crashes_keeps_its_gpus() -> None:
    crashed = pod(uid="a", bound=NOON, restarts=1, finished=NOON + HOUR, ended=ended("Error", 1))
    ledger = look(None, [lifetime(crashed, PRICE)], NOON + 2 * HOUR)
    assert phases(ledger, NOON + 2 * HOUR) == Phases(failed_start=2 * PRICE)


def test_a_pod_that_is_deleted_while_it_loads_has_not_failed() -> None:
    leaving = pod(
        uid="a",
        bound=NOON,
        deleting=True,
        deadline=NOON + HOUR,
        grace_seconds=1800,
        ended=ended("Error", 143),
    )
    figures = phases(look(None, [lifetime(leaving, PRICE)], NOON + HOUR), NOON + HOUR)
    assert figures == Phases(loading=PRICE / 2, draining=PRICE / 2)


def test_a_shorter_grace_moves_neither_the_request_nor_the_first_deadline() -> None:
    asked = NOON + HOUR
    first = life("a", NOON, ready=NOON, requested=asked, until=asked + 335 * SECOND)
    ledger = look(None, [first], asked)
    shorter = life("a", NOON, ready=NOON, requested=asked + MINUTE, until=asked + MINUTE)
    assert look(ledger, [shorter], asked + MINUTE) is ledger


def test_a_stuck_pod_costs_no_more_than_until_its_deadline() -> None:
    leaving = life("a", NOON, requested=NOON + HOUR, until=NOON + 2 * HOUR)
    assert spent(look(None, [leaving], NOON + HOUR), NOON + 9 * HOUR) == usd("2.38")


def test_a_settled_pod_is_not_counted_again_by_whoever_still_remembers_it() -> None:
    ledger = look(None, [life("a", NOON)], NOON)
    removed = gone("a", NOON, NOON + HOUR)
    once = look(ledger, [removed], NOON + HOUR)
    assert look(once, [removed], NOON + HOUR) is once
    assert look(once, [removed, life("b", NOON + 2 * HOUR)], NOON + 2 * HOUR).spent == once.spent


def test_a_pod_that_came_and_went_between_two_looks_is_counted_once() -> None:
    ledger = look(None, [], NOON)
    brief = gone("a", NOON + MINUTE, NOON + 61 * MINUTE)
    once = look(ledger, [brief], NOON + 61 * MINUTE)
    assert once.spent.usd == PRICE
    assert look(once, [brief], NOON + 61 * MINUTE) is once


UNSEEN = 10 * MINUTE
ASKED = END - 4 * MINUTE
LAST = {"deleting": True, "deadline": END - 2 * MINUTE, "grace_seconds": 0}


@pytest.mark.parametrize(
    ("fields", "minutes", "doubt"),
    [
        ({}, 55, 5),
        ({"deleting": True, "deadline": ASKED + GRACE, "grace_seconds": 320}, 58, 2),
        ({"deleting": True, "deadline": END - 20 * MINUTE, "grace_seconds": 60}, 40, 0),
        (LAST, 58, 0),
        ({"bound": END - 6 * MINUTE}, 3, 3),
    ],
    ids=[
        "nothing is known of its end",
        "it was asked to end in the gap",
        "it should have been gone long before",
        "the API server says when it was removed",
        "it got its node in the gap",
    ],
)
def test_a_pod_that_a_new_list_lacks_counts_for_half_of_the_gap(
    fields: dict[str, Any], minutes: int, doubt: int
) -> None:
    seen = pod(**{"uid": "a", "bound": NOON, **fields})
    ledger = look(None, [life("a", NOON)] if seen.bound == NOON else [], NOON)
    ledger = look(ledger, [lifetime(Departed(seen, END, UNSEEN), PRICE)], END)
    hour = PRICE.quantize(usd("1e-9"))
    assert abs(ledger.spent.usd - hour * minutes / 60) < usd("0.006")
    assert abs(ledger.uncertain_usd - hour * doubt / 60) < usd("0.006")


def test_a_pod_is_gone_for_one_who_lists_it_and_its_removal() -> None:
    ledger = look(None, [gone("a", NOON, NOON + HOUR), life("a", NOON)], NOON + HOUR)
    assert (ledger.meters, ledger.spent.usd) == ((), PRICE)


def test_a_new_resource_takes_over_the_pods_of_a_deleted_one_of_its_name() -> None:
    ledger = look(None, [life("a", NOON - HOUR, requested=NOON, until=NOON + HOUR)], NOON + MINUTE)
    assert spent(ledger, NOON + 2 * HOUR) == 2 * PRICE


class TestMonths:
    """The month turns at the local midnight, seen or not."""

    TURN = utc("2026-11-30 23:00")

    def test_everything_before_the_local_midnight_belongs_to_the_month_before(self) -> None:
        pods = [life("a", self.TURN - 10 * HOUR)]
        ledger = look(None, pods, self.TURN - 10 * HOUR, "Europe/Berlin")
        assert ledger.month == "2026-11"
        ledger = look(ledger, pods, self.TURN, "Europe/Berlin")
        assert (ledger.month, ledger.last_month) == ("2026-12", LastMonth(month="2026-11", usd=usd("11.90")))
        assert spent(ledger, self.TURN + HOUR) == PRICE

    def test_it_turns_while_the_operator_is_down(self) -> None:
        old, young = life("a", self.TURN - 10 * HOUR), life("b", self.TURN - 5 * HOUR)
        ledger = look(None, [old], self.TURN - 10 * HOUR, "Europe/Berlin")
        ledger = look(ledger, [old, young], self.TURN + 9 * HOUR, "Europe/Berlin")
        assert ledger.last_month == LastMonth(month="2026-11", usd=15 * PRICE)
        assert spent(ledger, self.TURN + 9 * HOUR) == 18 * PRICE

    def test_it_turns_several_times_while_the_operator_is_down(self) -> None:
        pods = [life("a", NOON)]
        ledger = look(look(None, pods, NOON), pods, utc("2027-02-03 00:00"))
        assert ledger.last_month == LastMonth(month="2027-01", usd=31 * 24 * PRICE)
        assert spent(ledger, utc("2027-02-03 00:00")) == 48 * PRICE

    def test_idle_time_is_cut_at_the_turn_too(self) -> None:
        idle = [life("a", self.TURN - 2 * HOUR, ready=self.TURN - 2 * HOUR, idle=True)]
        ledger = look(None, idle, self.TURN - HOUR, "Europe/Berlin")
        ledger = look(ledger, idle, self.TURN + HOUR, "Europe/Berlin")
        assert phases(ledger, self.TURN + HOUR) == Phases(idle=PRICE)

    def test_a_first_look_counts_this_month_only(self) -> None:
        ledger = look(None, [life("a", NOV - DAY, tokens=7)], NOV + HOUR)
        assert (spent(ledger, NOV + HOUR), ledger.last_month, ledger.tokens) == (PRICE, None, 0)

    def test_a_turn_that_came_early_by_the_clock_is_put_right_at_the_end_of_the_pod(self) -> None:
        pods = [life("a", NOV + 29 * DAY)]
        turn = NOV + 30 * DAY
        ledger = look(look(None, pods, NOV + 29 * DAY), pods, turn + HOUR)
        early = look(ledger, [gone("a", NOV + 29 * DAY, turn - 5 * HOUR)], turn - 5 * HOUR)
        assert early.last_month == LastMonth(month="2026-11", usd=19 * PRICE)
        late = life("b", turn - 4 * HOUR)
        early = look(early, [late], turn - 3 * HOUR)
        assert (early.month, early.last_month) == ("2026-12", LastMonth(month="2026-11", usd=23 * PRICE))
        assert spent(early, turn + HOUR) == PRICE


class TestClocks:
    """A clock that was stepped back takes nothing back."""

    def test_nothing_is_negative_and_nothing_moves_back(self) -> None:
        pods = [life("a", NOON)]
        ledger = look(look(None, pods, NOON), pods, NOON + DAY)
        assert look(ledger, pods, NOON - DAY) is ledger
        assert spent(ledger, NOON - DAY) == 0
        changed = look(ledger, [*pods, life("b", NOON)], NOON - DAY)
        assert (changed.at, changed.month) == (ledger.at, ledger.month)
        assert spent(changed, NOON + DAY) == 48 * PRICE

    def test_a_month_that_came_early_stays(self) -> None:
        ledger = look(look(None, [], NOON), [], NOON + 30 * DAY)
        assert look(ledger, [], NOON) is ledger

    def test_a_price_that_was_seen_by_a_fast_clock_is_put_right_at_the_end_of_the_pod(self) -> None:
        ledger = look(None, [life("a", NOON)], NOON)
        dearer = usd("9")
        ledger = look(ledger, [life("a", NOON, hourly_usd=dearer)], NOON + 6 * HOUR)
        end = gone("a", NOON, NOON + 2 * HOUR, hourly_usd=dearer)
        assert look(ledger, [end], NOON + 2 * HOUR).spent.usd == 2 * PRICE


class TestUnseen:
    """Pods that vanished while nobody looked."""

    BEFORE = look(None, [life("a", NOON)], NOON + HOUR)

    def test_a_replaced_pod_is_counted_until_its_replacement_was_made(self) -> None:
        born = life("b", NOON + 3 * HOUR + 5 * SECOND, created=NOON + 3 * HOUR)
        ledger = look(self.BEFORE, [born], NOON + 9 * HOUR)
        assert ledger.spent.usd == 3 * PRICE
        assert ledger.uncertain_usd == (PRICE * 320 / 3600).quantize(usd("1e-9"))

    def test_replacements_of_pods_whose_end_is_known_are_nobody_elses(self) -> None:
        before = look(self.BEFORE, [life("a", NOON), life("f", NOON)], NOON + HOUR)
        failed = life("f", NOON, over=True, finished=NOON + 2 * HOUR, exact=NOON + 2 * HOUR)
        ledger = look(before, [failed, life("b", NOON + 2 * HOUR)], NOON + 5 * HOUR)
        assert ledger.uncertain_usd == 2 * PRICE
        assert ledger.spent.usd == (2 + 3) * PRICE

    def test_a_replacement_that_came_late_had_another_one_before_it(self) -> None:
        failed = life("a", NOON, over=True, finished=NOON + 2 * HOUR, exact=NOON + 2 * HOUR)
        ledger = look(self.BEFORE, [failed, life("c", NOON + 5 * HOUR)], NOON + 9 * HOUR)
        assert (ledger.spent.usd, ledger.uncertain_usd) == (5 * PRICE, 3 * PRICE)

    def test_one_without_a_replacement_is_counted_for_half_of_the_time(self) -> None:
        ledger = look(self.BEFORE, [], NOON + 9 * HOUR)
        assert (ledger.spent.usd, ledger.uncertain_usd) == (5 * PRICE, 4 * PRICE)

    def test_one_on_its_way_out_is_counted_until_its_deadline(self) -> None:
        leaving = life("a", NOON, requested=NOON + HOUR, until=NOON + 2 * HOUR)
        before = look(None, [leaving], NOON + HOUR)
        for now, hours in ((9 * HOUR, 2), (90 * MINUTE, Decimal("1.5"))):
            ledger = look(before, [life("b", NOON + HOUR + MINUTE)], NOON + now)
            assert (ledger.spent.usd, ledger.uncertain_usd) == (hours * PRICE, (hours - 1) * PRICE)

    def test_a_clock_that_was_stepped_back_waits_until_it_knows_the_time_again(self) -> None:
        waits = look(self.BEFORE, [], NOON)
        assert waits is self.BEFORE
        assert look(waits, [], NOON + 3 * HOUR).spent.usd == 2 * PRICE

    @given(
        ends=st.lists(st.integers(1, 36000), min_size=1, max_size=4),
        replaced=st.lists(st.booleans(), min_size=4, max_size=4),
    )
    def test_the_error_is_within_what_is_stated(self, ends: list[int], replaced: list[bool]) -> None:
        pods = [life(f"p{index}", NOON) for index in range(len(ends))]
        before = look(None, pods, NOON)
        born = [
            life(f"b{index}", NOON + end * SECOND)
            for index, (end, again) in enumerate(zip(ends, replaced, strict=False))
            if again
        ]
        ledger = look(before, born, NOON + 10 * HOUR)
        truth = sum(ends) * PRICE / 3600
        assert abs(ledger.spent.usd - truth) <= ledger.uncertain_usd + usd("1e-6")


class TestTokens:
    """Tokens are counted by the server of each pod, from its start."""

    def test_a_counter_that_fell_began_again(self) -> None:
        ledger = None
        for hour, count in enumerate((100, 250, None, 30, 40)):
            ledger = look(ledger, [life("a", NOON, tokens=count)], NOON + hour * HOUR)
        assert ledger is not None
        assert ledger.tokens == 250 + 30 + 10

    def test_they_begin_anew_with_the_month(self) -> None:
        ledger = look(None, [life("a", NOON, tokens=100)], NOON)
        ledger = look(ledger, [life("a", NOON, tokens=130)], NOON + 15 * DAY)
        assert ledger.tokens == 30


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(InvalidSpec, match="Mars/Olympus"):
        settle(None, [], NOON, "Mars/Olympus", GRACE)


def test_more_pods_than_a_fleet_can_have_do_no_harm() -> None:
    pods = [life(f"p{index}", NOON + index * SECOND) for index in range(2100)]
    assert len(look(None, pods, NOON + HOUR).meters) == 2000


@given(st.permutations(["a", "b", "c"]), st.integers(0, 86400))
def test_the_order_of_the_pods_and_a_second_look_change_nothing(order: list[str], seconds: int) -> None:
    pods = {
        "a": life("a", NOON, ready=NOON + HOUR, idle=True),
        "b": gone("b", NOON, NOON + 2 * HOUR),
        "c": life("c", NOON + HOUR, requested=NOON + 2 * HOUR, until=NOON + 3 * HOUR),
    }
    before = look(None, [life("b", NOON), life("z", NOON)], NOON)
    now = NOON + 3 * HOUR + seconds * SECOND
    after = look(before, [pods[uid] for uid in order], now)
    assert after == look(before, list(pods.values()), now)
    assert look(after, list(pods.values()), now) is after


def test_a_garbled_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="decimal string"):
        Ledger.model_validate({"month": "2026-11", "at": "2026-11-01T00:00:00Z", "uncertainUsd": "1e9"})


def test_ten_pods_take_less_than_a_millisecond() -> None:
    pods = [life(f"p{index}", NOON, ready=NOON + HOUR, tokens=5) for index in range(10)]
    before = look(None, pods, NOON + 2 * HOUR)
    took = []
    for _ in range(20):
        began = time.process_time()
        settle(before, pods, NOON + 3 * HOUR, "Europe/Berlin", timedelta(minutes=5))
        took.append(time.process_time() - began)
    assert min(took) < 0.001
