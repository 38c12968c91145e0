"""The flag that rewrites the golden files: ``pytest tests/rendering --update-golden``."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite tests/rendering/golden with what is rendered now; the diff is what is reviewed",
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether to write what is rendered instead of comparing it."""
    # Without this folder on the command line the option is unknown, and then nobody asked for it.
    return bool(request.config.getoption("--update-golden", default=False))
