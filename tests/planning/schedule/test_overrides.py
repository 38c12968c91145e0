"""What annotations of a resource ask for at once."""

from datetime import UTC, datetime

import pytest

from llamafleet.errors import InvalidSpec
from llamafleet.planning.schedule.opening import NO_OVERRIDES, Overrides, read_overrides
from planning.schedule.schedules import utc

OPEN, CLOSED = "llamafleet.io/open-until", "llamafleet.io/closed-until"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        pytest.param("2026-11-21T20:00Z", utc("2026-11-21 20:00"), id="without seconds"),
        pytest.param("2026-11-21T20:00:30Z", utc("2026-11-21 20:00:30"), id="with seconds"),
        pytest.param("2026-11-21T20:00+01:00", utc("2026-11-21 19:00"), id="in Berlin"),
        pytest.param("2026-11-21T20:00:00.5-05:30", utc("2026-11-22 01:30:00.5"), id="a part of a second"),
        pytest.param(
            "9999-12-31T23:59-01:00", datetime.max.replace(tzinfo=UTC), id="beyond the calendar of UTC"
        ),
    ],
)
def test_an_instant_is_read(text: str, instant: datetime) -> None:
    assert read_overrides({OPEN: text}) == Overrides(open_until=instant)
    assert read_overrides({CLOSED: text, "team": "a"}) == Overrides(closed_until=instant)


def test_other_annotations_ask_for_nothing() -> None:
    assert read_overrides({"llamafleet.io/pool": "a100"}) == NO_OVERRIDES


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-21", "2026-11-21T20:00", "20:00Z", "2026-02-30T20:00Z", "2026-11-21 20:00Z", "1795291200"],
)
@pytest.mark.parametrize("key", [OPEN, CLOSED])
def test_anything_else_is_refused_by_name(key: str, text: str) -> None:
    with pytest.raises(InvalidSpec) as refusal:
        read_overrides({key: text})
    assert str(refusal.value) == (
        f"metadata.annotations[{key}] = {text}: "
        "must be an instant with its offset from UTC, such as 2026-11-21T20:00Z"
    )
