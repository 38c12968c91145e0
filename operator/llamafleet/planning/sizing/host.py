"""Host memory of a pod: the one figure for the check against the pool, for the words and for the request.

Nothing here decides anything. All of it is estimates, in bytes; ``spec.serving.resources`` overrides them.
"""

import functools
from typing import Final

from llamafleet.planning.sizing.memory import GIB

BASE_BYTES: Final = 16 * GIB
BYTES_PER_GPU: Final = 4 * GIB
"""A server without offload: Python, CUDA and torch of the API server and the engine, then one worker per GPU
with its loading buffers."""

OFFLOADING_BYTES: Final = 20 * GIB
"""A server with pinned weights, beside them: processes, loading buffers and page cache, 10 to 20 GiB."""

SHM_BYTES_PER_GPU: Final = 2 * GIB
"""Size of /dev/shm, which counts against the pod's memory. The tensor-parallel ranks exchange data through
it; a container's default of 64 MiB stops NCCL. 2 GiB is what vLLM's Kubernetes guide gives a single GPU."""


@functools.lru_cache(maxsize=512)
def pod_memory(tensor_parallel: int, pinned: int) -> int:
    """Bytes that a pod requests in all, in whole GiB, with so many bytes of weights pinned on the host."""
    resident = BASE_BYTES + BYTES_PER_GPU * tensor_parallel
    if pinned:
        resident = max(resident, pinned + OFFLOADING_BYTES)
    return whole_gib(resident) * GIB + shared_memory(tensor_parallel)


def shared_memory(tensor_parallel: int) -> int:
    """Bytes of /dev/shm, a part of the pod's memory."""
    return SHM_BYTES_PER_GPU * tensor_parallel


def whole_gib(size: int) -> int:
    """Bytes as whole GiB, rounded up."""
    return -(-size // GIB)
