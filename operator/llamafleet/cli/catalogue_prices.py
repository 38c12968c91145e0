"""The prices of the catalogue for people, each with the number of its source."""

from collections.abc import Sequence
from decimal import Decimal

from rich.console import Console

from llamafleet.catalogue import ApiPrice, Catalogue, GpuPrice
from llamafleet.cli.layout import columns, draw_below, draw_heading
from llamafleet.planning.words import usd


def draw_prices(known: Catalogue, console: Console, *, gpu: bool, api: bool) -> None:
    """What GPUs cost, what APIs ask, or both."""
    console.print("Prices as somebody published them; a GpuPool's own price counts before these.")
    if gpu:
        console.print(
            "A GPU's price is the lowest on demand that is listed here; serverless ones do not count."
        )
        draw_gpu_prices(in_order(known), console)
    if api:
        _draw_api_prices(known.api_prices, console)
    console.print()
    console.print("-o json shows every price in full.")


def draw_gpu_prices(prices: Sequence[GpuPrice], console: Console) -> None:
    """US dollars per GPU-hour of these, and below where they were read."""
    draw_heading(console, "GPUs for rent, US dollars per GPU-hour")
    sources = _Sources()
    table = columns("gpu", "USD/h", "spot", "gpus", "provider, region", "instance", "source", right=3)
    for price in prices:
        where = f"{price.provider} {price.region}"
        amounts = (_usd(price.on_demand_usd_per_gpu), _usd(price.spot_usd_per_gpu), str(price.gpus))
        table.add_row(price.gpu, *amounts, where, price.instance, sources.number(price.as_of, price.source))
    draw_below(console, table)
    sources.draw(console)


def _draw_api_prices(prices: Sequence[ApiPrice], console: Console) -> None:
    draw_heading(console, "APIs, US dollars per million tokens, by the name for spec.cost.compareWith")
    sources = _Sources()
    table = columns("name", "input", "output", "source", right=2)
    for price in prices:
        output = price.output_usd_per_million
        amounts = (usd(price.input_usd_per_million), "-" if output is None else usd(output))
        table.add_row(price.key, *amounts, sources.number(price.as_of, price.source))
    draw_below(console, table)
    sources.draw(console)


class _Sources:
    """The sources of a table, numbered as they come up."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def number(self, as_of: str, source: str) -> str:
        """The number of a source; a new one for a new source."""
        return f"[{self._numbers.setdefault((as_of, source), len(self._numbers) + 1)}]"

    def draw(self, console: Console) -> None:
        """Every source below the table: its number, the age of its prices, and where it is."""
        console.print()
        table = columns()
        for _ in ("number", "age"):
            table.add_column()
        table.add_column(overflow="fold")
        for (as_of, source), number in self._numbers.items():
            table.add_row(f"[{number}]", as_of, source)
        draw_below(console, table)


def in_order(known: Catalogue) -> list[GpuPrice]:
    """By GPU as in the catalogue, those that it does not know at the end; the cheapest first."""
    rank = {key: position for position, key in enumerate(known.gpus)}

    def place(price: GpuPrice) -> tuple[int, str, bool, Decimal]:
        usd_per_gpu = price.on_demand_usd_per_gpu
        return (
            rank.get(price.gpu, len(rank)),
            price.gpu,
            price.serverless,
            Decimal("Infinity") if usd_per_gpu is None else usd_per_gpu,
        )

    return sorted(known.gpu_prices, key=place)


def _usd(amount: Decimal | None) -> str:
    return "-" if amount is None else f"{amount:.4f}"
