"""Why no shape fits: the arithmetic of the nearest candidates, so that the author sees what to change."""

import dataclasses
from collections.abc import Sequence
from typing import Final

from llamafleet.planning.candidates import SMALLEST_CONTEXT, Candidate, candidates, kv_layout
from llamafleet.planning.memory import longest_request
from llamafleet.planning.shape import Pool
from llamafleet.planning.wanted import MOST_GPUS, Wanted
from llamafleet.planning.words import gib, placed

LONGEST_TEXT: Final = 900
"""Characters; field and value before it and a sentence after it still fit into a condition's 1024."""

NEAREST: Final = 3
"""How many candidates a refusal shows at most."""


def too_many(pools: Sequence[Pool]) -> str:
    """The rule that a number of GPUs breaks when no node has so many."""
    return f"must be at most {max(pool.gpus_per_node for pool in pools)}, the GPUs of the largest node"


def refusal(wanted: Wanted, considered: Sequence[Candidate]) -> str:
    """The rule that was broken, then the nearest candidates as room allows, without a full stop."""
    requests = "request" if wanted.concurrency == 1 else "requests"
    tokens = wanted.context_length or SMALLEST_CONTEXT
    text = f"must fit on GPUs of one node with {wanted.concurrency} {requests} of {tokens:,} tokens. Nearest:"
    for candidate in nearest(considered)[:NEAREST]:
        sentence = f" {arithmetic(candidate)}."
        if len(text) + len(sentence) > LONGEST_TEXT:
            break
        text += sentence
    return text.removesuffix(".")


def nearest(considered: Sequence[Candidate]) -> list[Candidate]:
    """The least short of each pool and precision, the least short of all first."""
    found: dict[tuple[str, str], Candidate] = {}
    for candidate in sorted(considered, key=lambda candidate: candidate.shortfall):
        found.setdefault((candidate.pool.name, candidate.option.precision.name), candidate)
    return list(found.values())


def arithmetic(candidate: Candidate) -> str:
    """Why one candidate does not fit and what would help, as a sentence without a full stop."""
    shape = candidate.shape
    if candidate.shortfall <= 0:
        return f"{placed(shape)} fits its GPUs, but {candidate.obstacle}"
    memory = shape.memory
    needed = memory.usable + memory.shortfall
    hints = [candidate.obstacle, _shorter(candidate), _more_gpus(candidate)]
    return (
        f"{placed(shape)} needs {gib(needed)} of {gib(memory.usable)} GiB per GPU:"
        f" {gib(memory.weights)} weights + {gib(memory.rope_table)} rope table"
        f" + {gib(memory.overhead)} overhead + {gib(memory.kv_needed)} KV cache"
        f"{''.join(f'; {hint}' for hint in hints if hint)}"
    )


def _shorter(candidate: Candidate) -> str:
    """How long the requests could be; empty when there is no room for any."""
    wanted, shape = candidate.wanted, candidate.shape
    each = shape.memory.kv_cache // wanted.concurrency
    layout = kv_layout(wanted, shape.max_batched_tokens, candidate.split)
    longest = longest_request(wanted.model, candidate.split, each, layout)
    return f"requests of {longest:,} tokens would fit" if longest else ""


def _more_gpus(candidate: Candidate) -> str:
    """What a wider split would do: one that the author's count forbids, or one that no node has."""
    wanted, pool = candidate.wanted, candidate.pool
    free = dataclasses.replace(wanted, count=None, options=(candidate.option,))
    wider = candidates(free, (pool,), most=MOST_GPUS)
    found = next((wide for wide in wider if wide.fits and wide.split.gpus > candidate.split.gpus), None)
    if found is None:
        return ""
    gpus = found.split.gpus
    weights = f"{gib(found.option.weights.per_rank(found.split))} GiB of weights each"
    if gpus <= pool.gpus_per_node:
        if wanted.count is None:  # it is a candidate of its own
            return ""
        return f"on {gpus} GPUs, {weights}, it fits, but spec.gpu.count is {wanted.count}"
    return f"on {gpus} GPUs, {weights}, it fits, but the pool's nodes have {pool.gpus_per_node}"
