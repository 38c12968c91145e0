"""Why no shape fits: the arithmetic of the nearest candidates, so that the author sees what to change."""

from collections.abc import Sequence
from typing import Final

from llamafleet.planning.candidates import SMALLEST_CONTEXT, Candidate, kv_layout
from llamafleet.planning.memory import longest_request
from llamafleet.planning.shape import Shape
from llamafleet.planning.wanted import Wanted
from llamafleet.planning.words import gib, placed

LONGEST_TEXT: Final = 900
"""Characters; field and value before it and a sentence after it still fit into a condition's 1024."""

NEAREST: Final = 3
"""How many candidates a refusal shows at most."""


def refusal(wanted: Wanted, considered: Sequence[Candidate]) -> str:
    """The rule that was broken, then the nearest candidates as room allows, without a full stop."""
    requests = "request" if wanted.concurrency == 1 else "requests"
    tokens = wanted.context_length or SMALLEST_CONTEXT
    text = f"must fit on GPUs of one node with {wanted.concurrency} {requests} of {tokens:,} tokens. Nearest:"
    for candidate in _nearest(considered):
        sentence = f" {_arithmetic(wanted, candidate)}"
        if len(text) + len(sentence) > LONGEST_TEXT:
            break
        text += sentence
    return text.removesuffix(".")


def _nearest(considered: Sequence[Candidate]) -> list[Candidate]:
    """The least short of each pool and precision, the least short of all first."""
    nearest: dict[tuple[str, str], Candidate] = {}
    for candidate in sorted(considered, key=lambda found: found.shape.memory.shortfall):
        nearest.setdefault((candidate.shape.pool.name, candidate.shape.quantization), candidate)
    return list(nearest.values())[:NEAREST]


def _arithmetic(wanted: Wanted, candidate: Candidate) -> str:
    shape, memory = candidate.shape, candidate.shape.memory
    if memory.shortfall <= 0:
        return f"{placed(shape)} fits its GPUs, but {candidate.obstacle}."
    needed = memory.usable + memory.shortfall
    hints = "".join(f"; {hint}" for hint in (candidate.obstacle, _room(wanted, shape)) if hint)
    return (
        f"{placed(shape)} needs {gib(needed)} of {gib(memory.usable)} GiB per GPU:"
        f" {gib(memory.weights)} weights + {gib(memory.rope_table)} rope table"
        f" + {gib(memory.overhead)} overhead + {gib(memory.kv_needed)} KV cache{hints}."
    )


def _room(wanted: Wanted, shape: Shape) -> str:
    """How long the requests could be; empty when there is no room for any."""
    each = shape.memory.kv_cache // wanted.concurrency
    longest = longest_request(wanted.model, shape.tensor_parallel, each, kv_layout(wanted, shape.pool))
    return f"requests of {longest:,} tokens would fit" if longest else ""
