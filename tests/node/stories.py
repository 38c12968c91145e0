"""Tests that mostly wait, told side by side: each has a fleet of its own, and all begin with the first.

A test is written as ever, with a fleet as its one argument, and marked with :func:`story`. Whoever runs one
of them by its name runs that one alone.
"""

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future

import pytest

from llamas import Llama
from node.clients import MODEL
from node.fleets import Fleet
from testbed.control_plane import ControlPlane

Body = Callable[[Fleet], None]


class Stories:
    """Those that were begun, and what came of each."""

    def __init__(self, cluster: ControlPlane, bodies: Iterable[Body]) -> None:
        """Begin all of them.

        Their threads are daemons: whoever interrupts the run does not wait for what they wait for.
        """
        self._cluster = cluster
        self._futures: dict[Body, Future[None]] = {body: Future() for body in bodies}
        for body, future in self._futures.items():
            threading.Thread(target=self._tell, args=(body, future), daemon=True).start()

    def end_of(self, body: Body) -> None:
        """Wait for its end; what it raised is raised here."""
        self._futures[body].result()

    def _tell(self, body: Body, future: "Future[None]") -> None:
        try:
            with fleet_of_its_own(self._cluster) as fleet:
                body(fleet)
        except BaseException as error:  # noqa: BLE001  # it is raised where the test waits
            future.set_exception(error)
        else:
            future.set_result(None)


def story(body: Body) -> Callable[[Stories], None]:
    """Make a test of it that waits for its end."""

    def test(stories: Stories) -> None:
        stories.end_of(body)

    test.__name__, test.__doc__ = body.__name__, body.__doc__
    vars(test)["story"] = body
    return test


def stories_of(request: pytest.FixtureRequest) -> list[Body]:
    """The stories of this module that this run has selected."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    here = [item.obj for item in items if item.module is request.module]
    return [vars(test)["story"] for test in here if "story" in vars(test)]


@contextlib.contextmanager
def fleet_of_its_own(cluster: ControlPlane) -> Iterator[Fleet]:
    """A fleet that may be started, in a namespace that holds nothing else; both are gone afterwards."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    fleet = Fleet(Llama(cluster, name, MODEL))
    try:
        yield fleet
    finally:
        fleet.remove()
        cluster.kubectl("delete", "namespace", name, "--wait=false")
