"""Which flags an author may add to ``vllm serve``, and what is said about the others."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from llamafleet.api.serving import Serving
from llamafleet.api.vllm_flags import ALLOWED_FLAGS, OWNED_FLAGS, flag_problem

RECORDED = Path(__file__).parents[1] / "rendering" / "data" / "vllm-serve-flags.json"
"""The parser of ``vllm serve`` as it was recorded: which flags there are, and which take a value."""


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        pytest.param(
            "--tensor-parallel-size=8",
            "must leave --tensor-parallel-size to the operator; it follows from spec.gpu.count",
            id="a flag that the operator sets",
        ),
        pytest.param(
            "--trust-remote-code",
            "must be one of the allowed tuning flags, and --trust-remote-code is none of them",
            id="a flag that loads code",
        ),
        pytest.param(
            "--host=0.0.0.0",
            "must be one of the allowed tuning flags, and --host is none of them",
            id="a flag that opens the server",
        ),
        pytest.param(
            "--enforce-eage",
            "must be one of the allowed tuning flags, and --enforce-eage is none of them",
            id="a flag cut short, which argparse would complete",
        ),
        pytest.param(
            "--enforce_eager",
            "must be one of the allowed tuning flags, and --enforce_eager is none of them",
            id="a flag with underscores, which vLLM would translate",
        ),
        pytest.param(
            "--enforce-eager=true", "must be given without a value, as --flag", id="a switch with a value"
        ),
        pytest.param(
            "--seed", "must be given with its value, as --flag=value", id="a flag without its value"
        ),
        pytest.param(
            "--seed=", "must be given with its value, as --flag=value", id="a flag with an empty value"
        ),
    ],
)
def test_a_bad_flag_is_refused_with_the_rule_that_it_breaks(argument: str, said: str) -> None:
    assert flag_problem(argument) == said
    with pytest.raises(ValidationError) as error:
        Serving.model_validate({"extraArgs": ["--enforce-eager", argument]})
    (problem,) = error.value.errors()
    assert (problem["loc"], problem["input"]) == (("extraArgs", 1), argument)


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
        good = f"{name}=1" if takes_value[name] else name
        assert flag_problem(good) is None
