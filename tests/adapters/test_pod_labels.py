"""What becomes of a label that the API server refuses: nobody may take the pod for resting."""

import asyncio

import pytest

from builders import NOW, pod
from llamafleet.adapters.cluster import Cluster
from llamafleet.adapters.transport import Transport
from llamafleet.adapters.views import Scope
from llamafleet.errors import Conflict, Rejected, Unavailable


class Refusing(Transport):
    """Refuses every change."""

    def __init__(self, error: Unavailable) -> None:
        """Reach nobody."""
        self.error = error

    async def merge(self, *_change: object) -> bool:
        raise self.error


def cluster(error: Unavailable) -> Cluster:
    return Cluster(Refusing(error), Scope("llamafleet-system"), lambda _key: None)


@pytest.mark.parametrize("error", [Rejected("a webhook says no"), Conflict("busy"), Unavailable("down")])
def test_a_pod_that_was_not_told_to_rest_is_not_taken_for_resting(error: Unavailable) -> None:
    """It would be told again at every look, and never go, for nothing says since when it rests."""
    with pytest.raises(type(error)):
        asyncio.run(cluster(error).rest("team-a", pod(), NOW))


def test_a_mark_on_a_pod_that_is_another_one_by_now_is_not_needed() -> None:
    asyncio.run(cluster(Rejected("metadata.uid: field is immutable")).mark("team-a", pod(), -1))
