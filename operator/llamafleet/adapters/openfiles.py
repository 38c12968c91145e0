"""How many files and connections this process may have open."""

import resource
from typing import Final

FILES: Final = 65536
"""A waker has a port for each of 10,000 fleets and two connections for each request. The operator has eight
watches for each namespace that it is given, and each of its workers asks 32 pods at once. Container runtimes
start programs with as few as 1,024 files, and allow more."""


def allow_files() -> None:
    """Raise the limit of open files as far as is needed and allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if resource.RLIM_INFINITY != soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
