"""Runs a command to its end, and returns what it says or raises what went wrong, in its own words."""

import subprocess
from collections.abc import Mapping, Sequence

from testbed.errors import TestbedError


def output_of(
    name: str,
    command: Sequence[str],
    *,
    seconds: float,
    environment: Mapping[str, str],
    input: str | None = None,  # noqa: A002  # as subprocess calls it
) -> str:
    """Return what a command prints.

    Args:
        name: what an error calls it.
        command: the program and its arguments.
        seconds: how long it may take.
        environment: all of its variables.
        input: what it reads.

    Raises:
        TestbedError: it failed, and the text is its own; or it took too long.
    """
    try:
        result = subprocess.run(
            command,
            input=input,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        message = f"{name}: no answer within {seconds:g} s"
        raise TestbedError(message) from error
    if result.returncode:
        message = f"{name}: {result.stderr.strip()}"
        raise TestbedError(message)
    return result.stdout
