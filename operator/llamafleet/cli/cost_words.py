"""How money and tokens are put into sentences, and numbers of tokens into words. Pure."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from llamafleet.api.cost import Cost
from llamafleet.api.scalars import format_money
from llamafleet.planning.money.tokens import MILLION, Comparison, usd_per_million

THOUSAND: Final = 10**3
UNITS: Final = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (THOUSAND, "k"))
"""Trillions, billions, millions and thousands, as --tokens-per-month takes them."""

FINE_PLACES: Final = 4
"""Decimals of US dollars for a million tokens: some APIs ask for less than ten cents."""

ASSUMPTION: Final = (
    "The break-even assumes that the fleet, at its minReplicas, can serve so many tokens: how many a replica "
    "serves was not measured, and more replicas cost more."
)


def tokens_text(tokens: int) -> str:
    """A number of tokens in short: ``131.8 M``; without the decimal where there is none."""
    if tokens < THOUSAND:
        return str(tokens)
    for unit, letter in UNITS:
        if tokens % unit == 0 and tokens >= unit:
            return f"{tokens // unit:,} {letter}"
        shown = (Decimal(tokens) / unit).quantize(Decimal("0.1"), ROUND_HALF_UP)
        if shown >= 1:
            break
    return f"{shown:,} {letter}"


def fine(amount: Decimal) -> str:
    """US dollars for a million tokens."""
    return format_money(amount, FINE_PLACES)


def api_usd(one: Comparison, tokens: int | None) -> Decimal | None:
    """What an API asks for so many tokens, US dollars; None without tokens or without its price."""
    if tokens is None or one.usd_per_million is None:
        return None
    return one.usd_per_million * tokens / MILLION


def advice(
    monthly_usd: Decimal, tokens: int | None, apis: Sequence[Comparison], compared: Comparison | None
) -> Iterator[str]:
    """From how many tokens on the fleet pays, in sentences.

    Args:
        monthly_usd: what the fleet costs in a month, US dollars.
        tokens: how many it is to serve in it; None when nobody said.
        apis: every API, the dearest first.
        compared: the one that the author compares with; None: all of them.
    """
    if compared is not None:
        yield break_even_text(compared)
    else:
        yield from _of_all(apis)
    if tokens is not None:
        yield from _at(monthly_usd, tokens, apis, compared)
    yield ASSUMPTION


def break_even_text(one: Comparison) -> str:
    """Below which number of tokens an API is cheaper than the fleet."""
    name = one.price.key
    if one.usd_per_million is None:
        return f"What {name} asks for tokens of answers is not known, so nothing can be said."
    if one.break_even_tokens is None:
        return f"{name} asks nothing for tokens and is always cheaper."
    if one.break_even_tokens == 0:
        return f"The fleet costs nothing; {name} is never cheaper."
    from_there = tokens_text(one.break_even_tokens)
    return f"Below {from_there} tokens a month {name} is cheaper, above that your own fleet."


def _of_all(apis: Sequence[Comparison]) -> Iterator[str]:
    """Below which number every API is cheaper, and above which none is."""
    known = [one for one in apis if one.break_even_tokens is not None]
    if not known:
        return
    if not known[0].break_even_tokens:
        yield "The fleet costs nothing; no listed API is cheaper."
        return
    dearest, cheapest = known[0], known[-1]
    yield break_even_text(dearest)
    if cheapest is not dearest:
        yield break_even_text(cheapest)
        yield f"All {len(known)} listed APIs are cheaper below the first number, and none above the last."


def _at(
    monthly_usd: Decimal, tokens: int, apis: Sequence[Comparison], compared: Comparison | None
) -> Iterator[str]:
    rate = usd_per_million(monthly_usd, tokens)
    asked = [amount for amount in (api_usd(one, tokens) for one in apis) if amount is not None]
    less = sum(amount < monthly_usd for amount in asked)
    if rate is not None:
        yield (
            f"For {tokens_text(tokens)} tokens a month the fleet costs {fine(rate)} USD per million tokens; "
            f"{less or 'none'} of {len(asked)} listed APIs ask less."
        )
    theirs = None if compared is None else api_usd(compared, tokens)
    if compared is not None and theirs is not None:
        yield (
            f"{compared.price.key} asks {format_money(theirs)} USD for them, "
            f"and the fleet costs {format_money(monthly_usd)}."
        )


def budget_text(
    limits: Cost, floor: tuple[Decimal, Decimal], ceiling: tuple[Decimal, Decimal]
) -> Iterator[str]:
    """What the fleet can cost beside each limit of spec.cost, in sentences.

    Args:
        limits: spec.cost.
        floor: what minReplicas cost, US dollars per hour and for 30 days.
        ceiling: what maxReplicas cost, likewise. What is above its limit is told elsewhere.
    """
    for limit, least, most, what in (
        (limits.hourly_limit, floor[0], ceiling[0], "USD/h, {} spec.cost.hourlyLimit"),
        (limits.monthly_budget, floor[1], ceiling[1], "USD for 30 days, {} spec.cost.monthlyBudget"),
    ):
        if limit is None:
            continue
        above, within = (f"{what.format(words)} {format_money(limit)}." for words in ("more than", "within"))
        yield f"minReplicas cost up to {format_money(least)} {above if least > limit else within}"
        if most <= limit:
            yield f"maxReplicas cost up to {format_money(most)} {within}"
