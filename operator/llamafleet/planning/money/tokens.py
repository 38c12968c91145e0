"""What tokens cost: the fleet's own, and those of an API, and from how many on the fleet is cheaper."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from llamafleet.catalogue.prices import ApiPrice

INPUT_SHARE: Final = Decimal("0.25")
"""The share of prompt tokens among all tokens, when nobody says another."""

MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """A fleet beside an API.

    Attributes:
        price: what the API asks.
        usd_per_million: for a million tokens of both kinds; None when the API's list lacks one.
        break_even_tokens: from how many tokens on the fleet is cheaper; None when it never is, or unknown.
    """

    price: ApiPrice
    usd_per_million: Decimal | None
    break_even_tokens: int | None


def blended(price: ApiPrice, input_share: Decimal = INPUT_SHARE) -> Decimal | None:
    """US dollars for a million tokens of both kinds; None when the price of one that counts is not known.

    Args:
        price: what the API asks.
        input_share: the share of prompt tokens among all, from 0 to 1.
    """
    if input_share == 1:
        return price.input_usd_per_million
    if price.output_usd_per_million is None:
        return None
    return input_share * price.input_usd_per_million + (1 - input_share) * price.output_usd_per_million


def usd_per_million(usd: Decimal, tokens: int) -> Decimal | None:
    """US dollars for a million tokens; None without any token."""
    return usd * MILLION / tokens if tokens > 0 else None


def break_even_tokens(usd: Decimal, api_usd_per_million: Decimal | None) -> int | None:
    """For how many tokens the API asks as much as the fleet costs, rounded up; None when never.

    Args:
        usd: what the fleet costs, US dollars.
        api_usd_per_million: what the API asks for a million tokens; None when not known.
    """
    if not api_usd_per_million:
        return None
    return math.ceil(usd * MILLION / api_usd_per_million)


def compare(
    prices: Iterable[ApiPrice], usd: Decimal, input_share: Decimal = INPUT_SHARE
) -> tuple[Comparison, ...]:
    """A fleet beside every API, the dearest first; those without a full price last.

    Args:
        prices: what APIs ask.
        usd: what the fleet costs in the time in question, US dollars.
        input_share: the share of prompt tokens among all, from 0 to 1.
    """
    found = []
    for price in prices:
        rate = blended(price, input_share)
        found.append(Comparison(price, rate, break_even_tokens(usd, rate)))
    return tuple(sorted(found, key=_dearest_first))


def find(prices: Iterable[ApiPrice], key: str) -> ApiPrice | None:
    """The price that ``spec.cost.compareWith`` names; of two with the same key the first."""
    return next((price for price in prices if price.key == key), None)


def _dearest_first(one: Comparison) -> tuple[bool, Decimal, str]:
    return one.usd_per_million is None, -(one.usd_per_million or Decimal(0)), one.price.key
