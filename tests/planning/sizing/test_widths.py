"""How far a layer can be cut before a rank gets a part of a group of scales, which vLLM refuses to load."""

import dataclasses

import pytest

from llamafleet.catalogue import FORMATS, PRECISIONS, models
from llamafleet.errors import InvalidSpec
from llamafleet.planning.sizing.candidates import candidates
from llamafleet.planning.sizing.wanted import wanted
from llamafleet.planning.sizing.widths import widest_split
from planning.givens import planned, pool, spec

CUT = {
    "scout": (8_192,),
    "maverick": (8_192, 16_384),
    "llama-3.1-8b": (4_096, 14_336),
    "llama-3.1-70b": (8_192, 28_672),
    "llama-3.3-70b": (8_192, 28_672),
    "llama-3.1-405b": (16_384, 53_248),
    "llama-3.2-11b-vision": (4_096, 14_336),
}
"""The inputs of the quantized layers that are cut, of every variant with an INT4 checkpoint."""

FURTHER: dict[str, set[int]] = {
    "scout": set(),
    "maverick": set(),
    "llama-3.1-8b": {16},
    "llama-3.1-70b": {16, 32},
    "llama-3.3-70b": {16, 32},
    "llama-3.1-405b": {16, 32},
    "llama-3.2-11b-vision": {16},
}
"""The GPUs beyond eight over which their INT4 layers can be cut: 14,336 / 32 and 53,248 / 64 are no multiples
of 128, and 40 heads no multiple of 16."""

WIDE = pool(gpusPerNode=64)


@pytest.mark.parametrize("variant", CUT)
def test_every_rank_of_an_int4_shape_holds_whole_groups_of_128(variant: str) -> None:
    asked = wanted(spec(variant, model={"quantization": "INT4"}))
    splits = {candidate.split.tensor for candidate in candidates(asked, [WIDE])}
    assert splits == {1, 2, 4, 8} | FURTHER[variant]
    assert all(inputs % (128 * tensor) == 0 for inputs in CUT[variant] for tensor in splits)


def test_every_variant_with_an_int4_checkpoint_is_held_to_that() -> None:
    assert CUT.keys() == {variant for variant, model in models().items() if "INT4" in model.checkpoints}


@pytest.mark.parametrize(
    ("variant", "form", "widest"),
    [
        pytest.param("llama-3.1-8b", "w4a16-g128", 16, id="14,336 inputs are 112 groups"),
        pytest.param("llama-3.1-70b", "w4a16-g128", 32, id="28,672 are 224"),
        pytest.param("llama-3.1-405b", "w4a16-g128", 32, id="53,248 are 416"),
        pytest.param("llama-3.2-1b", "w4a16-g128", 16, id="2,048 inputs of attention are 16"),
        pytest.param("maverick", "w4a16-g128", 64, id="8,192 of an expert are 64"),
        pytest.param("llama-3.1-8b", "fp8", 2048, id="one scale for a whole channel is never cut"),
        pytest.param("llama-3.1-8b", "bf16", 2048, id="nor is there one without quantization"),
    ],
)
def test_the_widest_split_of_a_model(variant: str, form: str, widest: int) -> None:
    model = models()[variant]
    assert widest_split(model, FORMATS[form], model.quantized_groups) == widest


def test_only_the_quantized_groups_count() -> None:
    assert widest_split(models()["llama-3.1-8b"], PRECISIONS["INT4"], frozenset({"attention"})) == 32


def test_a_width_that_nothing_divides_stays_on_one_gpu() -> None:
    model = models()["scout"]
    assert model.experts is not None
    odd = dataclasses.replace(model, experts=dataclasses.replace(model.experts, intermediate_size=8_191))
    assert widest_split(odd, PRECISIONS["BF16"], frozenset()) == 1
    assert widest_split(odd, PRECISIONS["INT4"], odd.quantized_groups) == 1


def test_32_gpus_hold_the_8b_in_int4_by_stages_only() -> None:
    shape = planned(spec("llama-3.1-8b", model={"quantization": "INT4"}, gpu={"count": 32}), [WIDE]).shape
    assert (shape.tensor_parallel, shape.pipeline_parallel) == (8, 4)


def test_a_number_of_gpus_that_would_cut_a_group_of_scales_is_refused() -> None:
    with pytest.raises(InvalidSpec) as refused:
        wanted(spec("llama-3.1-405b", model={"quantization": "INT4"}, gpu={"count": 64}))
    assert str(refused.value) == (
        "spec.gpu.count = 64: must be a number of GPUs that the 128 query heads and 8 key-value heads of "
        "llama-3.1-405b divide among, and groups of scales in INT4: 1, 2, 4, 8, 16, 32"
    )
    assert wanted(spec("llama-3.1-405b", gpu={"count": 64})).count == 64
