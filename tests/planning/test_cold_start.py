"""How long a start takes: estimated before the first, learned from the last twenty after it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafleet.planning.coldstart import SAMPLES, UNDERWAY, ColdStarts, cold_start, expected, lead
from planning.givens import planned, spec

SECONDS = st.lists(st.integers(0, 10_000), min_size=1, max_size=40)


def seconds(percentile: timedelta | None) -> int:
    assert percentile is not None
    return int(percentile.total_seconds())


@pytest.mark.parametrize(
    ("samples", "half", "most"),
    [
        pytest.param(range(1, 21), 10, 19, id="twenty: one in twenty may take longer"),
        pytest.param(range(1, 20), 10, 19, id="nineteen: the longest"),
        pytest.param([7], 7, 7, id="one"),
        pytest.param([9, 3], 3, 9, id="two, in any order"),
        pytest.param([5, 5, 5, 400], 5, 400, id="a slow one of four"),
    ],
)
def test_the_percentiles_are_those_of_the_nearest_rank(
    samples: range | list[int], half: int, most: int
) -> None:
    starts = ColdStarts().with_more([*samples])
    assert (seconds(starts.percentile(50)), seconds(starts.percentile(95))) == (half, most)


def test_without_a_sample_there_is_no_percentile() -> None:
    assert ColdStarts().percentile(95) is None


@given(samples=SECONDS, percent=st.integers(1, 100))
def test_so_many_of_a_hundred_took_no_longer_and_no_smaller_sample_will_do(
    samples: list[int], percent: int
) -> None:
    kept = samples[-SAMPLES:]
    found = seconds(ColdStarts().with_more(samples).percentile(percent))
    assert found in kept
    assert 100 * sum(each <= found for each in kept) >= percent * len(kept)
    assert 100 * sum(each < found for each in kept) < percent * len(kept)


@given(parts=st.lists(SECONDS, max_size=5))
def test_the_last_twenty_are_kept_oldest_first_however_they_arrive(parts: list[list[int]]) -> None:
    starts = ColdStarts()
    for part in parts:
        starts = starts.with_more(part)
    assert list(starts.samples) == [each for part in parts for each in part][-SAMPLES:]


def test_before_the_first_start_the_whole_budget_is_taken_for_granted() -> None:
    shape = planned(spec("llama-3.1-8b")).shape
    assert cold_start(ColdStarts(), shape) == expected(shape) == timedelta(minutes=15, seconds=7)
    assert cold_start(ColdStarts((100, 300)), shape) == timedelta(seconds=300)


def test_replicas_start_as_early_as_starts_take_and_a_minute_or_as_the_author_says() -> None:
    assert lead("Auto", timedelta(seconds=300)) == timedelta(seconds=300) + UNDERWAY
    assert lead(timedelta(), timedelta(seconds=300)) == timedelta()
    assert lead(timedelta(hours=2), timedelta(seconds=300)) == timedelta(hours=2)


def test_what_was_learned_counts_no_more_than_a_day() -> None:
    """A sample of a month would hold every window open for all of it."""
    assert lead("Auto", timedelta(days=30)) == timedelta(days=1)
