"""Keys that are missing, wrong or absurd: a message names key, value and rule, whatever the file holds."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamafleet.errors import InvalidSpec
from planning.sizing.checkpoint.published import CONFIGS, Json, config, read, refusal, with_text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        ("4096", '"4096"'),
        (-1, "-1"),
        (0, "0"),
        (True, "true"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (4096.5, "4096.5"),
        (10**9, "1000000000"),
        (10**5000, "a number of more than 18 digits"),
        ([4096], "a list"),
        ({}, "an object"),
    ],
    ids=lambda value: "" if isinstance(value, int) else str(value),
)
def test_a_size_is_a_whole_number_that_can_be(value: object, shown: str) -> None:
    assert refusal("llama-3.1-8b", config("llama-3.1-8b", hidden_size=value)) == (
        f"hidden_size in config.json = {shown}: must be a whole number from 1 to 16777216"
    )


WRONG = {
    "num_hidden_layers": (2000, "2000", "must be a whole number from 1 to 1024"),
    "num_attention_heads": (0, "0", "must be a whole number from 1 to 65536"),
    "tie_word_embeddings": ("no", '"no"', "must be true or false"),
    "mlp_bias": (True, "true", "must be false: no Llama of the catalogue has biases"),
    "torch_dtype": (
        "float32",
        '"float32"',
        (
            "must be bfloat16 or float16: vLLM casts float32 down to 16 bits when it loads, so that such a "
            "checkpoint only costs twice the download; save it in bfloat16"
        ),
    ),
    "dtype": (32, "32", "must be a text of at most 1000 characters"),
    "architectures": ("LlamaForCausalLM", '"LlamaForCausalLM"', "must be a list"),
    "quantization_config": ("awq", '"awq"', "must be an object"),
}


@pytest.mark.parametrize("key", WRONG)
def test_a_wrong_value_is_refused_with_its_key_and_its_rule(key: str) -> None:
    value, shown, rule = WRONG[key]
    message = refusal("llama-3.1-8b", config("llama-3.1-8b", **{key: value}))
    assert message == f"{key} in config.json = {shown}: {rule}"


def test_texts_longer_than_any_name_are_not_read() -> None:
    assert refusal("llama-3.1-8b", config("llama-3.1-8b", architectures=["x" * 2000])) == (
        "architectures in config.json = a list: must be a list of texts of at most 1000 characters"
    )


def test_an_architecture_that_is_no_llama_is_refused_with_those_that_are() -> None:
    assert refusal("llama-3.1-8b", config("llama-3.1-8b", architectures=["Qwen3ForCausalLM"])) == (
        "architectures in config.json = a list: must begin with one of LlamaForCausalLM, "
        "Llama4ForConditionalGeneration, Llama4ForCausalLM, MllamaForConditionalGeneration"
    )


def test_a_missing_key_is_refused_by_its_name() -> None:
    for key in ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size"):
        less = {name: value for name, value in CONFIGS["llama-3.1-8b"].items() if name != key}
        assert refusal("llama-3.1-8b", less).startswith(f"{key} in config.json = absent: must be a whole")


def test_a_model_that_sees_must_describe_its_vision_part() -> None:
    blind = {key: value for key, value in CONFIGS["scout"].items() if key != "vision_config"}
    assert refusal("scout", blind) == (
        "vision_config in config.json = absent: must be there, because Llama4ForConditionalGeneration "
        "reads images"
    )


@pytest.mark.parametrize("listed", [[3, 3], [40], [-1]], ids=["twice", "beyond", "before"])
def test_cross_attention_layers_must_be_layers(listed: list[int]) -> None:
    assert refusal(
        "llama-3.2-11b-vision", with_text("llama-3.2-11b-vision", cross_attention_layers=listed)
    ) == (
        "text_config.cross_attention_layers in config.json = a list: "
        "must be a list of different layers from 0 to 39"
    )


def test_a_list_of_layers_holds_numbers() -> None:
    assert refusal("scout", with_text("scout", no_rope_layers=["1"])) == (
        "text_config.no_rope_layers in config.json = a list: must be a list of whole numbers"
    )


def test_a_message_stays_on_one_line_and_short_whatever_the_file_says() -> None:
    message = refusal("llama-3.1-8b", config("llama-3.1-8b", hidden_size="\x1b[31m\x7f\n" * 10_000))
    assert len(message) < 400
    assert message.isprintable()


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4)
)
KEYS = st.sampled_from(
    sorted({key for published in CONFIGS.values() for key in (*published, *published.get("text_config", {}))})
)
QUANTIZATION = st.fixed_dictionaries(
    {
        "quant_method": st.sampled_from(["compressed-tensors", "fp8", "awq", "gptq", "modelopt"]) | VALUES,
        "config_groups": st.dictionaries(
            st.text(),
            st.fixed_dictionaries(
                {
                    "targets": st.just(["Linear"]) | VALUES,
                    "weights": st.fixed_dictionaries(
                        {"num_bits": st.sampled_from([2, 4, 8]) | VALUES, "group_size": SCALARS}
                    )
                    | VALUES,
                }
            )
            | VALUES,
            max_size=2,
        )
        | VALUES,
        "bits": st.sampled_from([3, 4, 8]) | VALUES,
        "group_size": st.integers(min_value=-2, max_value=256) | VALUES,
        "ignore": st.lists(st.text() | st.text().map("re:{}".format)) | VALUES,
        "modules_to_not_convert": st.lists(st.text() | st.text(alphabet="re:.*[a]")) | VALUES,
    }
)
INDEXES = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries({"total_size": SCALARS}) | VALUES,
        "weight_map": st.dictionaries(
            st.text() | st.from_regex(r"\Alayers\.[0-9]\.experts\.x_proj_scale"), SCALARS
        )
        | VALUES,
    }
)
thorough = settings(max_examples=300, deadline=None)


def outcome(variant: str, given_config: Any, index: Any) -> str:
    """How reading ends: anything but an answer or an InvalidSpec fails the test by itself."""
    try:
        read(variant, given_config, index)
    except InvalidSpec as refused:
        return str(refused)
    return "an answer"


@thorough
@given(variant=st.sampled_from(sorted(CONFIGS)), given_config=st.dictionaries(st.text() | KEYS, VALUES))
def test_reading_any_json_object_ends_in_a_refusal_of_one_line(variant: str, given_config: Json) -> None:
    assert re.fullmatch(r"[ -~…]+ in config\.json = .*", outcome(variant, given_config, None))


@thorough
@given(variant=st.sampled_from(sorted(CONFIGS)), key=KEYS, value=VALUES)
def test_reading_a_checkpoint_with_one_strange_value_never_fails_otherwise(
    variant: str, key: str, value: object
) -> None:
    assert outcome(variant, config(variant, **{key: value}), None).isprintable()
    if "text_config" in CONFIGS[variant]:
        assert outcome(variant, with_text(variant, **{key: value}), None).isprintable()


@thorough
@given(
    variant=st.sampled_from(["llama-3.2-1b", "maverick"]),
    stored=QUANTIZATION,
    index=st.none() | INDEXES | VALUES.map(lambda value: {"weight_map": value}),
)
def test_reading_any_quantization_config_and_index_never_fails_otherwise(
    variant: str, stored: Json, index: Json | None
) -> None:
    assert outcome(variant, config(variant, quantization_config=stored), index).isprintable()
