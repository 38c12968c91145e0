"""Money, durations and instants: exact, reversible, and refused with the rule when they are malformed."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from llamafleet.api.scalars import (
    AutoDuration,
    Money,
    Timestamp,
    format_duration,
    format_money,
    format_timestamp,
    parse_date,
    parse_duration,
    parse_money,
    parse_timestamp,
)

LONGEST = timedelta(days=999_999, hours=23, minutes=59, seconds=59)


@given(st.timedeltas(min_value=timedelta(0), max_value=LONGEST).map(lambda d: timedelta(d.days, d.seconds)))
def test_a_duration_survives_its_text(length: timedelta) -> None:
    assert parse_duration(format_duration(length)) == length


@given(st.decimals(min_value=0, max_value=999_999_999, places=6, allow_nan=False))
def test_an_amount_of_money_survives_its_text_to_the_last_digit(amount: Decimal) -> None:
    adapter: TypeAdapter[Decimal] = TypeAdapter(Money)
    written = adapter.dump_python(amount)

    assert adapter.validate_python(written) == amount


@given(st.floats() | st.integers() | st.booleans() | st.none())
def test_money_that_is_no_string_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^must be a decimal string such as"):
        parse_money(value)


@pytest.mark.parametrize(
    "text", ["", "1.", ".5", "-1", "+1", "1e3", "1,19", "$1", "1.1234567", "1234567890", "1\n", "٣"]
)
def test_money_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"at most nine digits before the point and six after$"):
        parse_money(text)


@pytest.mark.parametrize(
    ("amount", "places", "text"),
    [
        pytest.param("1.19", 2, "1.19", id="cents are written as they are"),
        pytest.param("2", 2, "2.00", id="whole dollars get their cents"),
        pytest.param("0.125", 2, "0.13", id="half a cent goes up"),
        pytest.param("0.000001", 6, "0.000001", id="a small amount has no exponent"),
        pytest.param("1E+3", 0, "1000", id="a large amount has no exponent"),
    ],
)
def test_money_is_written_with_its_decimals(amount: str, places: int, text: str) -> None:
    assert format_money(Decimal(amount), places) == text


def test_a_month_at_one_dollar_nineteen_is_exact() -> None:
    assert format_money(parse_money("1.19") * 24 * 30) == "856.80"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        pytest.param("90s", timedelta(seconds=90), id="seconds beyond a minute"),
        pytest.param("10m", timedelta(minutes=10), id="minutes"),
        pytest.param("1h30m", timedelta(minutes=90), id="two units"),
        pytest.param("2d", timedelta(hours=48), id="a day has 24 hours"),
        pytest.param("0s", timedelta(0), id="nothing at all"),
        pytest.param("30m1h", timedelta(minutes=90), id="units in any order"),
    ],
)
def test_a_duration_is_read(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    ("length", "text"),
    [
        pytest.param(timedelta(seconds=90), "1m30s", id="the largest unit comes first"),
        pytest.param(timedelta(hours=36), "1d12h", id="days from 24 hours on"),
        pytest.param(timedelta(0), "0s", id="nothing at all"),
    ],
)
def test_a_duration_is_written_short(length: timedelta, text: str) -> None:
    assert format_duration(length) == text


@pytest.mark.parametrize(
    "value", ["", "10", "10 m", "-5m", "1.5h", "10M", "1w", "1234567s", "1s" * 17, "٣s", 600, None]
)
def test_a_duration_of_another_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r'^must be a duration string such as "90s", "10m" or "1h30m"'):
        parse_duration(value)


@pytest.mark.parametrize("length", [timedelta(seconds=-1), timedelta(milliseconds=1)])
def test_a_length_that_has_no_text_is_refused(length: timedelta) -> None:
    with pytest.raises(ValueError, match=r"must be a whole number of seconds, zero or more$"):
        format_duration(length)


@pytest.mark.parametrize("text", ["Auto", "15m"])
def test_pre_warming_is_auto_or_a_duration(text: str) -> None:
    adapter: TypeAdapter[object] = TypeAdapter(AutoDuration)

    assert adapter.dump_python(adapter.validate_python(text)) == text


def test_an_instant_is_written_in_utc_with_whole_seconds() -> None:
    instant = datetime(2026, 12, 24, 18, 0, 0, 999, tzinfo=timezone(timedelta(hours=1)))

    assert format_timestamp(instant) == "2026-12-24T17:00:00Z"


def test_an_instant_without_an_offset_is_refused() -> None:
    adapter: TypeAdapter[datetime] = TypeAdapter(Timestamp)

    assert adapter.validate_python("2026-12-24T17:00:00Z") == datetime(2026, 12, 24, 17, tzinfo=UTC)
    with pytest.raises(ValidationError, match="must be an instant with its offset from UTC"):
        adapter.validate_python("2026-12-24T17:00:00")
    with pytest.raises(ValidationError, match="timezone"):
        adapter.validate_python(datetime(2026, 12, 24, 17))  # noqa: DTZ001 - this is the point


@pytest.mark.parametrize(
    "text",
    ["", "2026-12-24", "2026-12-24 17:00:00Z", "2026-12-24T17:00Z", "2026-02-30T17:00:00Z", "1798128000"],
)
def test_an_instant_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be an instant with its offset from UTC, such as"):
        parse_timestamp(text)


@given(st.dates())
def test_a_day_survives_its_text(day: date) -> None:
    assert parse_date(day.isoformat()) == day


@pytest.mark.parametrize(
    "value", ["", "20261224", "2026-12-24T00:00:00Z", "2026-02-30", "1798070400", 1798070400]
)
def test_a_day_of_another_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^must be a day of the calendar, such as 2026-12-24$"):
        parse_date(value)
