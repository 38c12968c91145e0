"""The first process of the real node: what it mounts is seen by the node's programs alone and goes with it.

Run as a script, as process 1 of its own process and mount namespaces: ``node_init.py FOLDER``. When it ends,
however that comes, the kernel ends everything that was started in there: daemons, shims and pods. It must
import nothing but the standard library.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HIDDEN = ("/run",)  # kept out of the machine's own: sockets of containerd, its shims and the kubelet
LAYERED = ("/var/lib", "/var/log")  # read through, written to memory: the kubelet has fixed places there


def main() -> None:
    """Mount, say so by a file, and gather the orphans until told to end."""
    folder = Path(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", str(folder))
    for place in HIDDEN:
        mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", place)
    for place in LAYERED:
        layer = folder / "layers" / Path(place).name
        for part in ("upper", "work"):
            (layer / part).mkdir(parents=True)
        options = f"lowerdir={place},upperdir={layer}/upper,workdir={layer}/work"
        mount("-t", "overlay", "-o", options, "overlay", place)
    (folder / "mounted").touch()
    while True:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)
            continue
        time.sleep(0.2)


def mount(*arguments: str) -> None:
    """Mount something, or end with what mount says."""
    result = subprocess.run(["mount", *arguments], check=False, capture_output=True, text=True)  # noqa: S607
    if result.returncode:
        sys.exit(f"mount {' '.join(arguments)}: {result.stderr.strip()}")


if __name__ == "__main__":
    main()
