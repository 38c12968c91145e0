"""What holds for every test, wherever it lies."""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# A shell starts background jobs with SIGINT ignored, and children inherit that; a CI runner may do the same.
# With a handler of our own here, the programs that tests start get Ctrl-C as a person's terminal gives it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Time limits are pytest's: a busy machine is no failure of an example. Everybody plays the same examples; the
# night, which has a seed, plays others each time.
settings.register_profile(
    "patient",
    deadline=None,
    derandomize="LLAMAFLEET_SEED" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite golden files with what is rendered now; the diff is what is reviewed",
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether to write what is rendered instead of comparing it."""
    return bool(request.config.getoption("--update-golden"))
