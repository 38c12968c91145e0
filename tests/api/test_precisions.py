"""What is said of precisions that people know from elsewhere and that cannot be had here."""

import pytest
from pydantic import ValidationError

from llamafleet.api.model import Model
from llamafleet.api.precisions import why_not

FULL = (
    "must be BF16 for full precision: Llama is published in bfloat16, and FP32 would double the memory "
    "without adding anything"
)
TOO_FEW_BITS = (
    "must be INT4 or more, the floor: no kernel of vLLM 0.32 runs the experts of Llama 4 below 4 bits"
)
FLOAT4 = (
    "must be INT4 for weights of 4 bits: NVFP4 and MXFP4 take more memory than INT4, because they keep a "
    "scale for each group of 16 or 32 weights instead of 128"
)
INT4 = "must be INT4, which is the name of the precision here, however its weights were quantized"


@pytest.mark.parametrize("name", ["FP32", "fp32", "float32", "F32", "32-bit"])
def test_full_precision_is_what_llama_is_published_in(name: str) -> None:
    assert why_not(name) == FULL


@pytest.mark.parametrize(
    "name",
    ["INT3", "int2", "3-bit", "2bits", "W3A16", "Q3_K_M", "Q2_K", "IQ2_XXS", "TQ1_0", "1.58-bit", "INT1"],
)
def test_four_bits_are_the_floor(name: str) -> None:
    assert why_not(name) == TOO_FEW_BITS


@pytest.mark.parametrize("name", ["NVFP4", "MXFP4", "FP4", "nvfp4"])
def test_four_bits_of_floating_point_take_more_memory_than_int4(name: str) -> None:
    assert why_not(name) == FLOAT4


@pytest.mark.parametrize("name", ["4bit", "int4", "W4A16", "AWQ", "gptq"])
def test_a_method_is_no_precision(name: str) -> None:
    assert why_not(name) == INT4


@pytest.mark.parametrize("name", ["", "BF16", "FP16", "INT16", "INT32x", "fp8", "W8A8", "best", "12bit"])
def test_of_other_words_nothing_is_said(name: str) -> None:
    assert why_not(name) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param("INT3", TOO_FEW_BITS, id="a precision that people ask for"),
        pytest.param(
            "FP6",
            "Input should be 'Auto', 'BF16', 'FP8', 'INT8' or 'INT4'",
            id="a word that means nothing here",
        ),
        pytest.param(3, TOO_FEW_BITS, id="a number of bits"),
        pytest.param(
            8,
            "Input should be 'Auto', 'BF16', 'FP8', 'INT8' or 'INT4'",
            id="a number that could mean two things",
        ),
    ],
)
def test_a_model_in_such_a_precision_is_refused_with_the_reason(given: object, said: str) -> None:
    with pytest.raises(ValidationError) as error:
        Model.model_validate({"variant": "scout", "quantization": given})

    (problem,) = error.value.errors()
    assert problem["msg"].removeprefix("Value error, ") == said
