"""A waker may open as many files as it needs, although programs start with few."""

import resource
import subprocess
import sys

import pytest

PLAY = """
import resource
from llamafleet.waker.process import allow_files
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
allow_files()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "then"),
    [(256, 1024, "1024 1024"), (1024, 1024, "1024 1024")],
    ids=["up to what is allowed", "nothing to do"],
)
def test_the_limit_of_open_files_is_raised(soft: int, hard: int, then: str) -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= hard
    ended = subprocess.run(  # noqa: S603 - a few lines of our own
        [sys.executable, "-c", PLAY.format(soft=soft, hard=hard)], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == then
