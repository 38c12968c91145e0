"""Kubernetes quantities: exact values, the author's own text, and a rule for what is none."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafleet.api.quantity import QUANTITY_PATTERN, Quantity, parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("0", "0", id="zero"),
        pytest.param("16", "16", id="a plain number"),
        pytest.param("1.5", "1.5", id="a decimal"),
        pytest.param("1.", "1", id="a point without decimals"),
        pytest.param(".5", "0.5", id="a point without a whole part"),
        pytest.param("500m", "0.5", id="thousandths"),
        pytest.param("250u", "0.00025", id="millionths"),
        pytest.param("7n", "0.000000007", id="billionths"),
        pytest.param("2k", "2000", id="thousands, with a small letter"),
        pytest.param("1M", "1000000", id="millions"),
        pytest.param("1E", "1000000000000000000", id="exa, not an exponent"),
        pytest.param("1Ki", "1024", id="kibi"),
        pytest.param("144Gi", "154618822656", id="gibi"),
        pytest.param("1.5Gi", "1610612736", id="a fraction of gibi"),
        pytest.param("1Ei", "1152921504606846976", id="exbi"),
        pytest.param("1e3", "1000", id="a small exponent"),
        pytest.param("1E3", "1000", id="a large letter's exponent"),
        pytest.param("12e-1", "1.2", id="a negative exponent"),
        pytest.param("1e+2", "100", id="an exponent with its sign"),
    ],
)
def test_a_quantity_has_its_exact_value(text: str, value: str) -> None:
    assert parse_quantity(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    ["", "Gi", "1gi", "1GI", "1K", "-1", "+1", "1 Gi", "1e", "1ee3", "1e3Gi", "1.2.3", "0x10", "1\n", "٣"],
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a Kubernetes quantity of zero or more"):
        parse_quantity(text)


@pytest.mark.parametrize("given_value", [True, 1.5, None, -1])
def test_a_value_that_is_neither_text_nor_a_number_of_units_is_refused(given_value: object) -> None:
    with pytest.raises(ValueError, match=r"^must be a Kubernetes quantity"):
        Quantity.parse(given_value)


@given(st.from_regex(re.compile(QUANTITY_PATTERN, re.ASCII), fullmatch=True))
def test_every_text_of_the_pattern_keeps_its_text_and_has_a_value(text: str) -> None:
    quantity = Quantity.parse(text)

    assert str(quantity) == text
    assert quantity.value >= 0
    assert quantity.whole() - 1 < quantity.value <= quantity.whole()


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_an_integer_is_its_own_quantity(number: int) -> None:
    assert Quantity.parse(number) == Quantity(str(number), Decimal(number))


def test_a_part_of_a_byte_counts_as_a_byte() -> None:
    assert Quantity.parse("1500m").whole() == 2
