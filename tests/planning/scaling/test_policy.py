"""The queue policy: what never happens, whatever is read and remembered."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import NOW
from llamafleet.api.memory import NO_MEMORY, Memory
from llamafleet.planning.scaling.policy import Verdict, decide
from llamafleet.planning.scaling.signals import QUEUED, Pace, Signals, Terms

LOOK = timedelta(seconds=15)
COLD = 180.0
PACE = Pace(step=0.03, expert=0.0, experts=0, sequence=0.0001, kv_token=0.0, prompt_token=0.0001)
EXPERTS = Pace(step=0.016, expert=0.0012, experts=16, sequence=3e-5, kv_token=4e-8, prompt_token=0.00015)
TERMS = Terms(
    now=NOW,
    replicas=1,
    low=0,
    queue_depth=8,
    scale_down_delay_seconds=None,
    idle_timeout_seconds=None,
    cold_start_seconds=COLD,
    slots=16.0,
    can_wake=True,
    pace=PACE,
)
COUNTS = st.integers(0, 5000) | st.integers(0, 2**20)
TOKENS = st.integers(0, 10**6) | st.integers(0, 2**53)


@st.composite
def readings(draw: st.DrawFn) -> Signals:
    known = draw(st.booleans())
    return Signals(
        ready=draw(st.integers(0, 40)),
        coming=draw(st.integers(0, 40)),
        waiting=draw(COUNTS),
        running=draw(COUNTS),
        seconds=draw(st.none() | st.floats(0, 1e5)),
        finished=draw(TOKENS) if known else None,
        prompt_tokens=draw(TOKENS) if known else None,
        generation_tokens=draw(TOKENS) if known else None,
        rejected=draw(COUNTS),
        partial=draw(st.booleans()),
        crowded=draw(st.integers(0, 40)),
        crowded_running=draw(COUNTS),
    )


GAPS = st.sampled_from([0.0, 0.05, 0.4, 1.0, 15.0, 15.0, 15.0, 180.0, 600.0, 90_000.0, -1.0, -90_000.0])
"""Seconds between looks: pod events bring some at once, a busy operator is late, and a clock is set back."""


@st.composite
def looks(draw: st.DrawFn) -> list[tuple[float, Signals]]:
    return draw(st.lists(st.tuples(GAPS, readings()), min_size=1, max_size=30))


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    return replace(
        TERMS,
        replicas=draw(st.none() | st.integers(0, 50)),
        queue_depth=draw(st.integers(1, 100)),
        scale_down_delay_seconds=draw(st.none() | st.floats(0, 7200)),
        idle_timeout_seconds=draw(st.none() | st.floats(0, 7200)),
        cold_start_seconds=draw(st.floats(0, 7200)),
        slots=draw(st.floats(0, 300)),
        can_wake=draw(st.booleans()),
        pace=draw(st.sampled_from([PACE, EXPERTS])),
    )


def told(story: list[tuple[float, Signals]], given_terms: Terms, memory: Memory = NO_MEMORY) -> Verdict:
    """The last verdict of some looks; what is decided is done."""
    verdict = Verdict(given_terms.replicas or 0, "", memory)
    now = given_terms.now
    for seconds, signals in story:
        now += timedelta(seconds=seconds)
        here = replace(given_terms, now=now)
        verdict = decide(signals, verdict.memory, here)
        given_terms = replace(given_terms, replicas=verdict.replicas)
    return verdict


def steady(
    looks_: int, waiting: int = 0, running: int = 32, ready: int = 4, rate: float = 8.0
) -> list[tuple[float, Signals]]:
    """A load that does not change: requests of 4 s."""
    one = Signals(
        ready=ready,
        coming=0,
        waiting=waiting,
        running=running,
        crowded=ready if waiting >= QUEUED * ready else 0,
        crowded_running=running if waiting >= QUEUED * ready else 0,
        seconds=15.0,
        finished=round(15 * rate),
        prompt_tokens=round(15 * rate * 500),
        generation_tokens=round(15 * rate * 150),
    )
    return [(15.0, one)] * looks_


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(looks(), terms())
def test_the_count_is_never_below_zero_and_memory_survives_json(
    story: list[tuple[float, Signals]], given_terms: Terms
) -> None:
    verdict = told(story, given_terms)
    again = Memory.model_validate_json(verdict.memory.model_dump_json(by_alias=True))

    assert verdict.replicas >= 0
    assert again == verdict.memory
    assert len(verdict.memory.model_dump_json(by_alias=True, exclude_defaults=True)) <= 2048


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(looks(), looks(), terms())
def test_a_restart_changes_no_decision(
    before: list[tuple[float, Signals]], after: list[tuple[float, Signals]], given_terms: Terms
) -> None:
    memory = told(before, given_terms).memory
    restarted = Memory.model_validate_json(memory.model_dump_json(by_alias=True))
    later = replace(given_terms, now=NOW + timedelta(days=40))

    assert told(after, later, restarted) == told(after, later, memory)


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(looks(), terms())
def test_no_reading_holds_the_count_and_forgets_nothing(
    story: list[tuple[float, Signals]], given_terms: Terms
) -> None:
    memory = told(story, given_terms).memory
    verdict = decide(None, memory, replace(given_terms, replicas=7))

    assert (verdict.replicas, verdict.memory) == (7, memory)
    assert verdict.message == "There is no queue reading, so the fleet stays at 7."


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(looks(), terms(), readings())
def test_a_partial_reading_never_lowers_and_teaches_nothing(
    story: list[tuple[float, Signals]], given_terms: Terms, last: Signals
) -> None:
    memory = told(story, given_terms).memory
    here = replace(given_terms, replicas=9, now=NOW + timedelta(days=40))
    verdict = decide(replace(last, partial=True), memory, here)

    assert verdict.replicas >= 9
    assert verdict.memory == memory


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(looks(), terms(), readings())
def test_it_never_goes_to_zero_while_there_are_requests_or_nothing_would_wake_it(
    story: list[tuple[float, Signals]], given_terms: Terms, last: Signals
) -> None:
    memory = told(story, given_terms).memory
    here = replace(given_terms, now=NOW + timedelta(days=40))

    assert decide(replace(last, waiting=1), memory, here).replicas >= 1
    assert decide(last, memory, replace(here, can_wake=False)).replicas >= 1
    assert decide(last, memory, replace(here, replicas=None)).replicas >= 1


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(st.integers(0, 3000), st.integers(0, 3000), st.integers(1, 60))
def test_more_waiting_requests_never_ask_for_fewer(one: int, other: int, count: int) -> None:
    memory = told(steady(count), TERMS).memory
    here = replace(TERMS, now=NOW + timedelta(hours=1), replicas=4)
    seen = steady(1)[0][1]
    fewer, more = sorted((one, other))

    found = [decide(replace(seen, waiting=waiting), memory, here).replicas for waiting in (fewer, more)]

    assert found[0] <= found[1]


@pytest.mark.parametrize("pace", [PACE, EXPERTS], ids=["dense", "with experts"])
def test_a_flat_load_does_not_flap(pace: Pace) -> None:
    given_terms, counts = replace(TERMS, pace=pace), []
    memory = told(steady(240), given_terms).memory
    for number in range(240):
        here = replace(given_terms, now=NOW + timedelta(hours=1) + (number + 1) * LOOK, replicas=3)
        verdict = decide(steady(1)[0][1], memory, here)
        memory = verdict.memory
        counts.append(verdict.replicas)

    assert len(set(counts)) <= 2
    assert counts == sorted(counts, reverse=True)


def test_a_steady_load_gets_what_it_needs() -> None:
    """7 requests/s of 150 tokens at 0.03/16 + 0.0001 s and 500 of prompt at 0.0001 s: 2.4 full replicas."""
    verdict = told(steady(480, running=28, rate=7.0), TERMS)

    assert verdict.replicas == 3


def test_a_lower_count_waits_for_one_cold_start() -> None:
    busy = told(steady(40, running=64, rate=32.0), TERMS)
    quiet = Signals(ready=busy.replicas, coming=0, waiting=0, running=1, finished=4, seconds=15.0)
    memory, counts, now = busy.memory, [busy.replicas], NOW + 40 * LOOK
    for _ in range(30):
        now += LOOK
        verdict = decide(quiet, memory, replace(TERMS, now=now, replicas=counts[-1]))
        memory = verdict.memory
        counts.append(verdict.replicas)
    first_lower = next(place for place, count in enumerate(counts) if count < counts[0])

    assert first_lower * LOOK.total_seconds() >= COLD
    assert counts[-1] <= 2


def test_the_authors_delay_comes_before_the_policys() -> None:
    busy = told(steady(40, running=64, rate=32.0), TERMS)
    quiet = Signals(ready=12, coming=0, waiting=0, running=1, finished=4, seconds=15.0)
    later = replace(TERMS, now=NOW + 40 * LOOK + timedelta(minutes=9), scale_down_delay_seconds=600.0)

    assert decide(quiet, busy.memory, later).replicas == busy.replicas


def test_idle_goes_to_zero_after_the_authors_time_only() -> None:
    used = told(steady(20), replace(TERMS, idle_timeout_seconds=3600.0))
    idle = Signals(ready=1, coming=0, waiting=0, running=0, finished=0, seconds=15.0)
    here = replace(TERMS, idle_timeout_seconds=3600.0)
    soon = decide(idle, used.memory, replace(here, now=NOW + timedelta(minutes=50)))
    late = decide(idle, soon.memory, replace(here, now=NOW + timedelta(minutes=70)))

    assert (soon.replicas, late.replicas) == (1, 0)


def test_a_backlog_of_a_cold_start_is_not_counted_again_and_again() -> None:
    """A burst of 20/s finds the fleet at zero: replicas for its rate and its queue."""
    counts: list[int] = []
    memory = told(steady(60), TERMS).memory
    now = NOW + timedelta(hours=3)
    memory = decide(Signals(0, 0, 0, 0, finished=0), memory, replace(TERMS, now=now, replicas=0)).memory
    for number in range(1, 12):
        seen = Signals(0, counts[-1] if counts else 0, waiting=300 * number, running=0, finished=0)
        here = replace(TERMS, now=now + number * LOOK, replicas=counts[-1] if counts else 0)
        verdict = decide(seen, memory, here)
        memory = verdict.memory
        counts.append(verdict.replicas)

    assert counts == sorted(counts)
    assert counts[-1] <= 2 * 20 * 5.3 / 16 + 20 * COLD * 5.3 / 16 / 60


def test_the_sentence_has_its_arithmetic() -> None:
    verdict = told([*steady(20), *steady(1, waiting=56, running=40)], TERMS)

    assert verdict.message.startswith("The queue asks for ")
    assert "96 requests, 56 of them waiting, keep " in verdict.message
    assert "with headroom, and " in verdict.message


AT_ONCE = replace(TERMS, scale_down_delay_seconds=0.0)
"""Nothing is held, so that each look shows what it asks for."""

WATCHED = steady(480, running=32, rate=6.4)
"""What PACE allows: 4 replicas with 8 requests each are busy for 0.63 s with each of 6.4/s."""


@pytest.mark.parametrize("error", [0.25, 0.5, 2.0, 4.0])
def test_a_pace_that_the_plan_has_wrong_is_corrected_before_requests_wait(error: float) -> None:
    parts = ("step", "sequence", "prompt_token")
    wrong = replace(PACE, **{part: error * getattr(PACE, part) for part in parts})

    right = told(WATCHED, AT_ONCE)

    assert told(WATCHED, replace(AT_ONCE, pace=wrong)).replicas == right.replicas


def test_slots_that_the_plan_has_wrong_are_corrected_once_requests_wait() -> None:
    wrong, full = replace(AT_ONCE, slots=60.0), steady(12, waiting=40, running=64, rate=10.0)

    assert told(full, wrong).memory.learned.milli_slots == pytest.approx(16_000, rel=0.2)
    assert told(full, wrong).replicas == pytest.approx(told(full, AT_ONCE).replicas, abs=1)
    assert told(steady(12), wrong).memory.learned.milli_slots == 0


def test_a_steady_load_that_was_late_gets_the_headroom_of_one_that_moves() -> None:
    late = told([*steady(480, waiting=120, running=64), *steady(1)], AT_ONCE)
    in_time = told([*steady(480, running=64), *steady(1)], AT_ONCE)

    assert late.replicas > in_time.replicas


def test_counters_that_nobody_could_compare_are_no_sign_that_nothing_comes() -> None:
    """The first look of an operator that was started anew has the counters, and nothing before them."""
    before = told(steady(20), AT_ONCE)
    unknown = replace(
        steady(1)[0][1], seconds=None, finished=None, prompt_tokens=None, generation_tokens=None
    )

    after = told([(120.0, unknown)], later(AT_ONCE, 20), before.memory)

    assert after.replicas == before.replicas


def test_counters_of_a_part_of_the_gap_stand_for_the_whole() -> None:
    """A look between was partial, so what it counted is lost."""
    before = told(steady(20), AT_ONCE)

    after = told([(60.0, steady(1)[0][1])], later(AT_ONCE, 20), before.memory)

    assert after.replicas == before.replicas


def test_two_looks_at_once_are_worth_one() -> None:
    whole = steady(1)[0][1]
    none = replace(whole, seconds=0.05, finished=0, prompt_tokens=0, generation_tokens=0)
    before = told(steady(20), AT_ONCE)

    after = told([(15.0, whole), *[(0.05, none)] * 9], later(AT_ONCE, 20), before.memory)

    assert after.replicas == before.replicas


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(looks(), terms(), st.integers(1, 10**8))
def test_a_clock_that_was_set_back_holds_nothing_for_longer(
    story: list[tuple[float, Signals]], given_terms: Terms, back: int
) -> None:
    ahead = told(story, replace(given_terms, now=NOW + timedelta(seconds=back)))
    here = replace(given_terms, now=NOW, scale_down_delay_seconds=600.0, can_wake=False)
    idle = Signals(ready=1, coming=0, waiting=0, running=0, seconds=15.0, finished=0)

    now = decide(idle, ahead.memory, here)
    soon = decide(idle, now.memory, replace(here, now=NOW + timedelta(minutes=11)))

    assert all(ask.at <= NOW for ask in now.memory.asks)
    assert len(soon.memory.asks) == 1


def later(given_terms: Terms, looks_: int) -> Terms:
    """The terms so many looks on."""
    return replace(given_terms, now=given_terms.now + looks_ * LOOK)


@pytest.mark.parametrize(
    ("at_once", "clients", "depth", "enough"),
    [(4, 16, 4, 2), (4, 32, 8, 3), (2, 20, 8, 2), (12, 32, 4, 2)],
    ids=["four at once", "deeper queues", "two at once", "twelve at once"],
)
def test_replicas_that_do_far_less_than_the_plan_says_are_joined_until_the_queues_are_tolerable(
    at_once: int, clients: int, depth: int, enough: int
) -> None:
    """Clients that ask again as soon as they are answered: arrivals never show that they wait."""
    memory, replicas, counts = NO_MEMORY, 1, []
    for number in range(20):
        running = min(clients, replicas * at_once) if number else 0
        waiting = clients - running if number else 0
        full = waiting >= QUEUED * replicas
        signals = Signals(
            ready=replicas,
            coming=0,
            waiting=waiting,
            running=running,
            seconds=15.0,
            finished=running * 15 // 6,
            prompt_tokens=running * 50,
            generation_tokens=running * 100,
            crowded=replicas if full else 0,
            crowded_running=running if full else 0,
        )
        now = NOW + number * LOOK
        asked = replace(
            TERMS, now=now, replicas=replicas, queue_depth=depth, slots=95.0, cold_start_seconds=5
        )
        verdict = decide(signals, memory, asked)
        memory, replicas = verdict.memory, max(1, verdict.replicas)
        counts.append(replicas)
    assert counts[:2] == [1, 2], "the first look at the queue adds a replica"
    assert set(counts[enough:]) == {enough}, "then it neither grows nor flaps"


def test_a_queue_that_asks_by_itself_says_so() -> None:
    deep = Signals(ready=1, coming=0, waiting=12, running=4, seconds=15.0, finished=10)
    verdict = decide(deep, NO_MEMORY, replace(TERMS, queue_depth=4, slots=95.0))
    assert verdict.replicas == 2
    assert verdict.message.endswith("; 12 wait at 1, where 4 at each are tolerated.")
    loading = decide(replace(deep, coming=1), NO_MEMORY, replace(TERMS, queue_depth=4, slots=95.0))
    assert loading.replicas == 2, "what is on its way is waited for, and not given up"
