"""What a plan says of the chosen shape, word for word."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from planning.givens import planned, pool, spec


def test_the_words_for_scout() -> None:
    given = planned(spec("scout", serving={"contextLength": 65_536}), [pool()])
    assert given.explanation == (
        "scout INT4 on 1 x a100-80gb (pool a100-80gb): 79.15 GiB x 0.92 = 72.82 GiB usable per GPU "
        "- 58.79 weights - 0.03 rope table - 2.50 overhead = 11.49 GiB KV cache. "
        "One request of 65,536 tokens needs 4.69 GiB of it, so 2.5 fit at once. "
        "1.19 USD/h (1 x 1.19, the pool's own price), the cheapest of 9 shapes that fit."
    )


def test_the_words_for_maverick() -> None:
    given = planned(spec("maverick", serving={"contextLength": 131_072}), [pool()])
    assert given.explanation == (
        "maverick INT4 on 2 x a100-80gb (pool a100-80gb): 79.15 GiB x 0.92 = 72.82 GiB usable per GPU "
        "- 99.76 weights + 35.00 of them in host memory - 0.03 rope table - 3.50 overhead "
        "= 4.53 GiB KV cache. "
        "One request of 131,072 tokens needs 3.84 GiB of it, so 1.2 fit at once. "
        "2.38 USD/h (2 x 1.19, the pool's own price), the cheapest of 4 shapes that fit. "
        "The pod requests 148 GiB of host memory, and by estimate (PCIe at 20 GB/s) the experts there add "
        "16 ms to a decode step of 1 request, 126 ms to one of 8, 2.1 s to a prefill of 2,048 tokens. "
        "Without host memory (hostOffload: Never) INT4 on 4 x a100-80gb (pool a100-80gb) costs 4.76 USD/h."
    )


def test_the_words_say_when_only_host_memory_helps() -> None:
    only_two = planned(spec("maverick", serving={"contextLength": 65_536}), [pool(gpusPerNode=2)])
    assert "the only shape that fits." in only_two.explanation
    assert only_two.explanation.endswith("Without host memory no shape fits.")


def test_the_words_say_what_was_assumed() -> None:
    given = planned(spec("scout", serving={"concurrency": 2, "image": "acme/vllm:nightly"})).explanation
    assert "contextLength is not set: 16,384 is the largest power of two with room for 2 requests." in given
    assert "The hybrid KV cache may be off, so every layer counts the whole context." in given


def test_the_longest_usual_words_are_told_in_full() -> None:
    asked = spec("maverick", serving={"concurrency": 10, "image": "acme/vllm:nightly"})
    given = pool("rtx-pro-6000", "999999999.123456")
    pools = [
        dataclasses.replace(given, name="a" * 63, gpus_per_node=2),
        dataclasses.replace(given, name="b" * 63, hourly_usd_per_gpu=given.hourly_usd_per_gpu + 1),
    ]
    text = planned(asked, pools).explanation
    assert text.endswith(f"(pool {'b' * 63}) costs 4000000000.493824 USD/h.")
    assert len(text) <= 1000


@given(words=st.lists(st.text(alphabet="ab-", min_size=1, max_size=80), max_size=60))
def test_longer_words_end_after_a_whole_one(words: list[str]) -> None:
    source = " ".join(words)
    text = planned(spec("scout"), [dataclasses.replace(pool(), price_source=source)]).explanation
    assert len(text) <= 1000
    if text.endswith(" …"):
        told = text.removesuffix(" …").partition("(1 x 1.19, ")[2].split()
        assert told == words[: len(told)]
    else:
        assert source in text
