"""An answer that is older than what was seen of a resource is not believed."""

from typing import Any

import pytest

from llamafleet.adapters.freshness import Freshness
from llamafleet.api.observed import Key
from llamafleet.errors import Stale

SCOUT, MAVERICK = Key("team-a", "scout"), Key("team-a", "maverick")


def version(number: int) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": str(number)}}


@pytest.mark.parametrize("seen", ["written or watched", "read"])
def test_what_is_older_is_stale_and_what_is_as_young_is_not(seen: str) -> None:
    known = Freshness()
    (known.note if seen == "written or watched" else known.check)(SCOUT, version(10))
    with pytest.raises(Stale, match="team-a/scout: an API server that is behind: version 9 after 10"):
        known.check(SCOUT, version(9))
    known.check(SCOUT, version(10))
    known.check(SCOUT, version(100))
    with pytest.raises(Stale):
        known.check(SCOUT, version(99))


def test_an_older_event_makes_nothing_older() -> None:
    known = Freshness()
    known.note(SCOUT, version(10))
    known.note(SCOUT, version(7))
    with pytest.raises(Stale):
        known.check(SCOUT, version(8))


def test_each_resource_has_its_own_and_takes_it_along() -> None:
    known = Freshness()
    known.note(SCOUT, version(10))
    known.check(MAVERICK, version(3))
    known.gone(SCOUT)
    known.gone(SCOUT)
    known.check(SCOUT, version(5))
