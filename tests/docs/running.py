"""Runs a program that the tests have, and gathers what it says."""

import subprocess
from collections.abc import Mapping
from pathlib import Path


def run(
    *words: str | Path, folder: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The exit code and both outputs; whoever calls judges them."""
    return subprocess.run(  # noqa: S603 - the programs are ours, and no shell reads the words
        words, cwd=folder, env=env, check=False, capture_output=True, text=True
    )
