"""Who serves, who rests, who goes, while a fleet shrinks."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from builders import NOW, pod
from llamafleet.api.observed import Load, PodSeen
from llamafleet.planning.scaling.resting import Bounds, rest

TIME = timedelta(minutes=5)
Fleet = tuple[list[PodSeen], dict[str, Load]]


def load(requests: int) -> Load:
    return Load(running=requests, waiting=0, prompt_tokens=0, generation_tokens=0)


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    pods = [
        pod(
            name=f"p{number}",
            uid=f"p{number}",
            ready=draw(st.booleans()),
            resting=draw(st.sampled_from([None, NOW, NOW - TIME / 2, NOW - TIME])),
        )
        for number in range(draw(st.integers(0, 7)))
    ]
    return pods, {one.uid: load(draw(st.integers(0, 2))) for one in pods if draw(st.booleans())}


COUNTS = st.integers(1, 8)


@given(fleets(), COUNTS, COUNTS)
def test_every_pod_has_one_part_and_enough_of_them_serve(fleet: Fleet, wanted: int, more: int) -> None:
    pods, loads = fleet
    found = rest(pods, loads, Bounds(wanted, wanted + more, TIME), NOW)
    resting = {one.uid for one in found.resting}
    assert not resting & found.going
    serving = [one for one in pods if one.uid not in resting | found.going]
    assert len(serving) == min(len(pods), wanted)
    assert [one.uid for one in found.back] == [one.uid for one in serving if one.resting is not None]
    assert found.replicas == wanted + len(resting) <= wanted + more


@given(fleets(), COUNTS, COUNTS)
def test_only_who_was_known_to_work_rests_and_not_beyond_its_time(
    fleet: Fleet, wanted: int, more: int
) -> None:
    pods, loads = fleet
    for one in rest(pods, loads, Bounds(wanted, wanted + more, TIME), NOW).resting:
        assert one.ready
        assert loads[one.uid].running > 0 if one.uid in loads else one.resting is not None
        assert one.resting is None or NOW - one.resting < TIME


@given(fleets(), COUNTS)
def test_with_no_money_to_spare_nobody_rests(fleet: Fleet, wanted: int) -> None:
    pods, loads = fleet
    found = rest(pods, loads, Bounds(wanted, wanted, TIME), NOW)
    assert (found.replicas, found.resting) == (wanted, ())


@given(fleets(), COUNTS, COUNTS)
def test_a_second_look_at_the_same_pods_changes_nothing(fleet: Fleet, wanted: int, more: int) -> None:
    """Else labels would be written without end."""
    pods, loads = fleet
    bounds = Bounds(wanted, wanted + more, TIME)
    first = rest(pods, loads, bounds, NOW)
    since = {one.uid: one.resting or NOW for one in first.resting}
    left = [one for one in pods if one.uid not in first.going]
    after = [pod(name=one.name, uid=one.uid, ready=one.ready, resting=since.get(one.uid)) for one in left]
    second = rest(after, loads, bounds, NOW)
    assert {one.uid for one in second.resting} == since.keys()
    assert (second.going, second.back, second.replicas) == (frozenset(), (), first.replicas)


def test_the_busiest_rest_where_not_all_may() -> None:
    pods = [pod(name=name, uid=name, ready=True) for name in "abcd"]
    loads = {name: load(count) for name, count in zip("abcd", (5, 1, 3, 9), strict=True)}
    found = rest(pods, loads, Bounds(wanted=1, most=2, time=TIME), NOW)
    assert ([one.name for one in found.resting], sorted(found.going)) == (["a"], ["b", "c"])
