"""A user's own figures over the catalogue's, and what is told of wrong ones."""

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafleet.catalogue import FORMATS, PRECISIONS, Catalogue, catalogue, with_values
from llamafleet.errors import InvalidSpec

GIB = 2**30

VARIANTS = (
    "scout, maverick, llama-3.1-8b, llama-3.1-70b, llama-3.1-405b, llama-3.2-1b, llama-3.2-3b, "
    "llama-3.2-11b-vision, llama-3.2-90b-vision, llama-3.3-70b"
)


def overlaid(**values: Any) -> Catalogue:
    """The built-in catalogue with these values in it."""
    return with_values(catalogue(), values)


def test_without_values_everything_stays() -> None:
    same = overlaid()
    assert (same.models, same.gpus, same.api_prices) == (
        catalogue().models,
        catalogue().gpus,
        catalogue().api_prices,
    )


def test_what_no_value_names_stays_the_very_same_entry() -> None:
    own = overlaid(gpus={"h200": {"hourlyUsd": "3.00"}}, models={"scout": {"maxPositions": 65536}})
    assert own.gpus["l4"] is catalogue().gpus["l4"]
    assert own.models["maverick"] is catalogue().models["maverick"]
    assert own.unreleased is catalogue().unreleased
    assert own.gpu_prices is catalogue().gpu_prices


def test_the_built_in_catalogue_is_never_changed() -> None:
    overlaid(gpus={"a100-80gb": {"hourlyUsd": "0.01"}}, models={"scout": {"maxPositions": 1}})
    assert catalogue().gpus["a100-80gb"].hourly_usd == Decimal("1.19")
    assert catalogue().models["scout"].max_positions == 10_485_760


def test_a_price_of_ones_own_replaces_the_lists_and_says_so() -> None:
    gpu = overlaid(gpus={"a100-80gb": {"hourlyUsd": "0.95", "spotUsd": "0.40"}}).gpus["a100-80gb"]
    assert (gpu.hourly_usd, gpu.price_source) == (Decimal("0.95"), "the values file")
    assert (gpu.spot_usd, gpu.spot_source) == (Decimal("0.40"), "the values file")
    before = catalogue().gpus["a100-80gb"]
    assert (gpu.memory, gpu.memory_source, gpu.source) == (
        before.memory,
        before.memory_source,
        before.source,
    )


def test_every_figure_of_a_gpu_can_be_ones_own() -> None:
    gpu = overlaid(
        gpus={
            "l40s": {
                "name": "L40S of rack 7",
                "memoryGiB": "44.25",
                "driverMiB": [46068],
                "products": ["NVIDIA-L40S-SHARED"],
                "maxBatchedTokens": 4096,
                "source": "our own nodes",
            }
        }
    ).gpus["l40s"]
    assert (gpu.key, gpu.name, gpu.memory) == ("l40s", "L40S of rack 7", int(Decimal("44.25") * GIB))
    assert (gpu.driver_mib, gpu.products, gpu.max_batched_tokens) == (
        (46068,),
        ("NVIDIA-L40S-SHARED",),
        4096,
    )
    assert gpu.memory_source == "our own nodes"
    assert gpu.source.startswith("our own nodes; what it leaves out: driver's figure and label")
    assert gpu.price_source == "runpod, 1x L40S, 2026-03-10"


def test_labels_can_be_taken_away_by_an_empty_list() -> None:
    assert overlaid(gpus={"l40s": {"products": []}}).gpus["l40s"].products == ()


def test_a_new_gpu_needs_its_memory_and_nothing_else() -> None:
    gpu = overlaid(gpus={"custom-h20": {"memoryGiB": "95.1"}}).gpus["custom-h20"]
    assert (gpu.key, gpu.name, gpu.memory) == ("custom-h20", "custom-h20", int(Decimal("95.1") * GIB))
    assert (gpu.products, gpu.driver_mib, gpu.max_batched_tokens) == ((), (), 2048)
    assert (gpu.hourly_usd, gpu.price_source, gpu.spot_usd, gpu.spot_source) == (None, None, None, None)
    assert (gpu.memory_source, gpu.source) == ("the values file", "the values file")


def test_new_gpus_come_after_the_known_ones() -> None:
    assert [*overlaid(gpus={"custom-a": {"memoryGiB": "1"}, "l4": {}}).gpus] == [
        *catalogue().gpus,
        "custom-a",
    ]


def test_a_checkpoint_of_ones_own_takes_the_place_of_the_published_one() -> None:
    model = overlaid(
        models={
            "maverick": {
                "checkpoints": {
                    "INT4": {
                        "repository": "acme/maverick-g32",
                        "format": "w4a16-g32",
                        "quantizedGroups": ["routed_experts", "attention"],
                        "source": "our own recipe",
                    }
                }
            }
        }
    ).models["maverick"]
    own = model.checkpoints["INT4"]
    assert (own.repository, own.source) == ("acme/maverick-g32", "our own recipe")
    assert own.precision is FORMATS["w4a16-g32"]
    assert own.quantized_groups == {"routed_experts", "attention"}
    assert model.checkpoints["FP8"] is catalogue().models["maverick"].checkpoints["FP8"]


def test_another_repository_alone_is_taken_to_store_what_the_published_one_does() -> None:
    own = overlaid(models={"llama-3.1-8b": {"checkpoints": {"INT4": {"repository": "acme/8b"}}}})
    checkpoint = own.models["llama-3.1-8b"].checkpoints["INT4"]
    assert checkpoint.repository == "acme/8b"
    assert checkpoint.precision is FORMATS["w4a16-g128-zero-points"]
    assert checkpoint.quantized_groups == {"attention", "dense_mlp"}


def test_a_precision_that_nobody_published_takes_its_usual_form_and_its_place_in_the_order() -> None:
    values = {"BF16": {"repository": "acme/1b"}, "INT4": {"repository": "acme/1b-w4a16"}}
    model = overlaid(models={"llama-3.2-1b": {"checkpoints": values}}).models["llama-3.2-1b"]
    assert [*model.checkpoints] == ["BF16", "FP8", "INT8", "INT4"]
    assert model.checkpoints["INT4"].precision is PRECISIONS["INT4"]
    assert model.checkpoints["INT4"].quantized_groups == {"attention", "dense_mlp"}


def test_a_longer_context_is_the_users_word() -> None:
    model = overlaid(models={"llama-3.1-8b": {"maxPositions": 262144}}).models["llama-3.1-8b"]
    assert model.max_positions == 262144
    assert model.source.startswith("longest context: the values file; architecture: ")


def test_an_api_price_replaces_the_one_of_the_same_provider_and_model() -> None:
    own = overlaid(
        apiPrices=[
            {
                "provider": "openai",
                "model": "gpt-4o",
                "inputUsdPerMillion": "2.00",
                "outputUsdPerMillion": "8.00",
                "asOf": "2026-11-01",
            },
            {"provider": "acme", "model": "Scout", "inputUsdPerMillion": "0.07"},
        ]
    )
    prices = {price.key: price for price in own.api_prices}
    assert len(own.api_prices) == len(catalogue().api_prices) + 1
    assert prices["openai/gpt-4o"].output_usd_per_million == Decimal("8.00")
    assert (prices["openai/gpt-4o"].as_of, prices["openai/gpt-4o"].source) == (
        "2026-11-01",
        "the values file",
    )
    added = prices["acme/scout"]
    assert (added.input_usd_per_million, added.output_usd_per_million) == (Decimal("0.07"), None)
    assert added.as_of == "undated"


def test_values_can_be_laid_over_values() -> None:
    twice = with_values(
        overlaid(gpus={"custom-h20": {"memoryGiB": "95.1"}}), {"gpus": {"custom-h20": {"hourlyUsd": "1.80"}}}
    )
    assert (twice.gpus["custom-h20"].memory, twice.gpus["custom-h20"].hourly_usd) == (
        int(Decimal("95.1") * GIB),
        Decimal("1.80"),
    )


DECIMAL = 'must be a decimal in quotes such as "79.15", at most nine digits before the point and six after'
LABEL = "must be the value of a label: at most 63 letters, digits, dashes, dots and underscores"
REPOSITORY = "must be a Hugging Face repository, such as org/name"
NO_KEY = "must be left out: there is no such key here"

WRONG: dict[str, tuple[Any, str]] = {
    "a list": ([], "the values = []: must be a map"),
    "an unknown part": ({"prices": {}}, f"prices = {{}}: {NO_KEY}"),
    "a key that is no text": ({4090: {}}, "[4090] = 4090: must be text"),
    "a GPU whose key is no text": ({"gpus": {4090: {}}}, "gpus[4090] = 4090: must be text"),
    "no map of GPUs": ({"gpus": None}, "gpus = null: must be a map"),
    "no map of a GPU": ({"gpus": {"l4": []}}, "gpus.l4 = []: must be a map"),
    "a misspelt key": (
        {"gpus": {"a100-80gb": {"memory_gib": "79"}}},
        f"gpus.a100-80gb.memory_gib = 79: {NO_KEY}",
    ),
    "a misspelt key that another one misses": (
        {"apiPrices": [{"provider": "acme", "modell": "scout", "inputUsdPerMillion": "1"}]},
        f"apiPrices[0].modell = scout: {NO_KEY}",
    ),
    "a number where a decimal belongs": (
        {"gpus": {"a100-80gb": {"memoryGiB": 79.15}}},
        f"gpus.a100-80gb.memoryGiB = 79.15: {DECIMAL}",
    ),
    "a negative price": (
        {"gpus": {"a100-80gb": {"hourlyUsd": "-1"}}},
        f"gpus.a100-80gb.hourlyUsd = -1: {DECIMAL}",
    ),
    "a price in words": (
        {"gpus": {"a100-80gb": {"hourlyUsd": "NaN"}}},
        f"gpus.a100-80gb.hourlyUsd = NaN: {DECIMAL}",
    ),
    "no memory": (
        {"gpus": {"a100-80gb": {"memoryGiB": "0"}}},
        "gpus.a100-80gb.memoryGiB = 0: must be greater than 0",
    ),
    "a new GPU without memory": (
        {"gpus": {"custom-h20": {"hourlyUsd": "1"}}},
        "gpus.custom-h20.memoryGiB = (absent): must be given for a GPU that the catalogue does not know",
    ),
    "a new GPU with an odd key": (
        {"gpus": {"H20 GPU": {"memoryGiB": "95"}}},
        "gpus = H20 GPU: must be a GPU of the catalogue, or custom-NAME of small letters, digits and dashes",
    ),
    "a label that cannot be one": (
        {"gpus": {"l4": {"products": ["NVIDIA L4"]}}},
        f"gpus.l4.products[0] = NVIDIA L4: {LABEL}",
    ),
    "a step of no tokens": (
        {"gpus": {"l4": {"maxBatchedTokens": 0}}},
        "gpus.l4.maxBatchedTokens = 0: must be greater than 0",
    ),
    "text where a whole number belongs": (
        {"gpus": {"l4": {"maxBatchedTokens": "2048"}}},
        "gpus.l4.maxBatchedTokens = 2048: must be a whole number",
    ),
    "a name without a letter": (
        {"gpus": {"l4": {"name": ""}}},
        'gpus.l4.name = "": must have at least 1 character',
    ),
    "an unknown variant": (
        {"models": {"llama-5": {}}},
        f"models.llama-5 = llama-5: must be a variant of the catalogue: {VARIANTS}",
    ),
    "a variant that was never released": (
        {"models": {"behemoth": {}}},
        f"models.behemoth = behemoth: must be a variant of the catalogue: {VARIANTS}",
    ),
    "a context that is no number": (
        {"models": {"scout": {"maxPositions": True}}},
        "models.scout.maxPositions = true: must be a whole number",
    ),
    "a negative context": (
        {"models": {"scout": {"maxPositions": -1}}},
        "models.scout.maxPositions = -1: must be greater than 0",
    ),
    "an unknown precision": (
        {"models": {"scout": {"checkpoints": {"FP4": {"repository": "a/b"}}}}},
        "models.scout.checkpoints.FP4 = FP4: must be a precision: BF16, FP8, INT8, INT4",
    ),
    "a new checkpoint without a repository": (
        {"models": {"scout": {"checkpoints": {"INT8": {}}}}},
        "models.scout.checkpoints.INT8.repository = (absent): must be given: scout has no checkpoint in INT8",
    ),
    "a repository that is a path": (
        {"models": {"scout": {"checkpoints": {"INT4": {"repository": "../weights"}}}}},
        f"models.scout.checkpoints.INT4.repository = ../weights: {REPOSITORY}",
    ),
    "a repository that is a flag": (
        {"models": {"scout": {"checkpoints": {"INT4": {"repository": "--trust/remote"}}}}},
        f"models.scout.checkpoints.INT4.repository = --trust/remote: {REPOSITORY}",
    ),
    "a format of another precision": (
        {"models": {"scout": {"checkpoints": {"INT4": {"format": "fp8"}}}}},
        (
            "models.scout.checkpoints.INT4.format = fp8: must be a format of INT4: w4a16-g128, "
            "w4a16-g128-zero-points, w4a16-g32, nvfp4, mxfp4"
        ),
    ),
    "a group that the model has not": (
        {"models": {"llama-3.1-8b": {"checkpoints": {"FP8": {"quantizedGroups": ["experts"]}}}}},
        (
            "models.llama-3.1-8b.checkpoints.FP8.quantizedGroups = experts: must be a parameter group of "
            "llama-3.1-8b: token_embedding, attention, dense_mlp, norms_gates, lm_head"
        ),
    ),
    "a map of API prices": ({"apiPrices": {}}, "apiPrices = {}: must be a list"),
    "an API price without a model": (
        {"apiPrices": [{"provider": "acme", "inputUsdPerMillion": "1"}]},
        "apiPrices[0].model = (absent): must be given",
    ),
    "an API price as a number": (
        {"apiPrices": [{"provider": "acme", "model": "m", "inputUsdPerMillion": 1}]},
        f"apiPrices[0].inputUsdPerMillion = 1: {DECIMAL}",
    ),
}


@pytest.mark.parametrize(("values", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_value_is_refused_with_its_path_and_the_rule(values: Any, message: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        with_values(catalogue(), values)
    assert str(refused.value) == message


def test_a_long_wrong_value_is_cut() -> None:
    with pytest.raises(InvalidSpec) as refused:
        overlaid(gpus={"l4": {"hourlyUsd": "9" * 500}})
    assert f"gpus.l4.hourlyUsd = {'9' * 80}…: must be" in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    part=st.sampled_from(["models", "gpus", "apiPrices"]), key=st.sampled_from(["scout", "l4"]), value=JSON
)
def test_no_values_file_can_do_worse_than_be_refused(part: str, key: str, value: Any) -> None:
    for values in ({part: value}, {part: {key: value}}):
        assert " must " in refusal(values)


def refusal(values: Any) -> str:
    """What is told of values; of good ones, that they must not be refused."""
    try:
        with_values(catalogue(), values)
    except InvalidSpec as refused:
        return f" {refused.rule}"
    return "these must be taken"


@given(usd=st.decimals(min_value=0, max_value=999_999_999, places=6))
def test_a_price_is_kept_to_the_last_digit(usd: Decimal) -> None:
    assert overlaid(gpus={"l4": {"hourlyUsd": f"{usd:f}"}}).gpus["l4"].hourly_usd == usd


def test_plain_use_of_the_catalogue_loads_no_pydantic() -> None:
    code = "import sys, llamafleet.catalogue as c; c.catalogue(); print('pydantic' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)  # noqa: S603 - ours
    assert ended.stdout == "False\n"
