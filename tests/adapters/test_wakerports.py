"""Each fleet has a port of its own at the waker, and keeps it."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from llamafleet.adapters.wakerports import LINGER_SECONDS, PORTS, WakerPorts, pick
from llamafleet.api.observed import Key

SCOUT, MAVERICK = Key("team-a", "scout"), Key("team-b", "maverick")
KEYS = st.builds(
    Key, st.sampled_from(["a", "b", "c"]), st.sampled_from(["scout", "maverick", "small", "big"])
)


def test_the_ports_are_those_that_the_waker_listens_at() -> None:
    assert (PORTS[0], PORTS[-1]) == (20000, 29999)


def test_a_fleet_begins_at_the_place_of_its_name() -> None:
    """Written down: another release must find the same place, or an empty view would move every fleet."""
    assert (pick(SCOUT, None, {}), pick(MAVERICK, None, {})) == (29065, 29306)


def test_a_taken_port_is_passed_over_also_past_the_last_one() -> None:
    begin = pick(SCOUT, None, {})
    assert begin is not None
    taken = {port: {MAVERICK} for port in range(begin, PORTS[-1] + 1)}
    assert pick(SCOUT, None, taken) == PORTS[0]


def test_without_a_free_port_there_is_none() -> None:
    assert pick(SCOUT, None, {port: {MAVERICK} for port in PORTS}) is None


def test_of_two_that_show_the_same_port_the_first_by_name_keeps_it() -> None:
    owners = {20007: {SCOUT, MAVERICK}}
    assert pick(SCOUT, 20007, owners) == 20007
    assert pick(MAVERICK, 20007, owners) not in {None, 20007}


def test_a_port_that_is_none_of_the_wakers_is_not_kept() -> None:
    assert pick(SCOUT, 80, {80: {SCOUT}}) == pick(SCOUT, None, {})


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("of"), KEYS, st.none()),
        st.tuples(
            st.just("note"), KEYS, st.one_of(st.none(), st.integers(20000, 20005), st.integers(1, 65535))
        ),
    ),
    max_size=40,
)


@given(STEPS)
def test_whatever_slices_show_every_fleet_ends_with_a_port_of_its_own(
    steps: list[tuple[str, Key, int | None]],
) -> None:
    ports = WakerPorts()
    for verb, key, port in steps:
        if verb == "note":
            ports.note(key, port)
        else:
            given_out = ports.of(key)
            assert given_out in PORTS
    keys = sorted({key for _, key, _ in steps})
    settled = {key: ports.of(key) for key in keys}
    settled = {key: ports.of(key) for key in keys}  # who lost a port to another has moved by now
    assert len(set(settled.values())) == len(keys)
    assert {key: ports.of(key) for key in reversed(keys)} == settled


@given(st.sets(KEYS, min_size=1), st.randoms())
def test_an_operator_that_begins_anew_keeps_what_the_slices_show(keys: set[Key], random: Random) -> None:
    before = WakerPorts()
    shown = {key: before.of(key) for key in keys}
    after, order = WakerPorts(), sorted(keys)
    random.shuffle(order)
    for key in order:
        after.note(key, shown[key])
    assert {key: after.of(key) for key in order} == shown


def test_a_fleet_that_is_gone_leaves_its_port_to_others_once_the_wakers_have_forgotten_it() -> None:
    """A port that two fleets named within a minute leads to neither of them."""
    now = 0.0
    ports = WakerPorts(lambda: now)
    first = pick(MAVERICK, None, {})
    ports.note(SCOUT, first)
    assert ports.of(MAVERICK) != first
    ports.note(SCOUT, None)
    ports.note(MAVERICK, None)
    now = LINGER_SECONDS - 1
    assert ports.of(MAVERICK) != first
    ports.note(MAVERICK, None)
    now += 1
    assert ports.of(MAVERICK) == first


def test_a_fleet_that_comes_back_at_once_gets_its_port_again() -> None:
    ports = WakerPorts(lambda: 0.0)
    first = ports.of(SCOUT)
    ports.note(SCOUT, None)
    assert ports.of(SCOUT) == first
