"""From what a vLLM publishes to one reading: the few series that matter, or nothing.

Pure: here is no connection. What is not plainly a reading is none.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Final

from llamafleet.api.observed import Load

LARGEST: Final = float(2**53)
"""Up to here a float counts every whole number. A count beyond that is none."""

MOST_REQUESTS: Final = 2**20
"""Requests that one server can have at once: each has a connection, and Linux gives a process no more files
(``fs.nr_open``). A thousand replicas of them still fit in every field of the status."""

RUNNING: Final = "vllm:num_requests_running"
WAITING: Final = "vllm:num_requests_waiting"
"""These two kept their names from vLLM 0.5 to 0.32. Without one of them there is no reading."""

COUNTERS: Final[Mapping[str, str]] = {
    "prompt_tokens": "vllm:prompt_tokens_total",
    "generation_tokens": "vllm:generation_tokens_total",
    "finished": "vllm:request_success_total",
}
"""The counters that a reading can do without, by its fields."""

REJECTED: Final = "vllm:admission_rejections_total"
"""Servers before 2026 lack it: they refuse nobody."""

KV_USAGE: Final = ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc")
"""A share from 0 to 1, whatever it is called. The second name was deprecated in May 2025 (vLLM's pull request
18354) and removed in November (29330); servers between them say both."""

COUNTS: Final = (RUNNING, WAITING, *COUNTERS.values(), REJECTED)
SERIES: Final = (*COUNTS, *KV_USAGE)

Samples = Iterable[tuple[str, str]]
"""The name and the value of each sample, as they are written."""

_NAMES: Final[Mapping[bytes, str]] = {name.encode(): name for name in SERIES}

_SAMPLE: Final = re.compile(rb"\n(" + b"|".join(_NAMES) + rb")([{ \t][^\n]*)")
"""A line that holds a sample of ours: its name, and the rest. One pass with this takes half as long as one
search for each name."""

_MOST_WORDS: Final = 2
"""After the labels: the value, and perhaps a time."""


def parse(body: bytes) -> Load | None:
    """The reading in a body of the Prometheus text format; None when there is none, or an absurd one."""
    if not body.endswith(b"\n"):  # cut off, perhaps in the middle of a number
        return None
    return load_of((_NAMES[name], _value(rest)) for name, rest in _SAMPLE.findall(b"\n" + body))


def load_of(samples: Samples) -> Load | None:
    """The reading of one server, summed over its engines; None when a number of it is missing or absurd.

    A share of the cache that cannot be is only unknown: nothing is counted by it.
    """
    sums: dict[str, float] = {}
    shares: list[float | None] = []
    for name, text in samples:
        if name in KV_USAGE:
            shares.append(_share(text))
            continue
        total = _count(text, sums.get(name, 0.0))
        if total is None:
            return None
        sums[name] = total
    if any(sums.get(name, math.inf) > MOST_REQUESTS for name in (RUNNING, WAITING)):
        return None
    return _load({name: int(total) for name, total in sums.items()}, shares)


def _load(sums: Mapping[str, int], shares: list[float | None]) -> Load:
    known = [share for share in shares if share is not None]
    return Load(
        running=sums[RUNNING],
        waiting=sums[WAITING],
        rejected=sums.get(REJECTED, 0),
        kv_usage=max(known) if known and len(known) == len(shares) else None,
        **{field: sums.get(name) for field, name in COUNTERS.items()},
    )


def _value(rest: bytes) -> str:
    """The value in the rest of a line: braces, then a number, perhaps a time. Labels may hold anything."""
    words = rest.rpartition(b"}")[2].split()
    return words[0].decode("latin-1") if 1 <= len(words) <= _MOST_WORDS else ""


def _count(text: str, before: float) -> float | None:
    """A total with one more count in it, such as ``12195.0`` or ``1.2e+07``; None for everything else."""
    value = _number(text)
    if value is None or value < 0 or not value.is_integer():
        return None
    total = before + value
    return total if total <= LARGEST else None


def _share(text: str) -> float | None:
    """A share from 0 to 1; None for everything else."""
    value = _number(text)
    return value if value is not None and 0 <= value <= 1 else None


def _number(text: str) -> float | None:
    """A finite number as Prometheus writes it."""
    if "_" in text:  # Python's own: 1_000
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
