"""Operator and waker may open as many files as they need, although programs start with few."""

import resource
import subprocess
import sys

import pytest

PLAY = """
import asyncio
import resource
from llamafleet.handlers import operator
from llamafleet.waker import process

class Ended(Exception):
    pass

async def end(*_):
    raise Ended

operator._run = process.find_access = end
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
try:
    {run}
except Ended:
    print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""
OPERATOR, WAKER = "operator.run(None)", "asyncio.run(process.run(None))"


@pytest.mark.parametrize(
    ("run", "soft", "hard", "then"),
    [
        pytest.param(OPERATOR, 256, 1024, "1024 1024", id="the operator: up to what is allowed"),
        pytest.param(WAKER, 256, 1024, "1024 1024", id="the waker likewise"),
        pytest.param(WAKER, 1024, 1024, "1024 1024", id="nothing to do"),
    ],
)
def test_the_limit_of_open_files_is_raised(run: str, soft: int, hard: int, then: str) -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= hard
    play = PLAY.format(run=run, soft=soft, hard=hard)
    ended = subprocess.run(  # noqa: S603 - a few lines of our own
        [sys.executable, "-c", play], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == then
