"""The plan that knows the trace: when it wants how many replicas, and that it is a yardstick."""

from array import array

import pytest

from bench.clairvoyant import TAIL_SECONDS, Known, changes, clairvoyant, follow
from llamafleet.simulation import LAB, Settings, Trace, simulate
from llamafleet.simulation.policies import Static

PROFILE = LAB["scout-int4-a100"]


def trace(*arrivals: float) -> Trace:
    """Requests of the same size."""
    count = len(arrivals)
    return Trace(array("d", arrivals), array("l", [500] * count), array("l", [200] * count))


def known(requests: Trace, cold_s: float, patience_s: float = 10) -> Known:
    return Known(requests, PROFILE, Settings(cold_start_seconds=cold_s, high=20), patience_s)


def wanted(needed: list[int], length: float, cold_s: float) -> list[tuple[float, int]]:
    return changes(needed, length, Settings(cold_start_seconds=cold_s, high=20))


def test_a_replica_is_asked_for_one_cold_start_early_and_given_back_at_the_end() -> None:
    """Bins of 600 s: one replica is needed in the fifth, a second one in the seventh to the end."""
    plan = wanted([0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 0], 600, 100)
    assert plan[:5] == [(0.0, 0), (2300, 1), (3500, 2), (4200, 0), (7100, 1)]
    assert plan[5:] == [(13 * 600 + TAIL_SECONDS, 0)]


def test_a_gap_no_longer_than_a_cold_start_is_bridged() -> None:
    assert wanted([1, 0, 1], 60, 60) == [(0.0, 1), (4 * 60 + TAIL_SECONDS, 0)]
    assert wanted([1, 0, 0, 1], 60, 60)[1] == (60, 0)


def test_at_the_start_replicas_are_there_already() -> None:
    assert wanted([3, 3], 60, 600)[0] == (0.0, 3)


def test_requests_far_apart_cost_their_bins_and_starts_and_wait_for_nothing() -> None:
    requests = trace(1000.0, 9000.0)
    result = clairvoyant(known(requests, 100))
    assert result.finished == 2
    assert result.waits[-1] == 0
    assert result.replica_seconds < 3 * (100 + 60) + TAIL_SECONDS


def test_it_is_cheaper_than_any_constant_fleet_when_load_comes_and_goes() -> None:
    requests = trace(*(at / 4 for at in range(2400)), *(20_000 + at / 4 for at in range(2400)))
    plan = clairvoyant(known(requests, 60))
    fixed = simulate(requests, PROFILE, Static(1), Settings(cold_start_seconds=0, initial=1))
    assert plan.wait_percentile(95) <= 10
    assert plan.replica_seconds < fixed.replica_seconds / 3


def test_a_plan_that_never_changes_is_a_constant_fleet() -> None:
    requests = trace(*(float(at) for at in range(600)))
    one = follow(known(requests, 60), [(0.0, 2)])
    other = simulate(requests, PROFILE, Static(2), Settings(cold_start_seconds=60, initial=2, low=2))
    assert one.waits == pytest.approx(other.waits)
    assert one.replica_seconds == pytest.approx(other.replica_seconds)
