"""The simulator against queues that mathematics has solved: a wrong clock, queue or batch shows here."""

import math

import pytest

from simulation.queues import TOKENS, mdc, mean_wait, mmc, one_at_a_time, poisson, profile, static

REQUESTS = 250_000


@pytest.mark.parametrize(
    ("servers", "use", "exponential"),
    [
        pytest.param(1, 0.7, True, id="M/M/1"),
        pytest.param(1, 0.7, False, id="M/D/1"),
        pytest.param(4, 0.8, True, id="M/M/4"),
        pytest.param(4, 0.8, False, id="M/D/4"),
        pytest.param(10, 0.9, True, id="M/M/10"),
    ],
)
def test_mean_wait_is_that_of_the_queue(servers: int, use: float, *, exponential: bool) -> None:
    trace = poisson(REQUESTS, servers * use, seed=servers, exponential=exponential)
    expected = (mmc if exponential else mdc)(servers, servers * use)

    result = static(trace, one_at_a_time(), servers)

    assert mean_wait(result) == pytest.approx(expected, rel=0.04)


def test_share_that_waits_is_erlangs() -> None:
    """PASTA: of M/M/1 the share of requests that wait is the share of time in which the server is busy."""
    result = static(poisson(REQUESTS, 0.7, seed=3, exponential=True), one_at_a_time(), 1)

    assert 1 - result.share_within(0) == pytest.approx(0.7, rel=0.02)


def test_a_batch_that_shares_the_gpu_is_processor_sharing() -> None:
    """A step that takes as long as the batch is large gives each request its share; M/M/1-PS has 1/(1-rho).

    Little's law turns the mean number in the system, seen at every look, into the mean time in it.
    """
    rate = 0.7
    trace = poisson(REQUESTS, rate, seed=4, exponential=True)

    result = static(trace, profile(sequence_s=1 / TOKENS), 1)

    running = math.fsum(point.running for point in result.series) / len(result.series)
    assert result.waits[-1] == 0
    assert running / rate == pytest.approx(1 / (1 - rate), rel=0.05)


def test_prefill_alone_is_service_too() -> None:
    """One token each: what takes time is the prompt, and the queue is that of M/D/1 again."""
    trace = poisson(REQUESTS, 0.6, seed=5, exponential=False)
    prompts = type(trace)(trace.arrivals, trace.outputs, [1] * len(trace))

    result = static(prompts, profile(prefill_token_s=1 / TOKENS, max_num_seqs=1), 1)

    assert mean_wait(result) == pytest.approx(mdc(1, 0.6), rel=0.04)
