"""Who stood by for days and takes over bills no pod twice and forgets none.

A standby sees every pod go, and whatever the leader writes. Only from that it knows what is settled.
"""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamafleet.adapters.departures import Departures
from llamafleet.api.ledger import Ledger
from llamafleet.planning.money.ledger import spent
from reconcile.nights import Night, utc
from reconcile.test_reconciler import KEY

START = utc("2026-11-01 00:00")


class Watched(Night):
    """A fleet with a leader, and what another process remembers that stands by."""

    def __init__(self) -> None:
        """No pod yet; the leader has looked once."""
        super().__init__("2026-11-01 00:00", {})
        self.standby = Departures()
        self.look()

    def leader_looks(self) -> None:
        """One reconcile of the leader, whose status the other sees."""
        self.look()
        self.standby.accounted(KEY, self.cost["ledger"])

    def goes(self, name: str) -> None:
        """A pod is gone at once; both see it."""
        before = self.world.gone
        self.remove(name)
        for one in self.world.gone[len(before) :]:
            self.standby.add(KEY, one)

    def take_over(self) -> None:
        """The leader dies; the other one has its own memory of the departed, and no other."""
        self.world.gone = self.standby.of(KEY)
        self.restart()


def test_days_of_pods_that_come_and_go_leave_nothing_to_remember_and_nothing_to_pay_again() -> None:
    fleet = Watched()
    for number in range(72):
        name = f"pod-{number}"
        fleet.now = START + timedelta(hours=number)
        fleet.starts(name)
        fleet.leader_looks()
        fleet.now += timedelta(minutes=30)
        fleet.goes(name)
        fleet.leader_looks()
        assert len(fleet.standby.of(KEY)) == 0
    paid = fleet.cost["monthToDate"]
    assert paid == "42.84", "72 halves of an hour at 1.19"
    fleet.take_over()
    fleet.look()
    assert fleet.cost["monthToDate"] == paid


def test_who_remembers_all_that_the_leader_has_settled_pays_nothing_again() -> None:
    """It heard of the ends after the status that has them in its sums: so they stay in its memory."""
    fleet = Watched()
    for number in range(5):
        fleet.now = START + timedelta(hours=number)
        fleet.starts(f"pod-{number}")
        fleet.look()
        fleet.now += timedelta(minutes=30)
        fleet.goes(f"pod-{number}")
        fleet.look()
    assert len(fleet.standby.of(KEY)) == 5
    paid = fleet.cost["monthToDate"]
    fleet.take_over()
    fleet.look()
    assert fleet.cost["monthToDate"] == paid
    assert fleet.world.gone == (), "and it is done with them"


def test_a_pod_that_went_when_the_leader_died_is_paid_by_the_next_to_the_second() -> None:
    fleet = Watched()
    fleet.starts("a")
    fleet.leader_looks()
    fleet.now = START + timedelta(hours=2)
    fleet.goes("a")
    fleet.now = START + timedelta(hours=5)
    fleet.take_over()
    fleet.look()
    assert fleet.cost["monthToDate"] == "2.38"
    assert fleet.cost["ledger"].get("uncertainUsd", "0") == "0"


def test_a_deleted_fleet_leaves_what_its_pods_cost_since_its_last_status_too() -> None:
    """The pods got their nodes after the last look; one is gone by the next, and one is on its way out."""
    fleet = Night("2026-11-01 00:00", {}).look()
    before = fleet.cost["ledger"]
    fleet.starts("a", "b")
    fleet.now = START + timedelta(hours=1)
    fleet.remove("a")
    fleet.world.accounts_left[KEY], fleet.world.resource_now = before, None
    assert not fleet.reconcile()
    kept = Ledger.model_validate(fleet.world.accounts_kept[KEY])
    assert spent(kept, fleet.now) == 2 * Decimal("1.19")
    assert [meter.until is not None for meter in kept.meters] == [True], "b is counted until it must be gone"
    assert fleet.world.gone == (), "nobody is left to account for a again"


Step = tuple[int, str]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 7200), st.sampled_from(["start", "go", "look", "quiet look", "take over"])),
        max_size=25,
    )
)
def test_whoever_leads_and_whenever_the_bill_is_the_same(steps: list[Step]) -> None:
    """The sum of the lifetimes, as long as somebody saw each pod go."""
    fleet = Watched()
    lives: dict[str, tuple[datetime, datetime | None]] = {}
    for seconds, step in steps:
        fleet.now += timedelta(seconds=seconds)
        running = [name for name, (_, end) in lives.items() if end is None]
        if step == "start":
            name = f"pod-{len(lives)}"
            fleet.starts(name)
            lives[name] = fleet.now, None
        elif step == "go" and running:
            fleet.goes(running[0])
            lives[running[0]] = lives[running[0]][0], fleet.now
        elif step == "look":
            fleet.leader_looks()
        elif step == "quiet look":
            fleet.look()  # the watch is late: the other hears of it later, or never
        elif step == "take over":
            fleet.take_over()
    fleet.look()
    length = sum(((end or fleet.now) - begin).total_seconds() for begin, end in lives.values())
    paid = spent(Ledger.model_validate(fleet.cost["ledger"]), fleet.now)
    assert float(paid) == pytest.approx(length * 1.19 / 3600, abs=1e-6)
