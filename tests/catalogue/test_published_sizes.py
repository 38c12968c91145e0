"""What the catalogue's checkpoints weigh, against every published size that is known."""

from decimal import Decimal
from typing import NamedTuple

import pytest

from llamafleet.catalogue import models
from llamafleet.planning.sizing.memory import rope_table, weigh
from llamafleet.planning.sizing.parallel import Parallelism

GB = 10**9
GIB = 2**30

TOLERANCE = Decimal("0.005")

MATRIX_MARGIN = Decimal("1.15")
"""What the memory column of Red Hat's model support matrix seems to add to the files."""


class Published(NamedTuple):
    """A size that somebody else measured: of one GPU of so many, as it was written, and in which unit."""

    variant: str
    precision: str
    gpus: int
    size: str
    unit: int


PUBLISHED = {
    "vLLM pull request 10511, one GPU": Published("llama-3.1-8b", "BF16", 1, "14.96", GIB),
    "vLLM pull request 10511, each of two GPUs": Published("llama-3.1-8b", "BF16", 2, "7.48", GIB),
    "AMD's repository of 405B in FP8": Published("llama-3.1-405b", "FP8", 1, "410", GB),
    "RedHatAI's repository of 70B in w8a8": Published("llama-3.1-70b", "INT8", 1, "72.7", GB),
    "RedHatAI's repository of 8B in w4a16, 4.68 + 1.05": Published("llama-3.1-8b", "INT4", 1, "5.73", GB),
    "RedHatAI's repository of 8B in FP8, 5.00 + 4.08": Published("llama-3.1-8b", "FP8", 1, "9.08", GB),
    "RedHatAI's repository of 8B in w8a8, 5.00 + 4.08": Published("llama-3.1-8b", "INT8", 1, "9.08", GB),
    "RedHatAI's repository of 11B Vision in FP8": Published("llama-3.2-11b-vision", "FP8", 1, "12.62", GB),
    "a public benchmark, Scout in FP8 on disk": Published("scout", "FP8", 1, "107", GIB),
    "a public benchmark, Maverick in w4a16 on disk": Published("maverick", "INT4", 1, "200", GIB),
}

MATRIX = {
    "scout in FP8": Published("scout", "FP8", 1, "131.9", GB),
    "scout in w4a16": Published("scout", "INT4", 1, "74.7", GB),
    "3.3 70B in FP8": Published("llama-3.3-70b", "FP8", 1, "83.6", GB),
    "3.3 70B in w8a8": Published("llama-3.3-70b", "INT8", 1, "83.6", GB),
    "3.3 70B in w4a16": Published("llama-3.3-70b", "INT4", 1, "45.5", GB),
}


def per_gpu(size: Published) -> int:
    """Bytes of weights on one GPU by our own count."""
    model = models()[size.variant]
    checkpoint = model.checkpoints[size.precision]
    weights = weigh(model, checkpoint.precision, checkpoint.quantized_groups, text_only=False)
    return weights.per_rank(Parallelism(size.gpus, 1))


def rounding(size: str) -> Decimal:
    """Half a unit of the last digit that was published."""
    exponent = Decimal(size).as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(1).scaleb(exponent) / 2


@pytest.mark.parametrize("published", PUBLISHED.values(), ids=PUBLISHED.keys())
def test_weights_agree_with_the_published_size_to_half_a_percent(published: Published) -> None:
    computed, size = Decimal(per_gpu(published)) / published.unit, Decimal(published.size)
    assert abs(computed - size) <= size * TOLERANCE + rounding(published.size)


@pytest.mark.parametrize("published", MATRIX.values(), ids=MATRIX.keys())
def test_weights_agree_with_red_hats_matrix_to_half_a_percent(published: Published) -> None:
    computed, size = Decimal(per_gpu(published)) / GB, Decimal(published.size) / MATRIX_MARGIN
    assert abs(computed - size) <= size * TOLERANCE


def test_metas_fp8_maverick_loads_what_vllm_issue_16152_says() -> None:
    model, published = models()["maverick"], Published("maverick", "FP8", 8, "48.8682", GIB)
    loaded = Decimal(per_gpu(published) + rope_table(model, None)) / GIB
    assert abs(loaded - Decimal(published.size)) <= Decimal(published.size) * TOLERANCE


def test_without_packed_zero_points_8b_in_int4_would_be_half_a_percent_off() -> None:
    model = models()["llama-3.1-8b"]
    usual = weigh(
        model,
        models()["llama-3.1-70b"].checkpoints["INT4"].precision,
        model.quantized_groups,
        text_only=False,
    )
    stored = per_gpu(Published("llama-3.1-8b", "INT4", 1, "5.73", GB))
    assert (usual.total, stored) == (5_700_591_616, 5_727_854_592)


def test_attention_of_scout_is_not_quantized_or_the_published_size_would_be_smaller() -> None:
    model = models()["scout"]
    checkpoint = model.checkpoints["INT4"]
    smaller = weigh(
        model, checkpoint.precision, checkpoint.quantized_groups | {"attention"}, text_only=False
    ).total
    published = Decimal("74.7") / MATRIX_MARGIN
    assert (published - Decimal(smaller) / GB) / published > 10 * TOLERANCE
