"""The GPUs of the catalogue and the prices for people, each figure with its source or the number of it."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich.console import Console

from llamafleet.catalogue import ApiPrice, Catalogue, GpuFacts, GpuPrice
from llamafleet.cli.screen import draw_below, draw_heading, in_columns
from llamafleet.planning.sizing.memory import UTILISATION, usable
from llamafleet.planning.sizing.words import gib, usd


def draw_gpus(known: Catalogue, console: Console) -> None:
    """Every GPU in a line: its memory, its lowest price, and where that was read."""
    shown = f"Memory in GiB as CUDA or ROCm reports it, of which vLLM uses {UTILISATION}"
    console.print(f"{shown}; lowest listed USD per GPU-hour.")
    console.print()
    headers = ("gpu", "memory", "usable", "USD/h", "spot", "price on demand from")
    console.print(in_columns(map(_line, known.gpus.values()), headers, right=4, whole={0}))
    console.print()
    console.print("A GpuPool's own price counts before these, and spot only where a GpuPool sells it.")
    console.print("llamafleet gpus KEY shows every figure of one with its source; -o json, all of them.")


def _line(gpu: GpuFacts) -> Sequence[str]:
    memory = (gib(gpu.memory), gib(usable(gpu.memory)))
    return gpu.key, *memory, _usd(gpu.hourly_usd), _usd(gpu.spot_usd), gpu.price_source or "-"


def draw_gpu(known: Catalogue, key: str, console: Console) -> None:
    """One GPU with everything that is known of it."""
    gpu = known.gpus[key]
    prices = [price for price in in_order(known) if price.gpu == key]
    console.print(f"{key}: {gpu.name}")
    draw_heading(console, "Figures")
    draw_below(console, in_columns(_figures(gpu, prices), ("", "", "source"), whole={1}))
    if prices:
        draw_gpu_prices(prices, console)


def _figures(gpu: GpuFacts, prices: Sequence[GpuPrice]) -> Iterator[tuple[str, str, str]]:
    """A figure, its value, and where it was read."""
    driver = " or ".join(f"{size:,}" for size in gpu.driver_mib)
    yield "memory", f"{gib(gpu.memory)} GiB", gpu.memory_source
    yield "usable", f"{gib(usable(gpu.memory))} GiB", f"{UTILISATION} of it: vLLM 0.32's default"
    yield "nvidia-smi", f"{driver} MiB" if driver else "unknown", gpu.source
    yield "node labels", "\n".join(gpu.products) or "none of nvidia.com", "as above"
    yield "one step", f"{gpu.max_batched_tokens:,} tokens", "as above"
    yield "on demand", _usd_per_hour(gpu.hourly_usd), _price_source(gpu.price_source, prices)
    yield "spot", _usd_per_hour(gpu.spot_usd), _price_source(gpu.spot_source, prices)


def _price_source(source: str | None, prices: Sequence[GpuPrice]) -> str:
    """Where a price was read, and by what rule among those that are listed below."""
    if source is None:
        return "no price list has it"
    return (
        f"the lowest below, serverless aside: {source}"
        if source in {price.where for price in prices}
        else source
    )


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
    sources = _Sources()
    draw_heading(console, "GPUs for rent, US dollars per GPU-hour")
    rows = [
        (
            price.gpu,
            _usd(price.on_demand_usd_per_gpu),
            _usd(price.spot_usd_per_gpu),
            str(price.gpus),
            f"{price.provider} {price.region}",
            price.instance,
            sources.number(price.as_of, price.source),
        )
        for price in prices
    ]
    headers = ("gpu", "USD/h", "spot", "gpus", "provider, region", "instance", "source")
    draw_below(console, in_columns(rows, headers, right=3, whole={0}))
    sources.draw(console)


def _draw_api_prices(prices: Sequence[ApiPrice], console: Console) -> None:
    sources = _Sources()
    draw_heading(console, "APIs, US dollars per million tokens, by the name for spec.cost.compareWith")
    rows = [
        (
            price.key,
            usd(price.input_usd_per_million),
            "-" if price.output_usd_per_million is None else usd(price.output_usd_per_million),
            sources.number(price.as_of, price.source),
        )
        for price in prices
    ]
    draw_below(console, in_columns(rows, ("name", "input", "output", "source"), right=2))
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
        rows = [(f"[{number}]", *source) for source, number in self._numbers.items()]
        draw_below(console, in_columns(rows))


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


def _usd_per_hour(amount: Decimal | None) -> str:
    return "-" if amount is None else f"{usd(amount)} USD per GPU-hour"
