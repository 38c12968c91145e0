"""Pods that are gone are remembered until somebody accounts for them, and never without end."""

from datetime import timedelta
from typing import Any

import pytest

from builders import NOW, pod
from llamafleet.adapters import departures
from llamafleet.adapters.departures import Departures
from llamafleet.api.observed import Departed, Key

SCOUT, MAVERICK = Key("team-a", "scout"), Key("team-b", "maverick")


def gone(uid: str, minutes: int = 0) -> Departed:
    return Departed(pod(uid=uid), NOW + timedelta(minutes=minutes))


def test_each_fleet_sees_its_own_in_the_order_of_their_end() -> None:
    past = Departures()
    past.add(SCOUT, gone("b", 1))
    past.add(MAVERICK, gone("c", 2))
    past.add(SCOUT, gone("a", 3))
    assert past.of(SCOUT) == (gone("b", 1), gone("a", 3))
    assert past.of(MAVERICK) == (gone("c", 2),)
    assert past.of(Key("team-a", "maverick")) == ()


def test_what_is_settled_is_shown_no_more_and_what_is_not_stays() -> None:
    past = Departures()
    for uid in "abc":
        past.add(SCOUT, gone(uid))
    past.settle(SCOUT, ["a", "c", "never heard of"])
    assert past.of(SCOUT) == (gone("b"),)
    past.settle(SCOUT, ["b"])
    assert past.of(SCOUT) == ()


def test_nobody_settles_for_another_fleet() -> None:
    past = Departures()
    past.add(SCOUT, gone("a"))
    past.settle(MAVERICK, ["a"])
    assert past.of(SCOUT) == (gone("a"),)


def test_the_first_word_of_an_end_counts() -> None:
    past = Departures()
    past.add(SCOUT, gone("a", 1))
    past.add(SCOUT, gone("a", 9))
    assert past.of(SCOUT) == (gone("a", 1),)


def test_with_the_resource_its_pods_are_forgotten() -> None:
    past = Departures()
    past.add(SCOUT, gone("a"))
    past.add(MAVERICK, gone("b"))
    past.forget(SCOUT)
    past.forget(SCOUT)
    assert (past.of(SCOUT), past.of(MAVERICK)) == ((), (gone("b"),))
    past.add(SCOUT, gone("a"))
    assert past.of(SCOUT) == (gone("a"),), "nothing of it is left behind"


def test_beyond_the_limit_the_oldest_of_all_goes_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(departures, "MOST", 3)
    past = Departures()
    past.add(SCOUT, gone("a"))
    for uid in "bcd":
        past.add(MAVERICK, gone(uid))
    assert past.of(SCOUT) == ()
    assert past.of(MAVERICK) == (gone("b"), gone("c"), gone("d"))
    assert caplog.messages == ["team-a/scout: nobody has accounted for pod a, which is gone, and others"], (
        "the others it does not name one by one"
    )


def of_uid(uid: str, **fields: Any) -> Departed:
    return Departed(pod(uid=uid, **fields), NOW)


def test_what_the_leader_has_in_its_account_is_done_with() -> None:
    past = Departures()
    past.add(SCOUT, of_uid("summed", bound=NOW))
    past.add(SCOUT, of_uid("metered", bound=NOW))
    past.add(SCOUT, of_uid("in that second", bound=NOW + timedelta(minutes=1)))
    past.add(SCOUT, of_uid("later", bound=NOW + timedelta(minutes=2)))
    past.add(SCOUT, of_uid("never bound", bound=None, created=NOW))
    past.add(MAVERICK, of_uid("another's", bound=NOW))
    at = (NOW + timedelta(minutes=1)).isoformat()
    past.accounted(SCOUT, written(at, "metered"))
    assert [one.pod.uid for one in past.of(SCOUT)] == ["metered", "in that second", "later"]
    assert [one.pod.uid for one in past.of(MAVERICK)] == ["another's"]
    assert set(past.owners()) == {SCOUT, MAVERICK}


def written(at: str, *uids: str, **fields: Any) -> dict[str, Any]:
    """An account with a meter for each of these pods."""
    meters = [{"uid": uid, "since": NOW.isoformat()} for uid in uids]
    return {"month": "2026-11", "at": at, "meters": meters, **fields}


def test_the_version_of_an_end_says_whether_it_is_in_the_account() -> None:
    past = Departures()
    past.add(SCOUT, of_uid("known", bound=NOW, resource_version="500"))
    past.add(SCOUT, of_uid("unheard of", bound=NOW, resource_version="501"))
    past.add(SCOUT, of_uid("ended before it went", bound=NOW, resource_version="502", phase="Failed"))
    past.accounted(SCOUT, written((NOW + timedelta(minutes=1)).isoformat(), podsVersion=500))
    assert [one.pod.uid for one in past.of(SCOUT)] == ["unheard of"]


@pytest.mark.parametrize(
    "garbled", [None, "text", {}, {"at": "no time"}, {"at": 1}, {"at": "2026", "meters": [1]}]
)
def test_an_account_that_cannot_be_read_settles_nothing(garbled: object) -> None:
    past = Departures()
    past.add(SCOUT, gone("a"))
    past.accounted(SCOUT, garbled)
    assert past.of(SCOUT) == (gone("a"),)
