"""The commands that a text names, run as its reader would: in a shell, with our kubectl and this cluster."""

import os
import re
import subprocess
from textwrap import dedent

from testbed import binaries
from testbed.cluster import Cluster
from testbed.errors import TestbedError

BLOCK = re.compile(r"(?:^ {4}.*\n?)+", re.MULTILINE)
PATIENCE_SECONDS = 240.0
"""No command takes this long: one waits for two operators to start, on a busy machine."""


def commands_of(text: str) -> list[str]:
    """The indented blocks of a text; one may have several lines."""
    return [dedent(block).strip() for block in BLOCK.findall(text)]


def run(cluster: Cluster, command: str) -> str:
    """Run one and return what it prints.

    Raises:
        TestbedError: it failed, and the text is its own.
    """
    path = f"{binaries.ensure()}:{os.defpath}"
    environment = {"PATH": path, "HOME": str(cluster.folder), "KUBECONFIG": str(cluster.kubeconfig)}
    shell = ["/bin/sh", "-e", "-c", command]
    result = subprocess.run(  # noqa: S603  # the text is one that we ship
        shell, env=environment, check=False, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    if result.returncode:
        message = f"{command}: {result.stderr.strip()}"
        raise TestbedError(message)
    return result.stdout
