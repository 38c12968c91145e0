"""How sizes, money and shapes are written in messages."""

from decimal import Decimal

from llamafleet.api.scalars import format_money
from llamafleet.planning.sizing.memory import GIB
from llamafleet.planning.sizing.shape import Shape


def gib(size: int) -> str:
    """Bytes as GiB with two decimals, each figure rounded for itself."""
    return f"{size / GIB:.2f}"


def usd(amount: Decimal) -> str:
    """US dollars: cents, and the finer decimals of a price that has them."""
    exponent = amount.normalize().as_tuple().exponent
    finer = -exponent if isinstance(exponent, int) else 0
    return format_money(amount, max(2, finer))


def per_hour(amount: Decimal | None) -> str:
    """What an hour costs: ``1.19 USD/h``, or ``price unknown``, which is never shown as zero."""
    return "price unknown" if amount is None else f"{usd(amount)} USD/h"


def placed(shape: Shape) -> str:
    """A precision on its GPUs: ``INT4 on 2 x a100-80gb (pool gold)``."""
    pool = shape.pool
    stages = f" in {shape.pipeline_parallel} pipeline stages" if shape.pipeline_parallel > 1 else ""
    return f"{shape.quantization} on {shape.gpus} x {pool.gpu.key}{stages} (pool {pool.name})"
