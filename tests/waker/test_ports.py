"""Which fleet a port belongs to: certain, or nobody's."""

from hypothesis import given
from hypothesis import strategies as st

from llamafleet.api.observed import Key
from llamafleet.waker.ports import LINGER_SECONDS, Claim, Ports

ONE, OTHER = Key("team-a", "scout"), Key("team-b", "maverick")
PORT = 20000


def claim(fleet: Key, port: int = PORT, created: str = "2026-11-21T12:00:00Z") -> Claim:
    return Claim(created, f"uid-{fleet}-{port}", fleet, port)


def test_a_claimed_port_is_its_fleets() -> None:
    ports = Ports()
    ports.claim(ONE, claim(ONE), 0)
    assert (ports.fleet(PORT, 0), ports.wanted(0)) == (ONE, {PORT})
    assert ports.fleet(PORT + 1, 0) is None


def test_a_port_stays_for_a_while_when_its_slice_is_gone() -> None:
    ports = Ports()
    ports.claim(ONE, claim(ONE), 0)
    ports.claim(ONE, None, 10)
    just_before = 10 + LINGER_SECONDS - 1
    assert (ports.fleet(PORT, just_before), ports.wanted(just_before)) == (ONE, {PORT})
    assert (ports.fleet(PORT, 10 + LINGER_SECONDS), ports.wanted(10 + LINGER_SECONDS)) == (None, set())


def test_a_fleet_that_moves_keeps_both_ports_for_a_while() -> None:
    ports = Ports()
    ports.claim(ONE, claim(ONE), 0)
    ports.claim(ONE, claim(ONE, PORT + 1), 10)
    assert ports.wanted(11) == {PORT, PORT + 1}
    assert ports.fleet(PORT, 11) == ports.fleet(PORT + 1, 11) == ONE


def test_a_port_that_goes_to_another_fleet_is_nobodys_meanwhile() -> None:
    ports = Ports()
    ports.claim(ONE, claim(ONE), 0)
    ports.claim(ONE, None, 10)
    ports.claim(OTHER, claim(OTHER), 11)
    assert ports.fleet(PORT, 12) is None
    assert ports.fleet(PORT, 11 + LINGER_SECONDS) == OTHER


def test_a_slice_that_is_made_anew_loses_nothing() -> None:
    ports = Ports()
    ports.claim(ONE, claim(ONE), 0)
    ports.claim(ONE, None, 10)
    ports.claim(ONE, claim(ONE, created="2026-11-21T13:00:00Z"), 11)
    assert ports.fleet(PORT, 12) == ONE


def test_of_two_claims_the_older_one_counts_whichever_was_seen_first() -> None:
    older, younger = claim(ONE), claim(OTHER, created="2026-11-21T12:00:01Z")
    for first, second in ((older, younger), (younger, older)):
        ports = Ports()
        ports.claim(first.fleet, first, 0)
        ports.claim(second.fleet, second, 0)
        assert ports.fleet(PORT, LINGER_SECONDS) == ONE


FLEETS = [Key("n", name) for name in "abc"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(FLEETS),
            st.none() | st.sampled_from([PORT, PORT + 1]),
            st.floats(0, 2 * LINGER_SECONDS),
        ),
        max_size=12,
    )
)
def test_a_port_never_leads_to_two_fleets_within_the_time_that_nodes_take(
    steps: list[tuple[Key, int | None, float]],
) -> None:
    """A node may go on sending a fleet's requests to a port for a while after the fleet has lost it."""
    ports, now, owners = Ports(), 0.0, {}
    for fleet, port, wait in steps:
        now += wait
        ports.claim(fleet, None if port is None else claim(fleet, port), now)
        for one in (PORT, PORT + 1):
            owner = ports.fleet(one, now)
            assert owner is None or one in ports.wanted(now)
            if owner is not None:
                before, when = owners.get(one, (owner, now))
                assert before == owner or now - when > 0
                owners[one] = (owner, now)
