"""Stories with a fleet, each reckoned by hand."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamafleet.errors import InvalidSpec
from llamafleet.simulation import Settings, Trace, simulate
from simulation.queues import profile
from simulation.stories import AtOnce, Told, Waking, requests, seen

QUICK = Settings(cold_start_seconds=60, initial=1, high=10)


def test_prefill_stops_the_batch_and_the_batch_slows_the_step() -> None:
    """One request alone: 20 ms a step. Two: 30 ms. A prefill of 200 tokens stops both for 0.2 s.

    The first starts to generate at 0.1 s and has 25 tokens at 0.6 s; both go on at 0.8 s; the second ends at
    1.1 s; the first has 35 tokens then, and 65 to go.
    """
    model = profile(step_s=0.01, sequence_s=0.01, prefill_token_s=0.001)

    result = simulate(requests((0, 100, 100), (0.6, 200, 10)), model, Told(1), QUICK)

    assert result.end_s == pytest.approx(1.1 + 65 * 0.02)
    assert result.waits == [0, 0]


def test_a_step_takes_longer_the_fuller_the_cache_is() -> None:
    """A prompt of 10 tokens and an answer of 10 are 15 tokens on average, so ten steps take 15 ms each."""
    result = simulate(requests((0, 10, 10)), profile(kv_token_s=0.001), Told(1), QUICK)

    assert result.end_s == pytest.approx(0.15)


def test_a_full_kv_cache_makes_the_next_wait_however_few_run() -> None:
    """Each request may fill 500 of 1000 tokens, so the third waits until the first ends."""
    model = profile(step_s=0.01, kv_tokens=1000)

    result = simulate(requests((0, 400, 100), (0, 400, 100), (0, 400, 100)), model, Told(1), QUICK)

    assert result.waits == [0, 0, pytest.approx(1)]


def test_first_come_first_served_even_when_a_later_request_would_fit() -> None:
    model = profile(step_s=0.01, kv_tokens=1000)

    result = simulate(requests((0, 500, 100), (0.1, 500, 100), (0.2, 10, 10)), model, Told(1), QUICK)

    assert result.waits == pytest.approx([0, 0.8, 0.9])


def test_a_request_larger_than_the_cache_runs_alone() -> None:
    model = profile(step_s=0.01, kv_tokens=1000)

    result = simulate(requests((0, 10, 100), (0, 5000, 100), (0, 10, 100)), model, Told(1), QUICK)

    assert result.waits == pytest.approx([0, 1, 2])
    assert result.cut_to_fit == 1


def test_the_least_busy_replica_takes_the_request() -> None:
    """Two replicas and two requests: each is alone, so neither slows the other."""
    two = dataclasses.replace(QUICK, initial=2)

    result = simulate(requests((0, 0, 100), (0, 0, 100)), profile(sequence_s=0.01), Told(2), two)

    assert result.end_s == pytest.approx(1)


def test_counters_are_increments_and_running_requests_count() -> None:
    """A token every second: 15 between looks. At 15 s 14.9 are there, as the request came at 0.1 s."""
    policy = Told(1)

    simulate(requests((0.1, 7, 40), (0.1, 8, 20)), profile(step_s=1), policy, QUICK)

    assert seen(policy, lambda view: view.prompt_tokens) == [15, 0]
    assert seen(policy, lambda view: view.generation_tokens) == [30, 5 + 15]
    assert seen(policy, lambda view: view.finished) == [0, 1]
    assert seen(policy, lambda view: view.running) == [2, 1]


def test_a_drained_replica_ends_its_request_and_is_paid_for_until_then() -> None:
    """Both replicas have a request of 100 s; at 15 s one is not wanted any more, and it ends at 100 s."""
    policy = Told(1)
    trace = requests((0, 0, 100), (0, 0, 100), (50, 0, 50))

    result = simulate(trace, profile(step_s=1, max_num_seqs=1), policy, dataclasses.replace(QUICK, initial=2))

    assert result.finished == 3
    assert result.waits == pytest.approx([0, 0, 50])
    assert result.replica_seconds == pytest.approx(100 + 150)
    assert seen(policy, lambda view: view.draining)[:7] == [0, 1, 1, 1, 1, 1, 0]


def test_a_replica_that_loads_goes_before_one_that_serves() -> None:
    """Asked for at 15 s and given up at 30 s, it cost 15 s, and the one that serves stayed."""
    result = simulate(requests((0, 0, 100)), profile(step_s=1), Told(2, 1), QUICK)

    assert result.replica_seconds == pytest.approx(100 + 15)
    assert (result.started, result.scale_ups, result.scale_downs) == (1, 1, 1)


def test_of_replicas_that_load_the_newest_goes_first() -> None:
    """One was asked for at 15 s and one at 30 s; at 45 s one is too many, and at 75 s the older is ready."""
    policy = Told(2, 3, 2)

    simulate(requests((0, 0, 100)), profile(step_s=1), policy, QUICK)

    assert seen(policy, lambda view: view.ready) == [1, 1, 1, 1, 2, 2]


def test_of_replicas_that_serve_the_least_busy_goes_first() -> None:
    """The first has two requests until 100 s, the second one until 20 s: that one goes at 20 s."""
    trace = requests((0, 0, 100), (0, 0, 20), (10, 0, 90))

    result = simulate(trace, profile(step_s=1), Told(1), dataclasses.replace(QUICK, initial=2))

    assert result.replica_seconds == pytest.approx(100 + 20)


def test_a_request_wakes_a_fleet_of_zero_within_a_second() -> None:
    """It comes at 5 s; the look is at 6 s, the replica at 66 s."""
    policy = Waking(1)

    result = simulate(requests((5, 0, 10)), profile(step_s=1), policy, dataclasses.replace(QUICK, initial=0))

    assert result.waits == [61]
    assert result.replica_seconds == 60 + 10
    assert seen(policy, lambda view: view.now_s)[:3] == [6, 15, 30]


def test_a_proxy_in_the_path_wakes_it_at_once() -> None:
    result = simulate(
        requests((5, 0, 10)), profile(step_s=1), AtOnce(1), dataclasses.replace(QUICK, initial=0)
    )

    assert result.waits == [60]


def test_without_a_waker_a_request_waits_for_the_next_look() -> None:
    result = simulate(requests((5, 0, 10)), profile(step_s=1), Told(1), dataclasses.replace(QUICK, initial=0))

    assert result.waits == [15 + 60 - 5]


def test_without_free_gpus_a_replica_waits_unpaid_until_another_is_gone() -> None:
    """Two are wanted and one finds a GPU; nothing is paid for the other."""
    policy = Told(2)

    result = simulate(
        requests((0, 0, 100), (0, 0, 100)),
        profile(step_s=1, max_num_seqs=1),
        policy,
        dataclasses.replace(QUICK, capacity=1),
    )

    assert result.waits == [0, 100]
    assert result.replica_seconds == 200
    assert result.started == 0
    assert policy.views[-1].coming == 1


def test_a_replica_that_drains_holds_its_gpus() -> None:
    """The only one there can be drains until 100 s, so the next is begun then, and ready at 160 s."""
    trace = requests((0, 0, 100), (20, 0, 10))

    result = simulate(trace, profile(step_s=1), Told(0, 1), dataclasses.replace(QUICK, capacity=1))

    assert result.waits == pytest.approx([0, 140])


def test_a_refused_request_does_not_wait_and_does_not_count_as_served() -> None:
    policy = Waking(0)
    policy.refusing = True

    result = simulate(requests((20, 0, 1), (50, 0, 1)), profile(step_s=1), policy, QUICK)

    assert (result.refused, result.finished, len(result.waits)) == (2, 0, 0)
    assert result.share_within(1e9) == 0


def test_requests_that_nobody_ever_serves_end_the_run_and_count_their_wait() -> None:
    nobody = Settings(cold_start_seconds=60, overtime_seconds=100)

    result = simulate(requests((0, 0, 1), (50, 0, 1)), profile(step_s=1), Told(0), nobody)

    assert (result.unserved, result.waits, result.replica_seconds) == (2, [100, 150], 0)


def test_the_floor_of_the_start_holds_for_its_time() -> None:
    policy = Told(0)
    kept = dataclasses.replace(QUICK, initial=3, floor_seconds=60)

    simulate(requests((0, 0, 100)), profile(step_s=1), policy, kept)

    assert seen(policy, lambda view: view.wanted) == [3, 3, 3, 3, 0, 0]


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    varied = Settings(cold_start_seconds=60, cold_start_spread=0.5, high=10)
    trace = requests(*((30.0 * index, 100, 50) for index in range(200)))

    def run(seed: int) -> object:
        return simulate(
            trace, profile(step_s=0.1), Told(*[1, 0] * 200), dataclasses.replace(varied, seed=seed)
        )

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_progress_rises_to_the_end() -> None:
    told: list[float] = []

    simulate(
        requests(*((30.0 * index, 0, 1) for index in range(1000))),
        profile(step_s=1),
        Told(1),
        QUICK,
        told.append,
    )

    assert told == sorted(told)
    assert 100 < len(told) <= 200
    assert 0.99 < told[-1] <= 1


def test_a_series_is_bounded() -> None:
    few = dataclasses.replace(QUICK, points=10)

    result = simulate(requests((0, 0, 1), (90_000, 0, 1)), profile(step_s=1), Told(1), few)

    assert 9 <= len(result.series) <= 11


def test_a_figure_out_of_range_is_refused() -> None:
    with pytest.raises(InvalidSpec, match="cold_start_seconds = -1: must be"):
        Settings(cold_start_seconds=-1)


@settings(max_examples=100, deadline=None)
@given(
    counts=st.lists(st.integers(0, 6), min_size=1, max_size=30),
    cold=st.integers(1, 100),
    capacity=st.integers(0, 6),
)
def test_an_idle_fleet_costs_its_counts(counts: list[int], cold: int, capacity: int) -> None:
    """Without requests nothing drains, so what is paid for is what was wanted and had GPUs, look by look."""
    end = 15.0 * (len(counts) + 1)
    circumstances = Settings(cold_start_seconds=cold, capacity=capacity, overtime_seconds=0)

    result = simulate(requests((end, 0, 1)), profile(step_s=1), Told(*counts), circumstances)

    assert result.replica_seconds == pytest.approx(15 * sum(min(count, capacity) for count in counts))


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.floats(0, 300), st.integers(0, 600), st.integers(1, 300)), min_size=1, max_size=60
    ),
    counts=st.lists(st.integers(0, 5), min_size=1, max_size=30),
    spread=st.sampled_from([0.0, 0.7]),
    capacity=st.sampled_from([None, 2]),
)
def test_no_request_is_lost_and_every_replica_is_paid_for(
    rows: list[tuple[float, int, int]], counts: list[int], spread: float, capacity: int | None
) -> None:
    """Whatever a policy does: all end, within the cache, and money is what each look saw and no less."""
    trace = requests(*sorted(rows))
    policy = Told(*counts, 1)
    model = profile(step_s=0.05, sequence_s=0.01, prefill_token_s=0.001, kv_tokens=700, max_num_seqs=4)

    result = simulate(
        trace, model, policy, Settings(40, cold_start_spread=spread, initial=1, capacity=capacity)
    )

    assert result.finished == len(result.waits) == len(trace)
    assert sum(seen(policy, lambda view: view.finished)) <= len(trace)
    assert all(0 <= (view.kv_usage or 0) <= 1 for view in policy.views)
    assert all(view.ready + view.coming == view.wanted for view in policy.views)
    assert all(view.running <= 4 * (view.ready + view.draining) for view in policy.views)
    billed = [*seen(policy, lambda view: view.billed_s), result.replica_seconds]
    assert billed == sorted(billed)
    assert result.waits[0] >= 0


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(st.tuples(st.floats(0, 50), st.integers(1, 50)), min_size=1, max_size=40),
    replicas=st.integers(1, 4),
)
def test_no_replica_idles_while_a_request_waits(rows: list[tuple[float, int]], replicas: int) -> None:
    """One request at a time each: the waits are those of a queue reckoned request by request."""
    trace: Trace = requests(*((arrival, 0, steps) for arrival, steps in sorted(rows)))
    constant = Settings(60, initial=replicas, high=replicas)
    free = [0.0] * replicas
    expected = []
    for arrival, steps in zip(trace.arrivals, trace.outputs, strict=True):
        start = max(arrival, min(free))
        free[free.index(min(free))] = start + steps
        expected.append(start - arrival)

    result = simulate(trace, profile(step_s=1, max_num_seqs=1), Told(replicas), constant)

    assert result.waits == pytest.approx(sorted(expected), abs=1e-6)
    assert result.end_s == pytest.approx(max(*free, trace.span_s))
