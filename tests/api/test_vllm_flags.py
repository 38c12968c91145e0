"""Which flags an author may add to ``vllm serve``, and what is said about the others."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from cases.manifests import serving
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.problem import validation_problem
from llamafleet.api.serving import Serving
from llamafleet.api.vllm_flags import (
    ALLOWED_FLAGS,
    KV_CACHE_DTYPES,
    OWNED_FLAGS,
    flag_value,
    has_flag,
)

RECORDED = Path(__file__).parents[1] / "rendering" / "data" / "vllm-serve-flags.json"
"""The parser of ``vllm serve`` as it was recorded: which flags there are, and which take a value."""


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        pytest.param(
            "--tensor-parallel-size=8",
            "must leave this flag to the operator: spec.gpu.count decides it",
            id="a flag that the operator sets",
        ),
        pytest.param(
            "--max-num-batched-tokens=4096",
            "must leave this flag to the operator: spec.serving.contextLength decides it",
            id="a flag that follows from another field",
        ),
        pytest.param(
            "--trust-remote-code", "must name only allowed tuning flags", id="a flag that loads code"
        ),
        pytest.param(
            "--host=0.0.0.0", "must name only allowed tuning flags", id="a flag that opens the server"
        ),
        pytest.param(
            "--enforce-eage",
            "must name only allowed tuning flags",
            id="a flag cut short, which argparse would complete",
        ),
        pytest.param(
            "--no-disable-hybrid-kv-cache-manager",
            "must name only allowed tuning flags",
            id="the default, which would undo what the sizing counts",
        ),
        pytest.param(
            "--enforce-eager=true",
            "must give this flag without a value, as --flag",
            id="a switch with a value",
        ),
        pytest.param(
            "--disable-hybrid-kv-cache-manager=false",
            "must give this flag without a value, as --flag",
            id="a switch that its value would undo",
        ),
        pytest.param(
            "--seed", "must give this flag with its value, as --flag=value", id="a flag without its value"
        ),
        pytest.param(
            "--seed=", "must give this flag with its value, as --flag=value", id="a flag with an empty value"
        ),
        pytest.param(
            "--kv-cache-dtype=nvfp4",
            "must give --kv-cache-dtype one of the values auto, bfloat16, fp8, fp8_e4m3, fp8_e5m2: the "
            "sizing cannot count the memory of another",
            id="a KV cache that the sizing cannot count",
        ),
        pytest.param(
            "--enforce_eager",
            "must be --flag or --flag=value, without control characters",
            id="a flag with underscores, which vLLM would translate",
        ),
    ],
)
def test_a_bad_flag_is_refused_with_the_rule_that_it_breaks(argument: str, said: str) -> None:
    with pytest.raises(ValidationError) as error:
        LlamaDeployment.model_validate(serving(extraArgs=["--enforce-eager", argument]))

    problem = validation_problem(error.value)
    assert (problem.field, problem.value, problem.rule) == ("spec.serving.extraArgs[1]", argument, said)


def is_taken(argument: str) -> bool:
    """Whether an author may add this flag."""
    try:
        Serving.model_validate({"extraArgs": [argument]})
    except ValidationError:
        return False
    return True


def test_good_flags_are_kept_in_their_order() -> None:
    arguments = ("--seed=7", "--enforce-eager", '--override-generation-config={"temperature": 0}')
    assert Serving.model_validate({"extraArgs": [*arguments]}).extra_args == arguments


def test_no_flag_is_both_allowed_and_owned() -> None:
    assert ALLOWED_FLAGS.isdisjoint(OWNED_FLAGS)


def test_every_flag_exists_in_the_recorded_release_and_takes_a_value_when_we_say_so() -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))["flags"]
    takes_value = {name: flag["nargs"] != 0 for flag in recorded for name in flag["flags"]}

    assert takes_value.keys() >= OWNED_FLAGS.keys()
    for name in ALLOWED_FLAGS:
        value = "fp8" if name == "--kv-cache-dtype" else "1"
        assert is_taken(f"{name}={value}") == takes_value[name]
        assert is_taken(name) != takes_value[name]


def test_every_type_of_the_kv_cache_that_we_take_is_one_of_the_recorded_release() -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))["flags"]
    (choices,) = [flag["choices"] for flag in recorded if "--kv-cache-dtype" in flag["flags"]]

    assert set(KV_CACHE_DTYPES) <= set(choices)


def test_of_a_flag_that_is_given_twice_the_last_value_counts() -> None:
    arguments = ("--kv-cache-dtype=fp8", "--seed=7", "--kv-cache-dtype=auto")

    assert flag_value(arguments, "--kv-cache-dtype") == "auto"


def test_a_value_may_contain_the_sign_that_sets_it_off() -> None:
    assert flag_value(['--override-generation-config={"a": "b=c"}'], "--override-generation-config") == (
        '{"a": "b=c"}'
    )


def test_a_flag_that_is_not_given_has_no_value() -> None:
    assert flag_value(("--seed=7",), "--see") is None


def test_a_switch_is_given_or_it_is_not() -> None:
    assert has_flag(("--seed=7", "--disable-hybrid-kv-cache-manager"), "--disable-hybrid-kv-cache-manager")
    assert not has_flag(("--seed=7",), "--disable-hybrid-kv-cache-manager")
