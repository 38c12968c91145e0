"""The Event of an announcement: one name for one announcement, and nothing that the API server refuses."""

import re
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from builders import NOW
from llamafleet.adapters.events import event_of
from llamafleet.api.observed import Announcement, Key
from llamafleet.api.texts import SUBDOMAIN

OPENED = Announcement(
    key=Key("team-a", "scout"),
    uid="1234",
    type="Normal",
    reason="WindowOpened",
    message="Window nightly is open until 2026-11-22 05:00 Europe/Berlin.",
    at=NOW,
    again="2026-11-21T12:00:00Z",
)


def name(announcement: Announcement) -> str:
    found: str = event_of(announcement)["metadata"]["name"]
    return found


def test_the_same_announcement_has_the_same_name_whenever_and_however_it_is_made() -> None:
    again = replace(OPENED, at=NOW + timedelta(hours=1), message="Other words.")
    assert name(again) == name(OPENED)
    assert name(OPENED) == "scout.d03eaa1b5c312180", "a name of another release would be another Event"


def test_another_resource_reason_or_occasion_is_another_event() -> None:
    others = [
        replace(OPENED, uid="5678"),
        replace(OPENED, reason="WindowClosed"),
        replace(OPENED, again="2026-11-22T12:00:00Z"),
        replace(OPENED, uid="1234WindowOpened", reason=""),
    ]
    assert len({name(one) for one in [OPENED, *others]}) == len(others) + 1


def test_what_it_says() -> None:
    found = event_of(OPENED)
    assert found["involvedObject"] == {
        "apiVersion": "llamafleet.io/v1alpha1",
        "kind": "LlamaDeployment",
        "namespace": "team-a",
        "name": "scout",
        "uid": "1234",
    }
    assert (found["type"], found["reason"], found["message"]) == ("Normal", "WindowOpened", OPENED.message)
    assert found["firstTimestamp"] == found["lastTimestamp"] == "2026-11-21T12:00:00Z"
    assert found["eventTime"] == "2026-11-21T12:00:00.000000Z"


@given(st.text(), st.integers(0, 2000))
def test_a_message_is_cut_at_the_limit_and_between_two_characters(words: str, times: int) -> None:
    message = words * times
    cut: str = event_of(replace(OPENED, message=message))["message"]
    assert len(cut.encode()) <= 1024
    whole = len(message.encode()) <= 1024
    assert cut == message if whole else (cut.endswith("…") and message.startswith(cut[:-1]))
    assert whole or len(cut.encode()) > 1024 - 4, "no more is cut than needed"


@given(st.from_regex(SUBDOMAIN, fullmatch=True).filter(lambda text: len(text) <= 253))
def test_the_name_is_legal_for_every_name_of_a_resource(resource: str) -> None:
    found = name(replace(OPENED, key=Key("team-a", resource)))
    assert len(found) <= 253
    assert re.fullmatch(SUBDOMAIN, found)


def test_the_longest_name_is_cut_where_a_name_may_end() -> None:
    for end in ("a" * 17, "-" + "a" * 16, "." + "a" * 16, "-." + "a" * 15):
        found = name(replace(OPENED, key=Key("team-a", "x" * (253 - len(end)) + end)))
        assert len(found) <= 253
        assert re.fullmatch(SUBDOMAIN, found)
