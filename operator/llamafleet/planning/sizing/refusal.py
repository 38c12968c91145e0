"""Why no shape fits: the arithmetic of the nearest candidates, so that the author sees what to change."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Final

from llamafleet.planning.sizing.candidates import Candidate, candidates, kv_layout
from llamafleet.planning.sizing.kv import empty_block, longest_request
from llamafleet.planning.sizing.wanted import MOST_GPUS, Wanted
from llamafleet.planning.sizing.words import gib, placed

LONGEST_TEXT: Final = 900
"""Characters; field and value before it and a sentence after it still fit into a condition's 1024."""

SHORTEST_CONTEXT: Final = 1024
"""Tokens: the least that ``spec.serving.contextLength`` takes."""

NEAREST: Final = 3
"""How many candidates a refusal shows at most."""


def refusal(wanted: Wanted, considered: Sequence[Candidate]) -> str:
    """The rule that was broken, then the nearest candidates as room allows, without a full stop."""
    requests = "request" if wanted.concurrency == 1 else "requests"
    each = f"{requests} of {wanted.least_context:,} tokens"
    text = f"must fit on GPUs of one node with {wanted.concurrency} {each}. Nearest:"
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
    """How long the requests could be; empty when that is of no help."""
    wanted, split, memory = candidate.wanted, candidate.split, candidate.shape.memory
    layout = kv_layout(wanted, candidate.pool.gpu.max_batched_tokens, split)
    empty = empty_block(wanted.model, split, layout)
    each = (memory.kv_cache - empty) // wanted.concurrency
    longest = longest_request(wanted.model, split, each + empty, layout)
    asked = dataclasses.replace(wanted, context_length=longest, count=split.gpus)
    if longest < SHORTEST_CONTEXT or not any(found.split == split for found in _fitting(asked, candidate)):
        return ""
    return f"requests of {longest:,} tokens would fit"


def _more_gpus(candidate: Candidate) -> str:
    """What a wider split would do: one that the author's count forbids, or one that no node has."""
    wanted, pool = candidate.wanted, candidate.pool
    wider = _fitting(dataclasses.replace(wanted, count=None), candidate)
    found = next((wide for wide in wider if wide.split.gpus > candidate.split.gpus), None)
    if found is None:
        return ""
    gpus = found.split.gpus
    if gpus <= pool.gpus_per_node and wanted.count is None:  # it is a candidate of its own
        return ""
    hosted = f", {found.offload_gib} of them in host memory" if found.offload_gib else ""
    weights = f"{gib(found.option.weights.per_rank(found.split))} GiB of weights each{hosted}"
    if gpus <= pool.gpus_per_node:
        return f"on {gpus} GPUs, {weights}, it fits, but spec.gpu.count is {wanted.count}"
    return f"on {gpus} GPUs, {weights}, it fits, but the pool's nodes have {pool.gpus_per_node}"


def _fitting(wanted: Wanted, candidate: Candidate) -> Iterator[Candidate]:
    """What would fit of the candidate's pool and precision, on nodes as large as anybody could ask for."""
    asked = dataclasses.replace(wanted, options=(candidate.option,))
    return (found for found in candidates(asked, (candidate.pool,), most=MOST_GPUS) if found.fits)
