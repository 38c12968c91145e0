"""Faults of the network between the operator and the pods, made where a firewall makes them.

Only the private network of the test run is changed, and it is as it was when the block ends.
"""

import contextlib
import subprocess
import uuid
from collections.abc import Iterator

from testbed import debian

METRICS = b"GET /metrics"


@contextlib.contextmanager
def silent_metrics(*pods: str) -> Iterator[None]:
    """Nobody gets an answer to ``GET /metrics`` from these addresses; every other request is served.

    The hook by which a pod ends asks over the pod's own loopback device, so it still sees its queue.
    """
    table = ("ip", f"faults-{uuid.uuid4().hex[:8]}")
    there, bits = ", ".join(pods), len(METRICS) * 8
    rule = f"ip daddr {{ {there} }} tcp dport 8000 @ih,0,{bits} 0x{METRICS.hex()} drop"
    chain = f"chain out {{\ntype filter hook output priority 0\n{rule}\n}}"
    _nft("-f", "-", given=f"table {' '.join(table)} {{\n{chain}\n}}\n")
    try:
        yield
    finally:
        _nft("delete", "table", *table)


def _nft(*arguments: str, given: str = "") -> None:
    command = [str(debian.ensure()["nft"]), *arguments]
    subprocess.run(command, check=True, input=given, text=True)  # noqa: S603  # the arguments are ours
