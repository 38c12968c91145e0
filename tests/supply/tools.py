"""The programs that judge what we ship, as this environment pins them; none of them asks the network."""

import subprocess
import sys
from pathlib import Path

from builders import ROOT


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of this environment in the checkout, whatever it says."""
    command = [str(Path(sys.executable).parent / name), *arguments]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603 - ours


def complaint(name: str, *arguments: str) -> str:
    """What the program has to say when it refuses; an empty text when it is content."""
    result = run(name, *arguments)
    return f"{result.stdout}{result.stderr}" if result.returncode else ""
