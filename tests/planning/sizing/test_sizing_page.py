"""The page about sizing quotes what the planner says, word for word, for every variant."""

import dataclasses

import pytest

from builders import ROOT
from llamafleet.catalogue import models
from llamafleet.errors import DoesNotFit
from llamafleet.planning.sizing.shape import Pool
from planning.givens import Json, planned, pool, spec, unpriced

QUOTED = " ".join((ROOT / "docs" / "sizing.md").read_text("utf-8").replace("\n>", " ").split())

A100 = dataclasses.replace(pool(), name="a100")
L4 = pool("l4", "0.44", gpusPerNode=4)
L40S = pool("l40s", "1.40", gpusPerNode=4)

EXAMPLES: dict[str, tuple[Pool, dict[str, Json]]] = {
    "scout": (A100, {"serving": {"contextLength": 65_536}}),
    "maverick": (A100, {"serving": {"contextLength": 131_072}}),
    "llama-3.1-8b": (L4, {"serving": {"concurrency": 4}}),
    "llama-3.1-70b": (A100, {"serving": {"contextLength": 32_768}}),
    "llama-3.3-70b": (A100, {"serving": {"contextLength": 32_768}, "model": {"quantization": "FP8"}}),
    "llama-3.1-405b": (A100, {"serving": {"contextLength": 32_768}}),
    "llama-3.2-1b": (L4, {"serving": {"contextLength": 131_072}}),
    "llama-3.2-3b": (L4, {"serving": {"contextLength": 32_768}}),
    "llama-3.2-11b-vision": (L40S, {"serving": {"contextLength": 32_768, "vision": True}}),
    "llama-3.2-90b-vision": (A100, {"serving": {"contextLength": 32_768, "vision": True}}),
}


def test_every_variant_has_an_example() -> None:
    assert EXAMPLES.keys() == models().keys()


@pytest.mark.parametrize("variant", EXAMPLES)
def test_the_example_of_a_variant_is_what_the_planner_says(variant: str) -> None:
    where, sections = EXAMPLES[variant]
    assert planned(spec(variant, **sections), [where]).explanation in QUOTED


def test_the_example_without_a_price_is_what_the_planner_says() -> None:
    asked = spec("llama-3.1-8b", serving={"contextLength": 8_192})
    assert planned(asked, [unpriced()]).explanation in QUOTED


def test_the_refusal_is_what_the_planner_says() -> None:
    with pytest.raises(DoesNotFit) as refused:
        planned(spec("scout"), [pool("rtx-4090", "0.60", gpusPerNode=2)])
    assert f"{refused.value}." in QUOTED
