"""Every flag that we emit exists in vLLM 0.32 and has a value that its parser takes."""

import argparse
import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders import SAMPLES, gpu_pool, llama, plan_of, shape_of
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.catalogue import models
from llamafleet.planning.sizing.shape import Shape
from llamafleet.rendering.vllm_args import serve_args

RECORDED = json.loads((Path(__file__).parent / "data" / "vllm-serve-flags.json").read_text())["flags"]


def human_int(text: str) -> int:
    """Vllm also takes 8k and 1M; we only ever emit plain digits."""
    return int(text)


def json_object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    assert isinstance(value, dict)
    return value


TYPES: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "human_readable_int": human_int,
    "human_readable_int_or_auto": human_int,
    "union_dict_and_str": json_object,
    "_parse_type:loads": json_object,
}


def choices(flag: dict[str, Any]) -> list[str] | None:
    """The values that a flag takes.

    Tool parsers are listed in the metavar only, for a plugin may bring others; we emit no plugin's.
    """
    if flag["flags"] == ["--tool-call-parser"]:
        listed = re.fullmatch(r"\{(.+)\} or name registered in --tool-parser-plugin", flag["metavar"])
        assert listed, flag["metavar"]
        return listed[1].split(",")
    values: list[str] | None = flag["choices"]
    return values


@pytest.fixture(scope="module")
def vllm_parser() -> argparse.ArgumentParser:
    """A parser with the flags, types and choices that the real one had."""
    parser = argparse.ArgumentParser("vllm serve", allow_abbrev=False, exit_on_error=False)
    for flag in RECORDED:
        if flag["action"] == "_HelpAction":
            continue
        names = flag["flags"] or [flag["dest"]]
        if flag["action"] == "BooleanOptionalAction":
            positive = [name for name in names if not name.startswith("--no-")]
            parser.add_argument(*positive, action=argparse.BooleanOptionalAction)
        elif flag["nargs"] == 0:
            parser.add_argument(*names, action="store_true")
        else:
            kind = TYPES.get(flag["type"] or "", str)
            parser.add_argument(*names, type=kind, nargs=flag["nargs"], choices=choices(flag))
    return parser


KV_FLAGS = ["--kv-cache-dtype=fp8_e4m3", "--disable-hybrid-kv-cache-manager"]

CASES = {
    **{path.stem: llama(path) for path in SAMPLES},
    "scout that sees images": llama(variant="scout", serving={"vision": True}),
    "8b with tool calls": llama(variant="llama-3.1-8b", serving={"toolCalling": True}),
    "scout with tool calls": llama(variant="scout", serving={"toolCalling": True}),
    "maverick without offload": llama(variant="maverick", gpu={"hostOffload": "Never"}),
    "a revision of the hub": llama(
        variant="llama-3.1-8b",
        quantization="BF16",
        source="hf://meta-llama/Llama-3.1-8B-Instruct@0e9e39f249a16976918f6564b8830bc894c89659",
    ),
    "weights on a volume": llama(variant="llama-3.1-8b", quantization="FP8", source="pvc://models/8b/fp8"),
    "weights in an image": llama(
        variant="llama-3.1-8b", quantization="INT4", source="oci://registry.example/m:1"
    ),
    "flags of the author": llama(
        variant="llama-3.1-8b", serving={"extraArgs": ["--enable-prefix-caching", "--seed=7"]}
    ),
    "flags of the author that the sizing counts": llama(variant="scout", serving={"extraArgs": KV_FLAGS}),
}


@pytest.mark.parametrize("resource", CASES.values(), ids=CASES.keys())
def test_vllm_accepts_the_command_line(
    vllm_parser: argparse.ArgumentParser, resource: LlamaDeployment
) -> None:
    arguments = serve_args(resource, shape_of(resource))
    parsed, unknown = vllm_parser.parse_known_args(arguments)
    assert unknown == []
    assert parsed.model_tag == arguments[0]
    assert parsed.served_model_name == [resource.metadata.name]
    assert parsed.shutdown_timeout > 0, "with 0 a stopping server cuts its requests"


@pytest.mark.parametrize("resource", CASES.values(), ids=CASES.keys())
def test_every_flag_is_one_word_and_given_once(resource: LlamaDeployment) -> None:
    model, *flags = serve_args(resource, shape_of(resource))
    names = [flag.partition("=")[0] for flag in flags]
    assert not model.startswith("-")
    assert all(name.startswith("--") for name in names)
    assert len(set(names)) == len(names)


def test_the_recorded_parser_refuses_what_vllm_refuses(vllm_parser: argparse.ArgumentParser) -> None:
    """The check above can fail: the first two lines ended a real server with exit code 2."""
    with pytest.raises(argparse.ArgumentError, match="invalid int value: 'two'"):
        vllm_parser.parse_known_args(["m", "--tensor-parallel-size=two"])
    with pytest.raises(argparse.ArgumentError, match="invalid choice: 'int4'"):
        vllm_parser.parse_known_args(["m", "--dtype=int4"])
    with pytest.raises(argparse.ArgumentError, match="invalid choice: 'llama4_python'"):
        vllm_parser.parse_known_args(["m", "--tool-call-parser=llama4_python"])


def test_maverick_says_aloud_what_its_size_assumes() -> None:
    resource = CASES["maverick"]
    shape = shape_of(resource)
    assert f"--cpu-offload-gb={shape.offload_gib}" in serve_args(resource, shape)
    assert serve_args(resource, shape)[0] == "RedHatAI/Llama-4-Maverick-17B-128E-Instruct-quantized.w4a16"
    assert {
        "--tensor-parallel-size=2",
        "--max-model-len=131072",
        "--max-num-batched-tokens=2048",
        "--gpu-memory-utilization=0.92",
        "--cpu-offload-params=experts",
        "--offload-backend=uva",
        "--language-model-only",
        "--served-model-name=maverick",
    } <= set(serve_args(resource, shape))


def test_flags_that_the_sizing_counts_reach_vllm_as_the_author_wrote_them() -> None:
    resource = CASES["flags of the author that the sizing counts"]
    assert serve_args(resource, shape_of(resource))[-2:] == KV_FLAGS


def test_pipeline_stages_are_told_only_where_there_are_some(vllm_parser: argparse.ArgumentParser) -> None:
    resource = llama(variant="llama-3.1-405b", gpu={"count": 16})
    shape = plan_of(resource, pools=[gpu_pool(gpusPerNode=16)]).shape
    parsed, unknown = vllm_parser.parse_known_args(serve_args(resource, shape))
    assert unknown == []
    assert (parsed.tensor_parallel_size, parsed.pipeline_parallel_size) == (8, 2)
    scout = CASES["scout"]
    assert not [arg for arg in serve_args(scout, shape_of(scout)) if "pipeline" in arg]


@pytest.mark.parametrize("variant", [name for name in models() if name.startswith("llama-3")])
def test_the_rotary_table_of_a_llama_3_is_never_lowered(variant: str) -> None:
    resource = llama(variant=variant, gpu={"pools": ["own"]})
    shape = plan_of(resource, pools=[gpu_pool()]).shape
    assert not [arg for arg in serve_args(resource, shape) if arg.startswith("--hf-overrides")]


def test_a_lowered_rotary_table_is_told_where_the_configuration_of_the_model_has_it() -> None:
    """Llama 4 keeps its text part in a section; a text model has no such section."""
    told = {
        name: next(arg for arg in serve_args(resource, lowered(resource)) if "max_position" in arg)
        for name, resource in (("scout", CASES["scout"]), ("text", CASES["8b with tool calls"]))
    }
    assert told == {
        "scout": '--hf-overrides={"text_config":{"max_position_embeddings":131072}}',
        "text": '--hf-overrides={"max_position_embeddings":131072}',
    }


def lowered(resource: LlamaDeployment) -> Shape:
    return dataclasses.replace(shape_of(resource), rope_positions=131_072)
