"""Which pods go when a fleet shrinks."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from builders import NOW, pod
from llamafleet.api.observed import Load, PodSeen
from llamafleet.planning.scaling.retire import GOES, STAYS, marks, retiring


def ready(name: str, minutes: int = 60, **changes: Any) -> PodSeen:
    """A pod that serves, and how old it is."""
    usual: dict[str, Any] = {"ready": True, "created": NOW - timedelta(minutes=minutes)}
    return pod(**{"name": name, "uid": name, **usual, **changes})


def load(running: int, waiting: int = 0) -> Load:
    return Load(running=running, waiting=waiting, prompt_tokens=0, generation_tokens=0)


def names(pods: tuple[PodSeen, ...]) -> str:
    return "".join(one.name for one in pods)


def test_the_least_busy_go_first() -> None:
    pods = [ready("a"), ready("b"), ready("c"), ready("d")]
    loads = {"a": load(3), "b": load(0, 2), "c": load(1, 4), "d": load(9)}
    assert names(retiring(pods, loads, wanted=1)) == "bac"


def test_of_two_that_are_as_busy_the_younger_goes() -> None:
    pods = [ready("a", minutes=90), ready("b", minutes=5), ready("c", minutes=30)]
    assert names(retiring(pods, {name: load(2) for name in "abc"}, wanted=1)) == "bc"


def test_a_pod_without_a_reading_is_busy() -> None:
    pods = [ready("a"), ready("b")]
    assert names(retiring(pods, {"b": load(200, 900)}, wanted=1)) == "b"


def test_what_does_not_serve_goes_before_what_is_idle() -> None:
    pods = [
        ready("a"),
        ready("b", ready=False),
        ready("c", ready=False, phase="Pending"),
        ready("d", ready=False, phase="Pending", node=None),
    ]
    assert names(retiring(pods, {"a": load(0)}, wanted=0)) == "dcba"


def test_who_rests_already_goes_before_others_that_serve_and_after_what_does_not() -> None:
    pods = [ready("a"), ready("b", resting=NOW), ready("c", ready=False)]
    assert names(retiring(pods, {"a": load(0), "b": load(9)}, wanted=1)) == "cb"


def test_marks_are_only_for_those_that_lack_them_and_stale_ones_are_taken_back() -> None:
    pods = [ready("a", deletion_cost=GOES), ready("b"), ready("c", deletion_cost=GOES), ready("d")]
    assert marks(pods, {"b", "c"}) == {"a": STAYS, "b": GOES}


def test_a_mark_of_somebody_else_is_no_wish_of_ours() -> None:
    pods = [ready("a", deletion_cost=-100), ready("b")]
    assert marks(pods, {"b"}) == {"a": STAYS, "b": GOES}


def test_nobody_goes_where_more_are_wanted() -> None:
    assert retiring([ready("a")], {}, wanted=3) == ()


@st.composite
def fleets(draw: st.DrawFn) -> tuple[list[PodSeen], dict[str, Load], int]:
    pods = [
        ready(
            f"p{number}",
            minutes=draw(st.integers(0, 3)),
            ready=draw(st.booleans()),
            phase=draw(st.sampled_from(["Pending", "Running", "Unknown"])),
            node=draw(st.sampled_from([None, "a100-0"])),
            deletion_cost=draw(st.sampled_from([GOES, STAYS, 7])),
        )
        for number in range(draw(st.integers(0, 8)))
    ]
    read = [one for one in pods if draw(st.booleans())]
    loads = {one.uid: load(draw(st.integers(0, 3)), draw(st.integers(0, 3))) for one in read}
    return pods, loads, draw(st.integers(0, 9))


def as_the_controller_ranks(one: PodSeen) -> tuple[bool, int, bool, int]:
    """The ReplicaSet controller's own order as far as our marks: the lowest is deleted first."""
    return (
        one.node is not None,
        ["Pending", "Unknown", "Running"].index(one.phase),
        one.ready,
        one.deletion_cost,
    )


@given(fleets())
def test_with_the_marks_the_controller_takes_exactly_those_that_we_meant(
    fleet: tuple[list[PodSeen], dict[str, Load], int],
) -> None:
    """Whatever it does among pods of equal rank: none of them is on the other side."""
    pods, loads, wanted = fleet
    going = {one.uid for one in retiring(pods, loads, wanted)}
    wrong = marks(pods, going)
    marked = {one.uid: replace(one, deletion_cost=wrong.get(one.uid, one.deletion_cost)) for one in pods}
    assert len(going) == max(len(pods) - wanted, 0)
    last = max((as_the_controller_ranks(marked[uid]) for uid in going), default=None)
    first = min((as_the_controller_ranks(marked[uid]) for uid in marked.keys() - going), default=None)
    assert last is None or first is None or last < first
    assert marks(list(marked.values()), going) == {}
