"""The GPUs of the catalogue for people: a list of all, or one with every figure and its source."""

from collections.abc import Iterator
from decimal import Decimal

from rich.console import Console

from llamafleet.catalogue import Catalogue, GpuFacts
from llamafleet.cli.catalogue_prices import draw_gpu_prices, in_order
from llamafleet.cli.layout import columns, draw_below, draw_heading
from llamafleet.planning.memory import UTILISATION, usable
from llamafleet.planning.words import gib, usd


def draw_gpus(known: Catalogue, console: Console) -> None:
    """Every GPU in a line: its memory, its lowest price, and where that was read."""
    console.print(
        f"Memory in GiB as CUDA reports it, of which vLLM uses {UTILISATION}; lowest known USD per GPU-hour."
    )
    console.print()
    table = columns("gpu", "memory", "usable", "USD/h", "spot", "price on demand from", right=4)
    for gpu in known.gpus.values():
        memory = (gib(gpu.memory), gib(usable(gpu.memory)))
        prices = (_usd(gpu.hourly_usd), _usd(gpu.spot_usd))
        table.add_row(gpu.key, *memory, *prices, gpu.price_source or "-")
    console.print(table)
    console.print()
    console.print("A GpuPool's own price counts before these, and spot only where a GpuPool sells it.")
    console.print("llamafleet gpus KEY shows every figure of one with its source; -o json, all of them.")


def draw_gpu(known: Catalogue, key: str, console: Console) -> None:
    """One GPU with everything that is known of it."""
    gpu = known.gpus[key]
    console.print(f"{key}: {gpu.name}")
    draw_heading(console, "Figures")
    table = columns("", "", "source")
    table.columns[1].no_wrap = True  # a label is copied as a whole
    for row in _figures(gpu):
        table.add_row(*row)
    draw_below(console, table)
    prices = [price for price in in_order(known) if price.gpu == key]
    if prices:
        draw_gpu_prices(prices, console)


def _figures(gpu: GpuFacts) -> Iterator[tuple[str, str, str]]:
    """A figure, its value, and where it was read."""
    driver = " or ".join(f"{size:,}" for size in gpu.driver_mib)
    yield "memory", f"{gib(gpu.memory)} GiB", gpu.memory_source
    yield "usable", f"{gib(usable(gpu.memory))} GiB", f"{UTILISATION} of it: vLLM 0.32's default"
    yield "nvidia-smi", f"{driver} MiB" if driver else "unknown", gpu.source
    yield "node labels", "\n".join(gpu.products) or "none of nvidia.com", "as above"
    yield "one step", f"{gpu.max_batched_tokens:,} tokens", "as above"
    yield "on demand", _usd_per_hour(gpu.hourly_usd), gpu.price_source or "no price list has it"
    yield "spot", _usd_per_hour(gpu.spot_usd), gpu.spot_source or "no price list has it"


def _usd(amount: Decimal | None) -> str:
    return "-" if amount is None else f"{amount:.4f}"


def _usd_per_hour(amount: Decimal | None) -> str:
    return "-" if amount is None else f"{usd(amount)} USD per GPU-hour"
