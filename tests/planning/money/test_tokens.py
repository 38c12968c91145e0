"""Tokens: what the fleet's cost, what an API's cost, and where the two meet."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafleet.catalogue import ApiPrice, catalogue
from llamafleet.planning.money.tokens import blended, break_even_tokens, compare, find, usd_per_million


def price(model: str, asked: str, answered: str | None) -> ApiPrice:
    known = None if answered is None else Decimal(answered)
    return ApiPrice("openai", model, Decimal(asked), known, "2026-11", "a list")


GPT = price("gpt-4.1", "2", "8")


@pytest.mark.parametrize(("share", "usd"), [("0", "8"), ("0.25", "6.5"), ("0.5", "5"), ("1", "2")])
def test_a_blended_price(share: str, usd: str) -> None:
    assert blended(GPT, Decimal(share)) == Decimal(usd)


def test_a_price_that_is_not_known_is_not_guessed() -> None:
    half = price("half", "2", None)
    assert blended(half) is None
    assert blended(half, Decimal(1)) == 2


def test_a_quarter_of_all_tokens_are_prompts_when_nobody_says_otherwise() -> None:
    assert blended(GPT) == Decimal("6.5")


def test_dollars_for_a_million_tokens() -> None:
    assert usd_per_million(Decimal("856.80"), 400_000_000) == Decimal("2.142")
    assert usd_per_million(Decimal("856.80"), 0) is None


def test_break_even() -> None:
    assert break_even_tokens(Decimal("856.80"), Decimal("6.5")) == 131_815_385
    assert break_even_tokens(Decimal(0), Decimal("6.5")) == 0
    assert break_even_tokens(Decimal(5), Decimal(0)) is None
    assert break_even_tokens(Decimal(5), None) is None


@given(st.decimals("0.01", "1e6", places=2), st.decimals("0.01", "100", places=2))
def test_at_break_even_the_api_costs_as_much_as_the_fleet(usd: Decimal, rate: Decimal) -> None:
    tokens = break_even_tokens(usd, rate)
    assert tokens is not None
    assert (tokens - 1) * rate < usd * 1_000_000 <= tokens * rate


def test_the_dearest_api_comes_first_and_one_without_a_price_last() -> None:
    prices = [price("half", "9", None), price("mini", "0.4", "1.6"), GPT]
    found = compare(prices, Decimal("856.80"))
    assert [one.price.model for one in found] == ["gpt-4.1", "mini", "half"]
    assert [one.break_even_tokens for one in found] == [131_815_385, 659_076_924, None]


def test_every_price_of_the_catalogue_is_found_by_its_key() -> None:
    prices = catalogue().api_prices
    assert find(prices, "openai/gpt-4.1") == next(one for one in prices if one.model == "gpt-4.1")
    assert find(prices, "openai/gpt-0") is None
    assert all(find(prices, one.key) for one in prices)
