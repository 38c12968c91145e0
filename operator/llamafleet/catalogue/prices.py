"""What a GPU costs to rent and what an API asks for tokens, as somebody published it. Values only."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class GpuPrice:
    """What one kind of instance costs, as its provider or a public price list says.

    Attributes:
        provider: who rents it out.
        region: where.
        instance: the provider's name for it.
        gpu: the kind of GPU, as a key of the catalogue would be written; it may know no such GPU.
        gpus: how many GPUs an instance has.
        on_demand_usd: US dollars for one instance and one hour; None when the list has none.
        spot_usd: likewise for capacity that may be taken away; None when the list has none.
        serverless: True when the price is for seconds of work and not for a machine.
        as_of: the day of the price, or what is known of its age.
        source: where it was read.
    """

    provider: str
    region: str
    instance: str
    gpu: str
    gpus: int
    on_demand_usd: Decimal | None
    spot_usd: Decimal | None
    serverless: bool
    as_of: str
    source: str

    @property
    def on_demand_usd_per_gpu(self) -> Decimal | None:
        """US dollars for one GPU and one hour."""
        return None if self.on_demand_usd is None else self.on_demand_usd / self.gpus

    @property
    def spot_usd_per_gpu(self) -> Decimal | None:
        """US dollars for one GPU and one hour of spot capacity."""
        return None if self.spot_usd is None else self.spot_usd / self.gpus

    @property
    def where(self) -> str:
        """Provider, instance and day: the source in a few words, for a condition."""
        return f"{self.provider}, {self.instance}, {self.as_of}"


@dataclass(frozen=True, slots=True)
class ApiPrice:
    """What an API asks for the tokens of a model.

    Attributes:
        provider: who serves it.
        model: the provider's name for the model.
        input_usd_per_million: US dollars for a million tokens of a prompt.
        output_usd_per_million: likewise for tokens of an answer; None when unknown.
        as_of: the day of the price, or the list that it was read in.
        source: where it was read.
    """

    provider: str
    model: str
    input_usd_per_million: Decimal
    output_usd_per_million: Decimal | None
    as_of: str
    source: str

    @property
    def key(self) -> str:
        """The name by which ``spec.cost.compareWith`` calls it: lower case, everything odd a dash."""
        return re.sub(r"[^a-z0-9./-]+", "-", f"{self.provider}/{self.model}".lower()).strip("-")


def lowest_on_demand(prices: Sequence[GpuPrice], gpu: str) -> tuple[Decimal | None, str | None]:
    """The lowest price of one GPU for one hour on demand, and where it was read; a pair of None without."""
    return _lowest([(price.on_demand_usd_per_gpu, price.where) for price in _machines(prices, gpu)])


def lowest_spot(prices: Sequence[GpuPrice], gpu: str) -> tuple[Decimal | None, str | None]:
    """Likewise for spot capacity."""
    return _lowest([(price.spot_usd_per_gpu, price.where) for price in _machines(prices, gpu)])


def _machines(prices: Sequence[GpuPrice], gpu: str) -> list[GpuPrice]:
    return [price for price in prices if price.gpu == gpu and not price.serverless]


def _lowest(offers: Sequence[tuple[Decimal | None, str]]) -> tuple[Decimal | None, str | None]:
    """Of equal prices the one that is listed first."""
    known = [(price, where) for price, where in offers if price is not None]
    return min(known, key=lambda offer: offer[0], default=(None, None))
