"""Which fleet a port belongs to: certain, or nobody's."""

from hypothesis import given
from hypothesis import strategies as st

from llamafleet.api.observed import Key
from llamafleet.waker.ports import LINGER_SECONDS, Ports

ONE, OTHER = Key("team-a", "scout"), Key("team-b", "maverick")
PORT = 20000


def test_a_named_port_is_its_fleets() -> None:
    ports = Ports()
    ports.name(ONE, PORT, 0)
    assert (ports.fleet(PORT, 0), ports.wanted(0)) == (ONE, {PORT})
    assert ports.fleet(PORT + 1, 0) is None


def test_a_port_stays_for_a_while_when_its_slice_is_gone() -> None:
    ports = Ports()
    ports.name(ONE, PORT, 0)
    ports.name(ONE, None, 10)
    just_before = 10 + LINGER_SECONDS - 1
    assert (ports.fleet(PORT, just_before), ports.wanted(just_before)) == (ONE, {PORT})
    assert (ports.fleet(PORT, 10 + LINGER_SECONDS), ports.wanted(10 + LINGER_SECONDS)) == (None, set())


def test_a_fleet_that_moves_keeps_both_ports_for_a_while() -> None:
    ports = Ports()
    ports.name(ONE, PORT, 0)
    ports.name(ONE, PORT + 1, 10)
    assert ports.wanted(11) == {PORT, PORT + 1}
    assert ports.fleet(PORT, 11) == ports.fleet(PORT + 1, 11) == ONE


def test_a_port_that_goes_to_another_fleet_is_nobodys_meanwhile() -> None:
    ports = Ports()
    ports.name(ONE, PORT, 0)
    ports.name(ONE, None, 10)
    ports.name(OTHER, PORT, 11)
    assert ports.fleet(PORT, 12) is None
    assert ports.fleet(PORT, 10 + LINGER_SECONDS) == OTHER


def test_a_slice_that_is_made_anew_loses_nothing() -> None:
    ports = Ports()
    ports.name(ONE, PORT, 0)
    ports.name(ONE, None, 10)
    ports.name(ONE, PORT, 11)
    assert ports.fleet(PORT, 12) == ports.fleet(PORT, 1000) == ONE


def test_a_port_that_two_fleets_name_is_nobodys_and_told() -> None:
    ports = Ports()
    ports.name(ONE, PORT, 0)
    ports.name(OTHER, PORT, 0)
    assert ports.fleet(PORT, 1000) is None
    assert (ports.wanted(1000), ports.shared()) == ({PORT}, {PORT})
    ports.name(OTHER, None, 1000)
    assert ports.shared() == set()
    assert ports.fleet(PORT, 1000 + LINGER_SECONDS) == ONE


@given(
    st.lists(
        st.tuples(
            st.sampled_from([Key("n", name) for name in "abc"]),
            st.sampled_from([None, PORT, PORT + 1]),
            st.floats(0, 2 * LINGER_SECONDS),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_a_port_never_leads_to_a_fleet_while_nodes_may_send_requests_for_another(
    steps: list[tuple[Key, int | None, float, bool]],
) -> None:
    ports, now = Ports(), 0.0
    names: dict[Key, int | None] = {}
    named_at: dict[tuple[Key, int], float] = {}  # the last moment at which a slice named the port
    for fleet, port, wait, looks in steps:
        now += wait
        for known, at in names.items():
            if at is not None:
                named_at[known, at] = now
        ports.name(fleet, port, now)
        names[fleet] = port
        if port is not None:
            named_at[fleet, port] = now
        wanted = ports.wanted(now) if looks else None
        for one in (PORT, PORT + 1):
            sent = {
                known for (known, at), when in named_at.items() if at == one and now - when < LINGER_SECONDS
            }
            live = {known for known, at in names.items() if at == one}
            assert ports.fleet(one, now) == (next(iter(sent | live)) if len(sent | live) == 1 else None)
            assert wanted is None or (one in wanted) == bool(sent | live)
