"""``llamafleet plan``, as its user meets it: what it answers, how it refuses, and how it ends."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from builders import NOW, ROOT
from cli.ended import Ended
from llamafleet.cli import main

SAMPLES = ROOT / "manifests" / "samples"
SCOUT, MAVERICK = str(SAMPLES / "scout.yaml"), str(SAMPLES / "maverick.yaml")

LLAMA = """
apiVersion: llamafleet.io/v1alpha1
kind: LlamaDeployment
metadata: {{name: {name}}}
spec: {spec}
"""
POOL = """
apiVersion: llamafleet.io/v1alpha1
kind: GpuPool
metadata: {{name: {name}}}
spec: {spec}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a user works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path, **specs: str) -> str:
    """The name of a file with these LlamaDeployments, each by its spec."""
    texts = [LLAMA.format(name=name, spec=spec) for name, spec in specs.items()]
    (folder / "cr.yaml").write_text("---".join(texts))
    return "cr.yaml"


def pools(folder: Path, **specs: str) -> str:
    """The name of a file with these GpuPools, each by its spec."""
    texts = [POOL.format(name=name, spec=spec) for name, spec in specs.items()]
    (folder / "pools.yaml").write_text("---".join(texts))
    return "pools.yaml"


def run(captured: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    """One plan, at a fixed instant."""
    code = main(["plan", *arguments], now=NOW)
    return Ended(code, *captured.readouterr())


def test_scout_takes_one_a100(capsys: pytest.CaptureFixture[str]) -> None:
    ended = run(capsys, SCOUT, "-o", "json")
    assert (ended.code, ended.err) == (0, "")
    assert {key: ended.json[key] for key in ("pool", "gpu", "gpusPerReplica", "quantization")} == {
        "pool": "a100-80gb",
        "gpu": "a100-80gb",
        "gpusPerReplica": 1,
        "quantization": "INT4",
    }
    assert ended.json["weightsGiBPerGpu"] == "58.79"
    assert ended.json["kvCacheGiBPerGpu"] == "11.49"
    assert ended.json["hourlyUsdPerReplica"] == "1.19"
    assert ended.json["monthlyUsdPerReplica"]["alwaysOn"] == "856.80"


def test_maverick_takes_two_with_experts_in_host_memory(capsys: pytest.CaptureFixture[str]) -> None:
    ended = run(capsys, MAVERICK, "-o", "json")
    assert ended.code == 0
    assert ended.json["gpusPerReplica"] == 2
    assert ended.json["hostOffloadGiBPerGpu"] == "35.00"
    assert ended.json["hostMemoryGiB"] == "148.00"
    assert ended.json["kvCacheGiBPerGpu"] == "4.53"
    assert ended.json["hourlyUsdPerReplica"] == "2.38"
    assert "--cpu-offload-gb=35" in ended.json["vllmArgs"]


def test_maverick_without_host_memory_takes_four(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = "{model: {variant: maverick}, serving: {contextLength: 131072}, gpu: {hostOffload: Never}}"
    ended = run(capsys, written(folder, maverick=spec), "-o", "json")
    assert ended.code == 0
    assert (ended.json["gpusPerReplica"], ended.json["hourlyUsdPerReplica"]) == (4, "4.76")
    assert ended.json["hostOffloadGiBPerGpu"] == "0.00"


def test_the_view_of_maverick_tells_what_lies_in_host_memory(capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys, MAVERICK).out.splitlines()
    assert lines[0] == "maverick: INT4 on 2 x a100-80gb (pool a100-80gb): fits"
    assert "  █   64.73  weights, this GPU's share" in lines
    assert "      35.00  experts of this GPU that lie in host memory instead" in lines
    assert "  30 days, always on      1713.60           1713.60" in lines
    assert (
        "  -  Without host memory (hostOffload: Never) INT4 on 4 x a100-80gb (pool a100-80gb) costs 4.76"
    ) in lines


def test_the_bar_is_to_scale(capsys: pytest.CaptureFixture[str]) -> None:
    """80 cells for 79.15 GiB: 58.79 of weights, 2.50 of overhead, 11.49 of KV cache, 6.33 left free."""
    bar = run(capsys, SCOUT).out.splitlines()[3]
    assert [bar.count(glyph) for glyph in "█▓▚▒░·"] == [59, 0, 0, 3, 12, 6]


def test_the_printed_command_line_is_what_a_shell_takes_apart_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = run(capsys, SCOUT).out.partition("command line\n")[2]
    args = run(capsys, SCOUT, "-o", "json").json["vllmArgs"]
    assert shlex.split(shown.replace("\\\n", "")) == ["vllm", "serve", *args]
    assert '--hf-overrides={"text_config":{"max_position_embeddings":131072}}' in args


def test_scout_on_one_l40s_is_refused_with_the_sum(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = pools(folder, small='{gpu: l40s, gpusPerNode: 1, price: {onDemand: "0.79"}}')
    ended = run(capsys, SCOUT, "--pools", file, "-o", "json")
    assert (ended.code, ended.err) == (3, "")
    assert ended.json["feasible"] is False
    assert (ended.json["pool"], ended.json["monthlyUsdPerReplica"], ended.json["vllmArgs"]) == (
        None,
        None,
        [],
    )
    (reason,) = ended.json["reasons"]
    assert "INT4 on 1 x l40s (pool small) needs 66.01 of 40.84 GiB per GPU: 58.79 weights" in reason
    assert {candidate["feasible"] for candidate in ended.json["candidates"]} == {False}


def test_a_refusal_without_any_shape_still_names_the_pools(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = "{model: {variant: scout}, gpu: {capacityType: Spot}}"
    ended = run(capsys, written(folder, scout=spec), "--explain")
    assert ended.code == 3
    assert ended.out.startswith("scout: nothing fits\n")
    assert "a100-80gb: it sells no spot capacity, and spec.gpu.capacityType is Spot.\n" in ended.out


def test_a_host_that_is_too_small_is_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = run(
        capsys,
        SCOUT,
        "--pools",
        pools(folder, lean="{gpu: a100-80gb, gpusPerNode: 1, hostMemoryPerGpu: 16Gi}"),
    )
    assert ended.code == 3
    assert "fits its GPUs, but the pod would" in ended.out
    assert "GiB of one GPU" not in ended.out  # that there is enough of


def test_every_pool_says_why_it_lost(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = pools(
        folder,
        gold='{gpu: a100-80gb, price: {onDemand: "1.19"}}',
        big='{gpu: h200, price: {onDemand: "3.39"}}',
        small='{gpu: l4, gpusPerNode: 1, price: {onDemand: "0.44"}}',
        amd='{gpu: mi300x, price: {onDemand: "2.00"}}',
    )
    shown = run(capsys, SCOUT, "--pools", file).out
    assert "\n  gold    1.19   11.49  INT4 on 1 x a100-80gb  chosen\n" in shown
    assert "\n  big     3.39   20.90  FP8 on 1 x h200        it fits, and costs 2.20 USD/h more\n" in shown
    assert "\n  small   0.44       -  INT4 on 1 x l4         needs 66.01 of 20.27 GiB per GPU: " in shown
    assert "\n  amd        -       -  none                   its spec.nodeSelector must be given, " in shown


def test_pools_of_both_files_are_planned_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(folder, scout="{model: {variant: scout}}")
    with (folder / "cr.yaml").open("a") as file:
        file.write("---" + POOL.format(name="own", spec="{gpu: h200}"))
    more = pools(folder, gold='{gpu: a100-80gb, price: {onDemand: "1.00"}}')
    ended = run(capsys, "cr.yaml", "--pools", more, "-o", "json")
    assert {candidate["pool"] for candidate in ended.json["candidates"]} == {"own", "gold"}
    assert (ended.json["pool"], ended.json["hourlyUsdPerReplica"]) == ("gold", "1.00")


def test_explain_shows_the_sum_of_every_shape_and_the_source_of_every_figure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = " ".join(run(capsys, SCOUT, "--explain").out.split())
    assert (
        "INT4 on 1 x a100-80gb (pool a100-80gb), 1.19 USD/h: chosen. 79.15 GiB x 0.92 = 72.82 GiB usable per "
        "GPU - 58.79 weights - 0.03 rope table - 2.50 overhead = 11.49 GiB KV cache for 2.5 requests of "
        "65,536 tokens."
    ) in shown
    assert "FP8 on 1 x a100-80gb (pool a100-80gb) needs 112.33 of 72.82 GiB per GPU" in shown
    assert "One request of 65,536 tokens needs 4.69 GiB of it, so 2.5 fit at once." in shown
    assert "1.19 USD per GPU-hour catalogue: reference, one A100-80GB, 2026-03-10; the lowest of 9" in shown
    assert "the model's 10,485,760 positions are lowered to 131,072 4.69 GiB for the requests" in shown
    assert "0.92 of the memory vLLM 0.32's default" in shown


def test_explain_tells_what_lies_in_host_memory_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    shown = " ".join(run(capsys, MAVERICK, "--explain").out.split())
    assert "35.00 GiB of experts in host memory the fewest whole GiB per GPU with which the requests" in shown


def test_the_catalogues_price_is_told_with_its_rule_and_a_price_of_ones_own_without(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = "  The lowest of 9 prices on demand: llamafleet gpus a100-80gb lists them.\n"
    assert rule in run(capsys, SCOUT).out
    own = pools(folder, gold='{gpu: a100-80gb, price: {onDemand: "1.00"}}')
    assert "prices on demand" not in run(capsys, SCOUT, "--pools", own).out
    (folder / "values.yaml").write_text('gpus: {a100-80gb: {hourlyUsd: "1.50"}}\n')
    assert "prices on demand" not in run(capsys, SCOUT, "--values", "values.yaml").out


class TestNoPrice:
    """A pool of L40 without a price: the catalogue has none for that GPU, either."""

    small = "{model: {variant: llama-3.1-8b}, serving: {contextLength: 8192}%s}"
    note = (
        "The price of pool own is not known: spec.price.onDemand of the GpuPool is missing and the catalogue "
        "has none for l40; no budget can be kept."
    )
    windows = (
        ", scaling: {minReplicas: 2}, schedule: {timeZone: Europe/Berlin, "
        "windows: [{name: nightly, start: '0 22 * * *', duration: 4h}]}"
    )

    def test_programs_read_null_and_never_zero(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = written(folder, small=self.small % self.windows)
        ended = run(capsys, file, "--pools", pools(folder, own="{gpu: l40}"), "-o", "json")
        assert (ended.code, ended.err) == (0, "")
        told = ended.json
        assert (told["feasible"], told["pool"], told["gpusPerReplica"]) == (True, "own", 1)
        assert told["hourlyUsdPerReplica"] is told["monthlyUsdPerReplica"] is None
        assert {one["hourlyUsdPerReplica"] for one in told["candidates"]} == {None}
        assert self.note in told["reasons"]
        assert "0.00 USD" not in ended.out

    def test_people_read_unknown(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = written(folder, small=self.small % self.windows)
        ended = run(capsys, file, "--pools", pools(folder, own="{gpu: l40}"))
        assert (ended.code, ended.err) == (0, "")
        assert (
            "\nUS dollars (no price is known)\n"
            "            one replica  2 replicas wanted\n"
            "  per hour      unknown            unknown\n"
            "\n"
        ) in ended.out
        assert "\n  own   unknown   22.86  BF16 on 1 x l40  chosen\n" in ended.out
        assert self.note in " ".join(ended.out.split())

    def test_all_that_is_explained_does_without_the_price(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = written(folder, small=self.small % "")
        tight = pools(folder, own="{gpu: l40, gpusPerNode: 1, hostMemoryPerGpu: 8Gi}")
        refused = run(capsys, file, "--pools", tight, "--explain")
        assert refused.code == 3
        assert "the pool has 8. Price unknown.\n" in refused.out
        fits = run(capsys, file, "--pools", pools(folder, own="{gpu: l40}"), "--explain")
        shown = " ".join(fits.out.split())
        assert "BF16 on 1 x l40 (pool own), price unknown: chosen. " in shown
        assert "it fits on as many GPUs, in the lower precision FP8" in shown
        assert "Its price is not known; it is the smallest of 12 shapes that fit." in shown
        assert " price of a GPU-hour no price is known " in shown

    def test_a_pool_with_a_price_comes_first(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = pools(folder, own="{gpu: l40}", gold='{gpu: a100-80gb, price: {onDemand: "1.19"}}')
        shown = run(capsys, written(folder, small=self.small % ""), "--pools", file).out
        assert "\n  gold     1.19   54.83  BF16 on 1 x a100-80gb  chosen\n" in shown
        assert (
            "\n  own   unknown   22.86  BF16 on 1 x l40        it fits, but its price is not known\n" in shown
        )

    def test_the_operators_own_answer_says_it_too(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = own_checkpoint(folder, layers=48)
        ended = run(capsys, file, "--weights", ".", "--pools", pools(folder, own="{gpu: l40}"), "-o", "json")
        (said,) = caveats(ended)
        assert said.startswith(f"{UNSEEN}BF16 on 1 x l40 (pool own), price unknown, ")

    def test_spot_nodes_without_a_price_are_planned_on(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = written(folder, small=self.small % ", gpu: {capacityType: Spot}")
        nodes = "{gpu: a100-80gb, nodeSelector: {karpenter.sh/capacity-type: spot}}"
        ended = run(capsys, file, "--pools", pools(folder, own=nodes), "-o", "json")
        assert (ended.code, ended.json["capacityType"], ended.json["hourlyUsdPerReplica"]) == (
            0,
            "Spot",
            None,
        )
        assert "spec.price.spot of the GpuPool is missing; no budget can be kept." in ended.out

    def test_a_price_of_0_is_shown_as_a_price(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = written(folder, small=self.small % self.windows)
        free = pools(folder, own='{gpu: l40, price: {onDemand: "0"}}')
        told = run(capsys, file, "--pools", free, "-o", "json").json
        assert told["hourlyUsdPerReplica"] == "0.00"
        month = told["monthlyUsdPerReplica"]
        assert (month["alwaysOn"], month["insideWindows"], month["openHours"]) == ("0.00", "0.00", "120.00")
        shown = run(capsys, file, "--pools", free, "--explain").out
        assert "\n  per hour                                       0.00               0.00\n" in shown
        assert "unknown" not in shown


def test_what_a_shape_rests_on_is_told_unasked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = "{model: {variant: llama-3.1-8b, adapters: [{name: law, source: hf://acme/law}]}}"
    shown = run(capsys, written(folder, small=spec)).out
    assert "\n  -  contextLength is not set: 131,072 is the longest context of llama-3.1-8b.\n" in shown
    assert "\n  -  These fields are valid but do nothing in this release: spec.model.adapters.\n" in shown


def test_a_values_file_changes_the_price(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "values.yaml").write_text('gpus: {a100-80gb: {hourlyUsd: "1.50"}}\n')
    ended = run(capsys, SCOUT, "--values", "values.yaml", "-o", "json")
    assert (ended.code, ended.json["hourlyUsdPerReplica"]) == (0, "1.50")


def test_a_gpu_of_the_values_file_can_be_planned_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "values.yaml").write_text('gpus: {custom-gpu: {memoryGiB: "120", hourlyUsd: "2"}}\n')
    file = pools(folder, mine="{gpu: custom-gpu, nodeSelector: {gpu: mine}}")
    ended = run(capsys, SCOUT, "--pools", file, "--values", "values.yaml", "-o", "json")
    assert (ended.code, ended.json["gpu"], ended.json["hourlyUsdPerReplica"]) == (0, "custom-gpu", "2.00")


LLAMA_8B = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}
"""The config.json of Llama 3.1 8B with half of its layers."""


def test_a_checkpoint_with_half_of_the_layers_has_its_own_weights(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "config.json").write_text(json.dumps(LLAMA_8B))
    spec = "{model: {variant: llama-3.1-8b, source: 'hf://me/half', quantization: BF16}}"
    ended = run(capsys, written(folder, half=spec), "--weights", ".", "-o", "json")
    assert (ended.code, ended.json["checkpoint"]) == (0, "hf://me/half")
    assert ended.json["weightsGiBPerGpu"] == "8.46"


UNSEEN = "The operator does not see the files of your checkpoint. By the catalogue's figures it finds: "


def own_checkpoint(folder: Path, layers: int, more: str = "") -> str:
    """The name of a file with a Llama 3.1 8B of so many layers, whose own files are in the folder."""
    (folder / "config.json").write_text(json.dumps({**LLAMA_8B, "num_hidden_layers": layers}))
    return written(
        folder, own=f"{{model: {{variant: llama-3.1-8b, source: 'hf://me/own', quantization: BF16}}{more}}}"
    )


def caveats(ended: Ended) -> list[str]:
    """What is said of the files that the operator does not see."""
    return [one for one in ended.json["reasons"] if "your checkpoint" in one]


def test_a_checkpoint_like_the_catalogues_is_planned_as_the_operator_would(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert caveats(run(capsys, own_checkpoint(folder, layers=32), "--weights", ".", "-o", "json")) == []


def test_where_the_operator_would_find_other_figures_it_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (said,) = caveats(run(capsys, own_checkpoint(folder, layers=48), "--weights", ".", "-o", "json"))
    assert said == (
        f"{UNSEEN}BF16 on 1 x a100-80gb (pool a100-80gb), 1.19 USD/h, 54.83 GiB KV cache, "
        "requests of up to 131,072 tokens."
    )
    shown = run(capsys, own_checkpoint(folder, layers=48), "--weights", ".").out
    assert "\n  -  The operator does not see the files of your checkpoint. " in shown


def test_where_the_operator_would_find_nothing_it_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = pools(folder, small="{gpu: rtx-4090, gpusPerNode: 1, hostMemoryPerGpu: 40Gi}")
    file = own_checkpoint(folder, layers=16, more=", serving: {contextLength: 65536}")
    ended = run(capsys, file, "--weights", ".", "--pools", small, "-o", "json")
    assert (ended.code, caveats(ended)) == (0, [f"{UNSEEN}nothing fits."])


def test_where_the_operator_would_refuse_it_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = own_checkpoint(folder, layers=32, more=", serving: {contextLength: 262144}")
    (folder / "config.json").write_text(json.dumps({**LLAMA_8B, "max_position_embeddings": 262144}))
    ended = run(capsys, file, "--weights", ".", "-o", "json")
    assert ended.code == 0
    rule = "must be at most 131072, the longest context of llama-3.1-8b"
    assert caveats(ended) == [f"{UNSEEN}spec.serving.contextLength = 262144: {rule}."]


def test_files_that_the_resource_does_not_name_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "config.json").write_text(json.dumps({**LLAMA_8B, "num_hidden_layers": 32}))
    file = written(folder, small="{model: {variant: llama-3.1-8b}, serving: {contextLength: 32768}}")
    assert caveats(run(capsys, file, "--weights", ".", "-o", "json"))[0] == (
        "spec.model.source does not name your checkpoint: "
        "the operator would serve meta-llama/Llama-3.1-8B-Instruct."
    )


def test_a_checkpoint_of_another_variant_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "config.json").write_text(json.dumps(LLAMA_8B))
    ended = run(capsys, SCOUT, "--weights", "config.json")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(
        "llamafleet: config.json: spec.model.variant = scout: must match the checkpoint, "
    )


def test_a_folder_without_a_checkpoint_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "empty").mkdir()
    ended = run(capsys, SCOUT, "--weights", "empty")
    assert (ended.code, ended.err) == (1, "llamafleet: empty/config.json: No such file or directory\n")


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = (SAMPLES / "scout.yaml").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert run(capsys, "-", "-o", "json").json["name"] == "scout"


def test_standard_input_is_called_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"kind: [")))
    ended = run(capsys, "-")
    assert ended.code == 1
    assert ended.err.startswith("llamafleet: standard input, line 2, column 1: ")


TYPO = "{model: {variant: scout}, serving: {contextLenght: 65536}}"
LONG = "{model: {variant: llama-3.1-8b}, serving: {contextLength: 200000}}"
ZONE = "{model: {variant: scout}, schedule: {timeZone: Europe/Atlantis, windows: [%s]}}"
WINDOW = "{name: nightly, start: '0 22 * * *', duration: 4h}"

WRONG = {
    "a misspelt field": (
        TYPO,
        (
            "llamafleet: cr.yaml: LlamaDeployment llama: spec.serving.contextLenght = 65536: "
            "must be left out: there is no field of that name here\n"
        ),
    ),
    "a misspelt field that another one misses": (
        "{model: {varient: scout}}",
        (
            "llamafleet: cr.yaml: LlamaDeployment llama: spec.model.varient = scout: "
            "must be left out: there is no field of that name here\n"
        ),
    ),
    "a model that was never released": (
        "{model: {variant: behemoth}}",
        "llamafleet: cr.yaml: LlamaDeployment llama: spec.model.variant = behemoth: must be a model that ",
    ),
    "a precision that nobody publishes": (
        "{model: {variant: scout, quantization: FP32}}",
        (
            "llamafleet: cr.yaml: LlamaDeployment llama: spec.model.quantization = FP32: "
            "must be BF16 for full precision: "
        ),
    ),
    "a number of GPUs that the heads do not allow": (
        "{model: {variant: scout}, gpu: {count: 3}}",
        "llamafleet: cr.yaml: LlamaDeployment llama: spec.gpu.count = 3: must be a power of two, ",
    ),
    "a context that the model cannot have": (
        LONG,
        (
            "llamafleet: cr.yaml: LlamaDeployment llama: spec.serving.contextLength = 200000: "
            "must be at most 131072, the longest context of llama-3.1-8b\n"
        ),
    ),
    "vision of a model that reads text only": (
        "{model: {variant: llama-3.1-8b}, serving: {vision: true}}",
        (
            "llamafleet: cr.yaml: LlamaDeployment llama: spec.serving.vision = true: "
            "must be false: llama-3.1-8b reads text only\n"
        ),
    ),
    "a time zone that does not exist": (
        ZONE % WINDOW,
        (
            "llamafleet: cr.yaml: LlamaDeployment llama: spec.schedule.timeZone = Europe/Atlantis: "
            "must be a name of the IANA time zone database"
        ),
    ),
}


@pytest.mark.parametrize(("spec", "message"), WRONG.values(), ids=WRONG.keys())
def test_bad_input_ends_with_1_and_one_line(
    spec: str, message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = run(capsys, written(folder, llama=spec))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(message)
    assert ended.err.count("\n") == 1


def test_two_resources_without_a_name_end_with_1_and_both_names(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(folder, scout="{model: {variant: scout}}", small="{model: {variant: llama-3.2-1b}}")
    ended = run(capsys, file)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "llamafleet: --name: must be that of one LlamaDeployment of cr.yaml, which has: scout, small\n"
    )
    assert run(capsys, file, "--name", "small", "-o", "json").json["variant"] == "llama-3.2-1b"


def test_a_file_for_pools_without_any_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    ended = run(capsys, SCOUT, "--pools", MAVERICK)
    assert (ended.code, ended.err) == (1, f"llamafleet: {MAVERICK}: must have a GpuPool in it\n")


def test_a_pool_that_is_there_twice_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = pools(folder, gold="{gpu: a100-80gb}")
    ended = run(capsys, SCOUT, "--pools", file, "--pools", file)
    assert ended.code == 1
    assert ended.err == "llamafleet: pools.yaml: GpuPool gold: must be there once, and it is there twice\n"


def test_a_pool_of_an_unknown_gpu_is_refused_by_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = run(capsys, SCOUT, "--pools", pools(folder, gold="{gpu: a100-800gb}"))
    assert ended.code == 1
    assert ended.err.startswith(
        "llamafleet: pools.yaml: GpuPool gold: spec.gpu = a100-800gb: must be a GPU of the catalogue or of a "
    )


def test_a_bad_values_file_is_refused_by_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "values.yaml").write_text("gpus: {a100-80gb: {memoryGiB: -1}}\n")
    ended = run(capsys, SCOUT, "--values", "values.yaml")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("llamafleet: values.yaml: gpus.a100-80gb.memoryGiB = -1: must ")


def test_nothing_of_a_file_reaches_the_terminal_as_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = run(capsys, written(folder, llama='{model: {variant: "\\e[2J\\nscout"}}'))
    assert ended.code == 1
    assert "\x1b" not in ended.err
    assert ended.err.count("\n") == 1


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A run of its own process, as from a shell."""
    command = [sys.executable, "-m", "llamafleet", "plan", *arguments]
    return subprocess.run(  # noqa: S603 - our own program
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_what_is_piped_is_plain_and_at_most_100_columns_wide() -> None:
    shown = program(SCOUT, "--explain").stdout
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 100


@pytest.mark.parametrize(("columns", "cells"), [(100, 80), (60, 42), (30, 42)])
def test_a_bar_is_no_longer_than_a_narrow_terminal(columns: int, cells: int) -> None:
    """Below 60 columns a view is no view any more: the terminal wraps its lines."""
    shown = program(SCOUT, FORCE_COLOR="1", TERM="xterm", NO_COLOR="1", COLUMNS=str(columns)).stdout
    bar = next(line for line in shown.splitlines() if "███" in line)
    assert sum(bar.count(glyph) for glyph in "█▓▚▒░·") == cells


def test_a_narrow_terminal_cuts_nothing() -> None:
    shown = program(MAVERICK, FORCE_COLOR="1", TERM="xterm", NO_COLOR="1", COLUMNS="60").stdout
    assert "…" not in shown
    assert "RedHatAI/Llama-4-Maverick-17B-128E-Instruct-quantized.w4a16" in "".join(shown.split())
    view = re.sub("\x1b\\[[0-9;]*m", "", shown).partition("The model server's command line")[0]
    assert max(map(len, view.splitlines())) <= 60


def test_where_blocks_cannot_be_shown_each_part_has_its_letter() -> None:
    ended = program(SCOUT, PYTHONIOENCODING="ascii")
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[3] == f"  {'W' * 59}{'O' * 3}{'K' * 12}{'.' * 6}"


def test_colours_come_with_a_terminal_and_go_with_no_color() -> None:
    coloured = program(SCOUT, FORCE_COLOR="1", TERM="xterm")
    assert "\x1b[34m█" in coloured.stdout
    plain = program(SCOUT, FORCE_COLOR="1", TERM="xterm", NO_COLOR="1")
    assert "\x1b[34m" not in plain.stdout


def test_a_full_disk_ends_it_with_1_and_one_line() -> None:
    for form in ("table", "json"):
        with Path("/dev/full").open("w") as full:
            ended = subprocess.run(  # noqa: S603 - our own program
                [sys.executable, "-m", "llamafleet", "plan", SCOUT, "-o", form],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert (ended.returncode, ended.stderr) == (1, "llamafleet: No space left on device\n")


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize("command", ["plan", "windows", "cost"])
def test_standard_output_that_the_shell_closed_ends_it_with_1_and_one_line(
    command: str, form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    code = main([command, SCOUT, "-o", form])
    assert (code, capsys.readouterr().err) == (1, "llamafleet: standard output: Bad file descriptor\n")


def test_standard_input_that_the_shell_closed_has_nothing_in_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    ended = run(capsys, "-")
    assert (ended.code, ended.err) == (1, "llamafleet: standard input: must have a LlamaDeployment in it\n")


def test_an_interruption_ends_it_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Waiting(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise KeyboardInterrupt(size)

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Waiting()))
    assert run(capsys, "-") == Ended(130, "", "")


def test_a_plan_loads_nothing_of_the_operator() -> None:
    asked = (
        "import sys; from llamafleet.cli import main; main(sys.argv[1:]); "
        "loaded = {'kopf', 'kubernetes', 'aiohttp', 'prometheus_client', 'asyncio'} & set(sys.modules); "
        "sys.exit(f'loaded: {sorted(loaded)}' if loaded else 0)"
    )
    for form in ("table", "json"):
        command = [sys.executable, "-c", asked, "plan", SCOUT, "-o", form]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
        assert (ended.returncode, ended.stderr) == (0, "")
