"""What a process has used, as the kernel counts it. Linux only, like the testbed."""

import os
import time
from pathlib import Path
from typing import Final

TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and of its children that have ended, user and system, in seconds."""
    # proc_pid_stat(5): utime, stime, cutime and cstime are fields 14 to 17; the name may hold spaces.
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS_PER_SECOND


def peak_mib(pid: int | str) -> float:
    """The most memory that a process ever had resident (VmHWM), in MiB."""
    return _mib(pid, "VmHWM:")


def resident_mib(pid: int | str) -> float:
    """The memory that a process has resident now (VmRSS), in MiB."""
    return _mib(pid, "VmRSS:")


def age_seconds(pid: int) -> float:
    """How long ago a process was started."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / TICKS_PER_SECOND


def _mib(pid: int | str, field: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    line = next(line for line in lines if line.startswith(field))
    return int(line.split()[1]) / 1024


def machine() -> str:
    """This machine in a few words: processor, cores, memory."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB"
