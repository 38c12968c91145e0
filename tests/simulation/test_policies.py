"""The policies of others, one look at a time: the counts that their source code gives."""

import dataclasses
from collections.abc import Sequence

import pytest

from llamafleet.simulation import Policy
from llamafleet.simulation.policies import Hpa, Keda, KubeAI, Static, active, waiting
from llamafleet.simulation.view import NOTHING

QUIET = dataclasses.replace(NOTHING, wanted=1, ready=1, kv_usage=0.0)


def told(policy: Policy, *queue: int, wanted: int = 1, start: int = 1) -> Sequence[int]:
    """What a policy wants at looks that find so many requests waiting, and what it wanted last."""
    counts = []
    for index, requests in enumerate(queue, start):
        now = index * policy.interval_seconds
        wanted = policy.look(
            dataclasses.replace(QUIET, now_s=now, wanted=wanted, ready=wanted, waiting=requests)
        )
        counts.append(wanted)
    return counts


def hpa(high: int = 100) -> Hpa:
    return Hpa(waiting, 10, 1, high)


def test_hpa_asks_for_the_metric_over_its_target_rounded_up() -> None:
    assert told(hpa(), 41) == [5]


@pytest.mark.parametrize(("queue", "count"), [(54, 5), (46, 5), (56, 6)])
def test_hpa_leaves_a_tenth_more_or_less_alone(queue: int, count: int) -> None:
    assert told(hpa(), queue, wanted=5) == [count]


def test_hpa_adds_four_or_doubles_in_a_quarter_of_a_minute() -> None:
    assert told(hpa(), 900, 900, 900, 900, wanted=1) == [5, 10, 20, 40]


def test_hpa_keeps_to_its_bounds() -> None:
    assert told(hpa(high=3), 900, *[0] * 25, wanted=2)[0] == 3
    assert told(hpa(high=3), *[0] * 25, wanted=2)[-1] == 1


def test_hpa_goes_down_only_to_the_most_of_five_minutes() -> None:
    """Five are asked for at 15 s and three at 30 s; at 315 s only the three are left."""
    counts = told(hpa(), 50, 30, *[0] * 21, wanted=5)

    assert counts[:20] == [5] * 20
    assert counts[20:] == [3, 1, 1]


def test_keda_polls_twice_a_minute_for_what_wakes_it() -> None:
    """At zero its HPA is off: the first poll finds nothing, and the next, 30 s later, a request."""
    assert told(Keda(waiting, 5, 10), 0, 3, 3, 3, wanted=0) == [0, 0, 1, 1]


def test_keda_goes_to_zero_after_five_minutes_without_a_metric() -> None:
    counts = told(Keda(waiting, 5, 10), 1, *[0] * 22, wanted=1)

    assert counts.index(0) * 15 + 15 == 315


def test_kubeai_averages_over_ten_minutes_that_begin_with_zeros() -> None:
    """Ten requests per replica and 60 active: each further minute of these is one replica more."""
    counts = told(KubeAI(10), *[60] * 60, wanted=1)

    assert counts[9::10] == [1, 2, 3, 4, 5, 6]


def test_kubeai_lets_three_lower_decisions_pass() -> None:
    policy = KubeAI(10)
    told(policy, *[60] * 60, wanted=6)

    assert told(policy, *[0] * 6, wanted=9, start=61) == [9, 9, 9, 6, 6, 6]


def test_kubeai_wakes_for_a_request_at_once() -> None:
    assert KubeAI.wake_seconds == 0
    assert told(KubeAI(10), 1, wanted=0) == [1]


def test_static_is_static() -> None:
    assert told(Static(3), 0, 100, 0) == [3, 3, 3]


def test_active_is_waiting_and_running() -> None:
    assert active(dataclasses.replace(QUIET, waiting=3, running=4)) == 7
