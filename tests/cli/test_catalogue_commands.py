"""``llamafleet models``, ``gpus`` and ``prices``: what they print, and how they end."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import ROOT
from llamafleet.catalogue import catalogue, gpus, models
from llamafleet.catalogue.values import ApiPriceValues, CheckpointValues, GpuValues, ModelValues
from llamafleet.cli import main

WIDTH = 100

PAGE = (ROOT / "docs" / "catalogue.md").read_text("utf-8")


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command that must succeed; its output."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def run(*arguments: str) -> str:
        assert main([*arguments]) == 0
        ended = capsys.readouterr()
        assert ended.err == ""
        return ended.out

    return run


def row(text: str, first: str) -> list[str]:
    """The cells of the only line that begins with this word."""
    (line,) = [cells for cells in map(str.split, text.splitlines()) if cells[:1] == [first]]
    return line


def test_the_list_of_models_shows_weights_context_and_splits(printed: Any) -> None:
    text = printed("models")
    scout = ["scout", "10,485,760", "202.36", "106.74", "-", "60.42", "192", "1", "2", "4", "8"]
    assert row(text, "scout") == scout
    assert row(text, "llama-3.1-8b")[:7] == [
        "llama-3.1-8b",
        "131,072",
        "14.96",
        "8.46",
        "8.46",
        "5.33",
        "128",
    ]
    assert row(text, "llama-3.2-90b-vision")[2:6] == ["165.02", "85.33", "-", "-"]
    assert all(variant in text for variant in models())


def test_the_list_of_models_says_what_was_never_released(printed: Any) -> None:
    words = " ".join(printed("models").split())
    assert "Announced, never released - behemoth, llama-4-behemoth: Llama 4 Behemoth was announced" in words
    assert "vision: vLLM 0.32 has no class of its own for Llama 3.2 Vision" in words
    assert "llamafleet models VARIANT shows every figure of one with its source" in words


@pytest.mark.parametrize("variant", models())
def test_one_model_is_shown_with_every_source(printed: Any, variant: str) -> None:
    words, model = " ".join(printed("models", variant).split()), models()[variant]
    assert f"{variant}: {model.name}" in words
    assert model.source in words
    assert model.caveat in words
    for checkpoint in model.checkpoints.values():
        assert checkpoint.repository in words
        assert checkpoint.source in words
    for group, count in model.parameters.items():
        assert f"{group} {count:,}" in words


def test_a_model_tells_its_architecture_in_words(printed: Any) -> None:
    words = " ".join(printed("models", "maverick").split())
    for sentence in (
        "layers 12 full attention, 36 in chunks of 8,192 tokens",
        "heads 40 query, 8 key-value, 128 wide",
        "experts 128 in each of 24 layers, 8,192 wide",
        "text-only server leaves out the vision part",
        "KV cache 192 KiB per token in bfloat16, 48 beyond a chunk of 8,192 tokens",
        "tensor parallel 1 2 4 8: powers of two that divide the heads",
        "weights 201.11 GiB, 199.48 without the vision part",
        "format w4a16-g128, bytes of a quantized weight: 0.515625",
        "quantized dense_mlp, routed_experts, shared_experts",
    ):
        assert sentence in words


def test_layers_that_look_at_images_keep_no_text(printed: Any) -> None:
    words = " ".join(printed("models", "llama-3.2-11b-vision").split())
    assert "32 full attention, 8 that look at images and keep nothing of a text token" in words
    assert "text-only server loads the vision part" in words
    assert "KV cache 128 KiB per token in bfloat16 tensor parallel" in words


def test_a_tied_embedding_is_told(printed: Any) -> None:
    assert "serves as the output head as well" in printed("models", "llama-3.2-1b")
    assert "serves as the output head as well" not in printed("models", "llama-3.1-8b")


@pytest.mark.parametrize("variant", ["behemoth", "llama-4-behemoth"])
def test_a_model_that_was_never_released_is_known_by_name(printed: Any, variant: str) -> None:
    text = printed("models", variant)
    assert text.startswith(f"{variant}: announced, never released.\n")
    assert json.loads(printed("models", variant, "-o", "json")) == {
        "variant": variant,
        "released": False,
        "reason": catalogue().unreleased[variant],
    }


def test_a_model_as_json_has_its_figures_as_numbers_and_its_decimals_as_strings(printed: Any) -> None:
    scout = json.loads(printed("models", "scout", "-o", "json"))
    assert scout["maxContextLength"] == 10_485_760
    assert (scout["kvBytesPerToken"], scout["kvBytesPerTokenBeyondChunk"]) == (196_608, 49_152)
    assert scout["totalParameters"] == sum(scout["parameters"].values()) == 108_641_793_536
    assert scout["layers"] == {"fullAttention": 12, "chunkedAttention": 36, "crossAttention": 0}
    assert scout["experts"] == {"count": 16, "layers": 48, "intermediateSize": 8192}
    assert scout["tensorParallelSizes"] == [1, 2, 4, 8]
    assert scout["caveat"] is None
    int4 = scout["checkpoints"]["INT4"]
    assert (int4["weightsGiB"], int4["weightsWithoutVisionGiB"]) == ("60.42", "58.79")
    assert (int4["format"], int4["bytesPerWeight"]) == ("w4a16-g128", "0.515625")
    assert int4["quantizedGroups"] == ["routed_experts", "shared_experts"]
    assert int4["tensorParallelSizes"] == [1, 2, 4, 8]
    assert scout["checkpoints"]["BF16"]["quantizedGroups"] == []


def test_a_dense_text_model_has_no_experts_and_no_vision_to_leave_out(printed: Any) -> None:
    small = json.loads(printed("models", "llama-3.1-8b", "-o", "json"))
    assert (small["experts"], small["vision"]) == (None, False)
    assert small["kvBytesPerToken"] == small["kvBytesPerTokenBeyondChunk"] == 131_072
    assert small["checkpoints"]["INT4"]["weightsWithoutVisionGiB"] is None
    assert small["checkpoints"]["INT4"]["format"] == "w4a16-g128-zero-points"


def test_a_checkpoint_that_can_be_split_less_than_its_model_says_so(printed: Any) -> None:
    small = json.loads(printed("models", "llama-3.1-8b", "-o", "json"))
    assert small["tensorParallelSizes"] == [1, 2, 4, 8, 16, 32]
    assert small["checkpoints"]["FP8"]["tensorParallelSizes"] == [1, 2, 4, 8, 16, 32]
    assert small["checkpoints"]["INT4"]["tensorParallelSizes"] == [1, 2, 4, 8, 16]  # 112 groups of 128
    words = " ".join(printed("models", "llama-3.1-8b").split())
    assert words.count("so that every GPU has whole groups of weights with their scales") == 1
    assert "dense_mlp tensor parallel 1 2 4 8 16, so that every GPU has whole groups" in words
    assert "whole groups" not in printed("models", "scout")


def test_the_list_as_json_has_all_that_a_single_entry_has(printed: Any) -> None:
    everything = json.loads(printed("models", "-o", "json"))
    assert [one["variant"] for one in everything["models"]] == [*models()]
    assert everything["models"][0] == json.loads(printed("models", "scout", "-o", "json"))
    assert [one["variant"] for one in everything["unreleased"]] == ["behemoth", "llama-4-behemoth"]


@pytest.mark.parametrize("command", ["models", "gpus", "prices"])
def test_yaml_says_what_json_says(printed: Any, command: str) -> None:
    assert yaml.safe_load(printed(command, "-o", "yaml")) == json.loads(printed(command, "-o", "json"))


def test_the_list_of_gpus_shows_memory_price_and_where_it_is_from(printed: Any) -> None:
    text = printed("gpus")
    assert [line.split()[0] for line in text.splitlines()[3 : 3 + len(gpus())]] == [*gpus()]
    a100 = "a100-80gb 79.15 72.82 1.1900 0.4515 reference, one A100-80GB, 2026-03-10"
    assert " ".join(row(text, "a100-80gb")) == a100
    assert row(text, "l40") == ["l40", "44.40", "40.85", "-", "-", "-"]


@pytest.mark.parametrize("key", gpus())
def test_one_gpu_is_shown_with_every_source(printed: Any, key: str) -> None:
    words, gpu = " ".join(printed("gpus", key).split()), gpus()[key]
    assert words.startswith(f"{key}: {gpu.name} ")
    assert all(label in words for label in gpu.products)
    assert all(f"{size:,}" in words for size in gpu.driver_mib)
    assert f"{gpu.max_batched_tokens:,} tokens" in words
    assert (gpu.price_source or "no price list has it") in words


def test_one_gpu_is_shown_with_all_that_it_is_rented_for(printed: Any) -> None:
    text = printed("gpus", "l4")
    rented = [line.split()[1] for line in text.splitlines() if line.split()[:1] == ["l4"]]
    assert rented == ["0.4400", "0.7800", "0.8048", "1.1504", "0.6840"]  # the last is serverless
    assert "[1]  undated     skypilot-org/skypilot-catalog catalogs/v8/jarvislabs" in text
    document = json.loads(printed("gpus", "l4", "-o", "json"))
    assert [price["gpu"] for price in document["prices"]] == ["l4"] * 5


def test_a_price_of_a_list_is_told_with_the_rule_that_found_it(printed: Any, values: Path) -> None:
    rule = "the lowest below, serverless aside: "
    words = " ".join(printed("gpus", "l4").split())
    assert f"0.44 USD per GPU-hour {rule}jarvislabs, 1x_L4_28V_124G, undated" in words
    assert f"0.44 USD per GPU-hour {rule}runpod, 1x L4, 2026-03-10" in words
    own = " ".join(printed("gpus", "a100-80gb", "--values", str(values)).split())
    assert "on demand 0.95 USD per GPU-hour the values file" in own
    assert f"spot 0.4515 USD per GPU-hour {rule}verda" in own


@pytest.mark.parametrize("arguments", [["models"], ["gpus"], ["gpus", "rtx-pro-6000"], ["prices"]])
def test_a_narrow_terminal_cuts_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    views = []
    for columns in ("60", "100"):
        monkeypatch.setenv("COLUMNS", columns)
        assert main(arguments) == 0
        views.append(re.sub("\x1b\\[[0-9;]*m", "", capsys.readouterr().out))
    narrow, wide = views
    assert "…" not in narrow
    assert sorted("".join(narrow.split())) == sorted("".join(wide.split()))
    assert max(map(len, narrow.splitlines())) <= 80  # a narrower terminal wraps the lines itself


def test_a_gpu_that_no_list_has_shows_no_prices(printed: Any) -> None:
    text = printed("gpus", "l40")
    assert "GPUs for rent" not in text
    assert text.count("no price list has it") == 2


def test_a_gpu_as_json_has_its_decimals_as_strings(printed: Any) -> None:
    a100 = json.loads(printed("gpus", "a100-80gb", "-o", "json"))
    del a100["prices"], a100["memorySource"], a100["source"]
    assert a100 == {
        "key": "a100-80gb",
        "name": "NVIDIA A100 80GB",
        "memoryGiB": "79.15",
        "usableGiB": "72.82",
        "driverMiB": [81920, 81251],
        "products": ["NVIDIA-A100-SXM4-80GB", "NVIDIA-A100-80GB-PCIe"],
        "maxBatchedTokens": 2048,
        "hourlyUsd": "1.19",
        "hourlyUsdSource": "reference, one A100-80GB, 2026-03-10",
        "spotUsd": "0.4515",
        "spotUsdSource": "verda, 1A100.22V, undated",
    }


def test_prices_show_gpus_and_apis_each_with_the_number_of_its_source(printed: Any) -> None:
    text = printed("prices")
    (cheapest,) = [line for line in text.splitlines() if "one A100-80GB " in line]
    assert cheapest.split() == [
        "a100-80gb",
        "1.1900",
        "-",
        "1",
        "reference",
        "any",
        "one",
        "A100-80GB",
        "[3]",
    ]
    assert row(text, "openai/gpt-5.4") == ["openai/gpt-5.4", "2.50", "15.00", "[1]"]
    words = " ".join(text.split())
    assert "[3] 2026-03-10 equals RunPod's lower list price of an A100 80GB PCIe" in words
    assert "https://developers.openai.com/api/docs/pricing" in words


def test_prices_stand_by_gpu_and_the_cheapest_first(printed: Any) -> None:
    lines = [line.split() for line in printed("prices", "--gpu").splitlines()]
    h200 = [Decimal(cells[1]) for cells in lines if cells[:1] == ["h200"]]
    assert h200[:-1] == sorted(h200[:-1])
    assert h200[-1] == Decimal("5.5800")  # serverless, which counts for no plan
    order = [cells[0] for cells in lines if cells[:1] in ([["b200"]], ["b200"], ["l4"], ["t4"])]
    assert order == sorted(order, key=["b200", "l4", "t4"].index)


@pytest.mark.parametrize(
    ("option", "parts"),
    [((), ["gpuPrices", "apiPrices"]), (("--gpu",), ["gpuPrices"]), (("--api",), ["apiPrices"])],
    ids=["both", "GPUs only", "APIs only"],
)
def test_prices_can_be_asked_for_by_kind(printed: Any, option: tuple[str, ...], parts: list[str]) -> None:
    assert [*json.loads(printed("prices", *option, "-o", "json"))] == parts
    text = printed("prices", *option)
    assert ("GPUs for rent" in text) == ("gpuPrices" in parts)
    assert ("APIs, US dollars" in text) == ("apiPrices" in parts)


def test_a_price_as_json_is_exact(printed: Any) -> None:
    prices = json.loads(printed("prices", "-o", "json"))
    p4d = next(price for price in prices["gpuPrices"] if price["instance"] == "p4d.24xlarge")
    assert (p4d["onDemandUsd"], p4d["onDemandUsdPerGpu"]) == ("21.957642", "2.74470525")
    assert (p4d["gpus"], p4d["spotUsd"], p4d["asOf"]) == (8, None, "2026-07-20")
    assert p4d["source"].startswith("aws/karpenter-provider-aws ")
    assert prices["apiPrices"][0] == {
        "key": "openai/gpt-4.1",
        "provider": "openai",
        "model": "gpt-4.1",
        "inputUsdPerMillion": "2.00",
        "outputUsdPerMillion": "8.00",
        "asOf": "litellm 1.109.1",
        "source": "model_prices_and_context_window_backup.json; https://developers.openai.com/api/docs/pricing",
    }


def floats(value: Any) -> bool:
    """Whether a number with a fraction stands anywhere in plain values."""
    if isinstance(value, dict):
        return any(map(floats, value.values()))
    return any(map(floats, value)) if isinstance(value, list) else isinstance(value, float)


@pytest.mark.parametrize("command", ["models", "gpus", "prices"])
def test_no_document_has_a_float(printed: Any, command: str) -> None:
    assert not floats(json.loads(printed(command, "-o", "json")))


VIEWS = {
    "models": ["models"],
    "scout": ["models", "scout"],
    "gpus": ["gpus"],
    "an A100": ["gpus", "a100-80gb"],
    "a GPU with long labels": ["gpus", "rtx-pro-6000"],
    "prices": ["prices"],
}


@pytest.mark.parametrize("arguments", VIEWS.values(), ids=VIEWS.keys())
def test_a_view_that_is_piped_is_plain_and_never_wider_than_a_page(
    printed: Any, arguments: list[str]
) -> None:
    text = printed(*arguments)
    assert "\x1b" not in text
    assert "…" not in text
    assert max(len(line) for line in text.splitlines()) <= WIDTH


@pytest.fixture
def values(tmp_path: Path) -> Path:
    """A values file."""
    file = tmp_path / "values.yaml"
    file.write_text(
        """
        gpus:
          a100-80gb: {hourlyUsd: "0.95"}
          custom-h20: {memoryGiB: "95.1", name: NVIDIA H20, products: [NVIDIA-H20]}
        models:
          scout:
            checkpoints:
              INT4: {repository: acme/scout-w4a16, source: our own recipe}
        apiPrices:
          - {provider: acme, model: Scout, inputUsdPerMillion: "0.07", asOf: 2026-11-01}
        """
    )
    return file


def test_a_values_file_shows_in_every_command(printed: Any, values: Path) -> None:
    own = ["--values", str(values)]
    text = printed("gpus", *own)
    assert " ".join(row(text, "a100-80gb")).endswith("0.9500 0.4515 the values file")
    assert row(text, "custom-h20")[:2] == ["custom-h20", "95.10"]
    assert "NVIDIA-H20" in printed("gpus", "custom-h20", *own)
    assert "INT4: acme/scout-w4a16" in printed("models", "scout", *own)
    assert row(printed("prices", "--api", *own), "acme/scout")[:3] == ["acme/scout", "0.07", "-"]
    asked = json.loads(printed("prices", "--api", *own, "-o", "json"))["apiPrices"][-1]
    assert (asked["asOf"], asked["source"]) == ("2026-11-01", "the values file")


def test_a_wrong_values_file_ends_with_1_and_names_the_file_and_the_place(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("gpus: {a100-80gb: {memoryGiB: 79}}")
    assert main(["gpus", "--values", str(file)]) == 1
    ended = capsys.readouterr()
    assert ended.out == ""
    assert ended.err.startswith(f"llamafleet: {file}: gpus.a100-80gb.memoryGiB = 79: must be a decimal in ")
    assert ended.err.count("\n") == 1


UNKNOWN = {
    "an unknown model": (["models", "llama-5"], "VARIANT = llama-5: must be one of scout, maverick, "),
    "an unknown GPU": (["gpus", "h900"], "KEY = h900: must be one of a100-40gb, a100-80gb, "),
    "an unknown GPU, as JSON": (["gpus", "A100", "-o", "json"], "KEY = A100: must be one of a100-40gb, "),
}


@pytest.mark.parametrize(("arguments", "message"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_name_ends_with_1_and_one_line_that_lists_the_known(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    ended = capsys.readouterr()
    assert ended.out == ""
    assert ended.err.startswith(f"llamafleet: {message}")
    assert ended.err.count("\n") == 1


def test_prices_of_one_kind_exclude_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["prices", "--gpu", "--api"])
    assert ended.value.code == 2
    assert "not allowed with argument" in capsys.readouterr().err


def keys_after(text: str) -> list[str]:
    """The keys in the first column of the first table after a text of the page."""
    table = PAGE[PAGE.index(text) :].partition("\n| --- |")[2].partition("\n\n")[0]
    return [key for row in table.splitlines()[1:] for key in re.findall("`(.+?)`", row.split(" | ")[0])]


def test_the_page_names_every_key_of_the_documents(printed: Any) -> None:
    def document(*command: str) -> Any:
        return json.loads(printed(*command, "-o", "json"))

    prices = document("prices")
    assert keys_after("\nA model:\n") == [*document("models", "scout")]
    assert sorted(keys_after("\nA GPU:\n")) == sorted(document("gpus", "l4"))
    assert sorted(keys_after("\nA price of a GPU:\n")) == sorted(prices["gpuPrices"][0])
    assert sorted(keys_after("\nA price of an API:\n")) == sorted(prices["apiPrices"][0])


def test_the_page_names_every_key_of_a_values_file() -> None:
    records = {
        "gpus.KEY.": GpuValues,
        "models.VARIANT.": ModelValues,
        "models.VARIANT.checkpoints.PRECISION.": CheckpointValues,
        "apiPrices[].": ApiPriceValues,
    }
    keys = [
        f"{path}{field.alias}"
        for path, record in records.items()
        for field in record.model_fields.values()
        if field.alias != "checkpoints"
    ]
    assert keys_after("gpus custom-h20 --values") == keys
