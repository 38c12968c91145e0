"""After every other test: the rights that were used are those that we ship, none less and none more.

It needs what the control planes of a whole run have left in the folder that LLAMAFLEET_RIGHTS names.
"""

import pytest

from security.rights import KEPT, OPERATOR, WAKER, missing, refused, shipped, unused, used
from testbed import audit


@pytest.fixture(scope="module")
def uses() -> set[audit.Use]:
    """What was asked of all control planes."""
    there = audit.folder()
    if there is None:
        pytest.skip(f"{audit.FOLDER} names no folder: run all tests by make test")
    found = audit.kept(there)
    assert found, f"no control plane has left anything in {there}"
    return found


@pytest.mark.parametrize("account", [OPERATOR, WAKER])
def test_no_right_is_shipped_that_nobody_uses(uses: set[audit.Use], account: str) -> None:
    assert unused(shipped(account), used(uses, account)) == []


@pytest.mark.parametrize("account", [OPERATOR, WAKER])
def test_no_right_is_asked_for_that_is_not_shipped(uses: set[audit.Use], account: str) -> None:
    assert missing(shipped(account), used(uses, account), refused(uses, account)) == []


def test_a_right_that_is_kept_without_use_is_one_that_nobody_uses(uses: set[audit.Use]) -> None:
    everything = used(uses, OPERATOR) | used(uses, WAKER)
    assert not KEPT.keys() & everything
