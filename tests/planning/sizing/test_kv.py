"""Keys and values: what a request fills, to the byte, and how long one can be."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafleet.catalogue import models
from llamafleet.planning.sizing.kv import (
    KvGroups,
    KvLayout,
    empty_block,
    kv_groups,
    kv_per_request,
    longest_request,
)
from llamafleet.planning.sizing.memory import GIB
from planning.givens import gib, on_a100, over
from planning.wishes import patient

KV_GIB = [
    (8_192, 1.50, 1.50, 1.50, 1.50),
    (16_384, 2.44, 3.00, 3.00, 3.00),
    (32_768, 3.19, 4.88, 6.00, 6.00),
    (65_536, 4.69, 6.38, 8.63, 12.00),
    (131_072, 7.69, 9.38, 11.63, 24.00),
    (262_144, 13.69, 15.38, 17.63, 48.00),
    (1_048_576, 49.69, 51.38, 53.63, 192.00),
    (10_485_760, 481.69, 483.38, 485.63, 1920.00),
]


@pytest.mark.parametrize("variant", ["scout", "maverick"])
@pytest.mark.parametrize(("tokens", "a100", "h100", "b200", "off"), KV_GIB)
def test_llama_4_keeps_the_whole_context_in_a_quarter_of_its_layers(
    variant: str, tokens: int, a100: float, h100: float, b200: float, off: float
) -> None:
    layouts = [KvLayout(4096, hybrid=True), KvLayout(16384, hybrid=True), KvLayout(32768, hybrid=True)]
    layouts.append(KvLayout(4096, hybrid=False))
    found = [gib(kv_per_request(models()[variant], over(1), tokens, layout)) for layout in layouts]
    # The table is rounded half up; every value is a multiple of 1/16 GiB.
    assert found == pytest.approx([a100, h100, b200, off], abs=0.0051)


def test_llama_4_kv_is_exact_to_the_byte() -> None:
    blocks = 12 * 65_536 // 16 + 36 * (8_192 + 4_096) // 16
    assert kv_per_request(models()["scout"], over(1), 65_536, on_a100()) == 65_536 * blocks


@pytest.mark.parametrize(
    ("variant", "kib"),
    [
        ("llama-3.2-1b", 32),
        ("llama-3.2-3b", 112),
        ("llama-3.1-8b", 128),
        ("llama-3.1-70b", 320),
        ("llama-3.1-405b", 504),
    ],
)
def test_llama_3_fills_the_same_for_every_token(variant: str, kib: int) -> None:
    assert kv_per_request(models()[variant], over(1), 16, on_a100()) == 16 * kib * 1024
    assert kv_per_request(models()[variant], over(1), 131_072, on_a100()) == 131_072 * kib * 1024


def test_beyond_eight_gpus_the_heads_are_copied_and_the_share_stops_shrinking() -> None:
    model = models()["llama-3.1-70b"]
    shares = [kv_per_request(model, over(gpus), 8_192, on_a100()) for gpus in (1, 4, 8, 16, 64)]
    assert [shares[0] // share for share in shares] == [1, 4, 8, 8, 8]


def test_no_memory_holds_no_request() -> None:
    assert longest_request(models()["scout"], over(1), -1, on_a100()) == 0


def test_the_longest_request_ends_at_the_models_positions() -> None:
    assert longest_request(models()["llama-3.2-1b"], over(1), 500 * GIB, on_a100()) == 131_072


@pytest.mark.parametrize(
    ("full", "chunked", "groups"),
    [
        pytest.param(12, 36, KvGroups(12, 36, 12), id="Llama 4: one group and three"),
        pytest.param(24, 24, KvGroups(24, 24, 24), id="one of each"),
        pytest.param(36, 12, KvGroups(36, 12, 12), id="three and one"),
        pytest.param(
            11, 35, KvGroups(11, 44, 11), id="a pruned one, whose last group has nine layers that nobody has"
        ),
        pytest.param(20, 29, KvGroups(29, 29, 29), id="less than half as many more: one group of each"),
        pytest.param(20, 30, KvGroups(20, 40, 20), id="half as many more: filled up to two groups"),
        pytest.param(32, 0, KvGroups(32, 0, 32), id="Llama 3: a single group"),
        pytest.param(0, 48, KvGroups(0, 48, 48), id="chunks only: a single group, too"),
    ],
)
def test_layers_are_counted_in_groups_of_one_size(full: int, chunked: int, groups: KvGroups) -> None:
    scout = models()["scout"]
    assert (
        kv_groups(dataclasses.replace(scout, full_attention_layers=full, chunked_attention_layers=chunked))
        == groups
    )


def test_a_group_that_is_filled_up_takes_memory_like_any_other() -> None:
    pruned = dataclasses.replace(models()["scout"], full_attention_layers=11, chunked_attention_layers=35)
    assert kv_per_request(pruned, over(1), 8_192, on_a100()) == 65_536 * (11 + 44) * 512
    assert kv_per_request(pruned, over(1), 8_192, on_a100(hybrid=False)) == 65_536 * (11 + 35) * 512


@pytest.mark.parametrize(
    ("variant", "hybrid", "layers"),
    [("scout", True, 12), ("scout", False, 48), ("llama-3.1-8b", True, 32), ("llama-3.1-8b", False, 32)],
)
def test_one_block_stays_empty(variant: str, *, hybrid: bool, layers: int) -> None:
    model = models()[variant]
    assert empty_block(model, over(1), on_a100(hybrid=hybrid)) == layers * 65_536
    assert empty_block(model, over(8), on_a100(hybrid=hybrid)) == layers * 65_536 // 8
    assert empty_block(model, over(8, 2), on_a100(hybrid=hybrid)) == layers * 65_536 // 16


def test_each_stage_keeps_its_own_layers() -> None:
    model = models()["llama-3.1-70b"]
    whole, half = (kv_per_request(model, over(8, stages), 8_192, on_a100()) for stages in (1, 2))
    assert whole == 2 * half == 320 * 1024 * 8_192 // 8


def test_a_request_takes_whole_blocks() -> None:
    model = models()["llama-3.1-8b"]
    taken = [kv_per_request(model, over(1), tokens, on_a100()) // (128 * 1024) for tokens in (1, 16, 17, 32)]
    assert taken == [16, 16, 32, 32]


@patient
@given(
    variant=st.sampled_from(sorted(models())),
    tp=st.sampled_from([1, 2, 4, 8, 16]),
    kv_cache=st.integers(0, 200 * GIB),
    hybrid=st.booleans(),
)
def test_the_longest_request_fits_and_a_longer_one_does_not(
    variant: str, tp: int, kv_cache: int, *, hybrid: bool
) -> None:
    model, layout, split = models()[variant], on_a100(hybrid=hybrid), over(tp)
    room = kv_cache - empty_block(model, split, layout)
    longest = longest_request(model, split, kv_cache, layout)
    assert longest == 0 or kv_per_request(model, split, longest, layout) <= room
    assert longest + 16 > model.max_positions or kv_per_request(model, split, longest + 16, layout) > room
