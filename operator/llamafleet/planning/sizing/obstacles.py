"""What stands in the way of a shape beside the memory of its GPUs: the host, and what vLLM can run.

Nothing is chosen here; an obstacle is a clause that a refusal tells.
"""

from typing import Final, NamedTuple

from llamafleet.catalogue import FORMATS
from llamafleet.planning.sizing import host, offload
from llamafleet.planning.sizing.memory import GIB
from llamafleet.planning.sizing.options import Option
from llamafleet.planning.sizing.parallel import Parallelism
from llamafleet.planning.sizing.shape import Pool
from llamafleet.planning.sizing.wanted import Wanted

INT8: Final = FORMATS["int8"]
NO_INT8: Final = frozenset({"b200", "rtx-pro-6000"})
"""The Blackwell GPUs of the catalogue: vLLM's kernels for 8-bit integers stop there with "Int8 not supported"
(its page on INT8, and vllm issue 54311, open in 0.32)."""


class Verdict(NamedTuple):
    """Whether a shape fits.

    Attributes:
        offload_gib: GiB per GPU of experts that have to lie in host memory.
        shortfall: bytes per GPU that are missing all the same.
        obstacle: what else stands in the way, as a clause; empty when nothing does.
    """

    offload_gib: int
    shortfall: int
    obstacle: str


def verdict(wanted: Wanted, pool: Pool, split: Parallelism, option: Option, shortfall: int) -> Verdict:
    """Judge a shape whose GPUs lack so many bytes each; zero or less: they lack nothing."""
    if option.precision is INT8 and pool.gpu.key in NO_INT8:
        return Verdict(0, shortfall, f"vLLM runs no INT8 on {pool.gpu.key}")
    if shortfall <= 0 or not option.offload or split.pipeline > 1:
        return Verdict(0, shortfall, _host_obstacle(wanted, pool, split, option, 0))
    gib = host.whole_gib(shortfall)
    most = offload.most_offload_gib(wanted.model, option.experts, option.weights, split.tensor)
    if gib > most:
        told = f"{gib} GiB per GPU would have to lie in host memory, and at most {most} may"
        return Verdict(0, shortfall, told)
    obstacle = _host_obstacle(wanted, pool, split, option, gib)
    return Verdict(0, shortfall, obstacle) if obstacle else Verdict(gib, shortfall - gib * GIB, "")


def host_memory(wanted: Wanted, split: Parallelism, option: Option, offload_gib: int) -> int:
    """Bytes of host memory that the pod requests: what the author says, else the estimate."""
    if wanted.host_memory is not None:
        return wanted.host_memory
    if offload_gib == 0:
        return host.pod_memory(split.gpus, pinned=0)
    tensors = offload.layer_bytes(wanted.model, option.experts, split.tensor)
    layers = offload.layers_touched(tensors, offload_gib)
    return host.pod_memory(split.gpus, offload.pinned(tensors, layers, split.tensor))


def _host_obstacle(wanted: Wanted, pool: Pool, split: Parallelism, option: Option, gib: int) -> str:
    """Why the host cannot hold the pod with so many GiB of experts per GPU; empty when it can."""
    if gib and wanted.host_limit is not None and wanted.host_limit < gib * GIB * split.gpus:
        return (
            f"{gib * split.gpus} GiB of experts would lie in host memory, "
            f"and spec.serving.resources.limits allows {wanted.host_limit / GIB:.2f}"
        )
    if pool.host_memory_per_gpu is None:
        return ""
    offered = pool.host_memory_per_gpu * split.gpus
    needed = host_memory(wanted, split, option, gib)
    if needed <= offered:
        return ""
    within = f" with {gib} GiB of experts per GPU in it" if gib else ""
    return (
        f"the pod would request {host.whole_gib(needed)} GiB of host memory{within}, "
        f"and the pool has {offered // GIB}"
    )
