"""Prices: each traceable, and which of them the catalogue takes for a GPU."""

import re
from decimal import Decimal

import pytest

from llamafleet.catalogue import ApiPrice, GpuPrice, catalogue, gpus
from llamafleet.catalogue.prices import lowest_on_demand, lowest_spot

HOURLY = {
    "a100-40gb": ("2.74470525", "aws, p4d.24xlarge, 2026-07-20"),
    "a100-80gb": ("1.19", "reference, one A100-80GB, 2026-03-10"),
    "h100-80gb": ("2.29", "verda, 1H100.80S.32V, undated"),
    "h100-pcie": ("3.51", "runpod, 1x H100-PCIe, 2026-03-10"),
    "h100-nvl": ("6.98", "azure, Standard_NC40ads_H100_v5, 2026-06-18"),
    "h200": ("3.39", "verda, 1H200.141S.44V, undated"),
    "b200": ("4.89", "verda, 1B200.30V, undated"),
    "l4": ("0.44", "jarvislabs, 1x_L4_28V_124G, undated"),
    "a10g": ("1.006", "aws, g5.xlarge, 2026-07-20"),
    "l40": None,
    "l40s": ("1.4", "runpod, 1x L40S, 2026-03-10"),
    "rtx-4090": ("0.6", "runpod, 1x RTX-4090, 2026-03-10"),
    "rtx-6000-ada": ("0.8262", "verda, 1RTX6000ADA.10V, undated"),
    "rtx-pro-6000": ("1.69", "verda, 1RTXPRO6000.30V, undated"),
    "mi300x": ("6", "azure, Standard_ND96isr_MI300X_v5, 2026-06-18"),
}

SPOT = {
    "a100-80gb": "0.4515",
    "h100-80gb": "0.8015",
    "h100-pcie": "1.99",
    "h200": "1.1865",
    "b200": "1.712",
    "l4": "0.44",
    "l40s": "0.79",
    "rtx-4090": "0.34",
    "rtx-pro-6000": "0.5915",
}

LONGEST_SOURCE = 80
"""Characters: a condition quotes the source of a price."""


def price(usd: str | None, spot: str | None = None, **fields: object) -> GpuPrice:
    """One A100 somewhere."""
    known: dict[str, object] = {
        "provider": "cloud",
        "region": "any",
        "instance": f"a100 at {usd}",
        "gpu": "a100-80gb",
        "gpus": 1,
        "on_demand_usd": usd and Decimal(usd),
        "spot_usd": spot and Decimal(spot),
        "serverless": False,
        "as_of": "2026-01-01",
        "source": "a list",
    }
    return GpuPrice(**{**known, **fields})  # type: ignore[arg-type]


def test_a_gpu_costs_the_lowest_price_on_demand_that_is_listed() -> None:
    assert {key: gpu.hourly_usd for key, gpu in gpus().items()} == {
        key: entry and Decimal(entry[0]) for key, entry in HOURLY.items()
    }
    assert {key: gpu.price_source for key, gpu in gpus().items()} == {
        key: entry and entry[1] for key, entry in HOURLY.items()
    }


def test_spot_prices_are_known_for_some_gpus_with_their_source() -> None:
    known = {key: gpu for key, gpu in gpus().items() if gpu.spot_usd is not None}
    assert {key: gpu.spot_usd for key, gpu in known.items()} == {
        key: Decimal(usd) for key, usd in SPOT.items()
    }
    assert all(gpu.spot_source for gpu in known.values())


@pytest.mark.parametrize("key", HOURLY)
def test_the_source_of_a_price_is_short_enough_for_a_condition(key: str) -> None:
    gpu = gpus()[key]
    assert len(gpu.price_source or "") <= LONGEST_SOURCE
    assert len(gpu.spot_source or "") <= LONGEST_SOURCE


def test_the_price_of_a_gpu_is_the_instances_over_its_gpus() -> None:
    eight = price("21.957642", "8", gpus=8)
    assert (eight.on_demand_usd_per_gpu, eight.spot_usd_per_gpu) == (Decimal("2.74470525"), Decimal(1))
    assert lowest_on_demand([price("2.75"), eight], "a100-80gb") == (
        Decimal("2.74470525"),
        "cloud, a100 at 21.957642, 2026-01-01",
    )


def test_of_equal_prices_the_first_that_is_listed_counts() -> None:
    first, second = price("2", instance="first"), price("4", gpus=2, instance="second")
    assert lowest_on_demand([first, second], "a100-80gb") == (Decimal(2), "cloud, first, 2026-01-01")


def test_serverless_prices_count_for_no_gpu() -> None:
    assert lowest_on_demand([price("1", serverless=True)], "a100-80gb") == (None, None)
    assert lowest_spot([price("1", "1", serverless=True)], "a100-80gb") == (None, None)


def test_a_gpu_that_no_list_names_has_no_price() -> None:
    assert lowest_on_demand([price("1")], "h200") == (None, None)
    assert lowest_spot([price("1")], "a100-80gb") == (None, None)


def test_a_price_list_may_have_a_spot_price_only() -> None:
    assert lowest_on_demand([price(None, "1")], "a100-80gb") == (None, None)
    assert lowest_spot([price(None, "1")], "a100-80gb") == (Decimal(1), "cloud, a100 at None, 2026-01-01")


def test_every_price_says_where_and_when_it_was_read() -> None:
    for one in (*catalogue().gpu_prices, *catalogue().api_prices):
        assert one.provider
        assert one.source
        assert one.as_of == "undated" or re.fullmatch(r"20\d\d-\d\d-\d\d|litellm [\d.]+", one.as_of)


def test_every_price_is_a_positive_amount() -> None:
    for one in catalogue().gpu_prices:
        assert one.gpus >= 1
        assert one.on_demand_usd is None or one.on_demand_usd > 0
        assert one.spot_usd is None or one.on_demand_usd is None or 0 < one.spot_usd < one.on_demand_usd
    for api in catalogue().api_prices:
        assert api.input_usd_per_million > 0
        assert api.output_usd_per_million is None or api.output_usd_per_million > 0


def test_the_reference_price_of_an_a100_is_listed_with_what_it_equals() -> None:
    (reference,) = [one for one in catalogue().gpu_prices if one.provider == "reference"]
    (page,) = [one for one in catalogue().gpu_prices if one.instance == "1x A100-80GB-PCIe"]
    assert reference.on_demand_usd == page.spot_usd == Decimal("1.19")
    assert "1x A100-80GB-PCIe" in reference.source


def test_an_api_price_is_called_by_a_name_that_a_resource_can_hold() -> None:
    keys = [api.key for api in catalogue().api_prices]
    assert len(keys) == len(set(keys))
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9./-]{0,127}", key) for key in keys)


@pytest.mark.parametrize(
    ("provider", "model", "key"),
    [
        ("openai", "gpt-5.4", "openai/gpt-5.4"),
        ("together_ai", "meta-llama/Llama-3.3-70B", "together-ai/meta-llama/llama-3.3-70b"),
        ("bedrock", "meta.llama4-v1:0", "bedrock/meta.llama4-v1-0"),
        ("deepinfra", "Maverick (2025)", "deepinfra/maverick-2025"),
    ],
)
def test_a_name_is_lower_case_with_dashes_for_what_is_odd(provider: str, model: str, key: str) -> None:
    assert ApiPrice(provider, model, Decimal(1), None, "undated", "a list").key == key


@pytest.mark.parametrize(
    ("key", "amounts"),
    [
        ("openai/gpt-5.4", ("2.5", "15.0")),
        ("together-ai/meta-llama/meta-llama-3.1-70b-instruct-turbo", ("0.88", "0.88")),
        ("deepinfra/meta-llama/llama-4-maverick-17b-128e-instruct-fp8", ("0.2", "0.8")),
    ],
)
def test_api_prices_are_those_that_a_list_confirms(key: str, amounts: tuple[str, str]) -> None:
    (api,) = [one for one in catalogue().api_prices if one.key == key]
    assert (str(api.input_usd_per_million), str(api.output_usd_per_million)) == amounts
