"""The one operator at work, which a test may kill and call back, and what the API server recorded of it."""

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from fleet_operator import NAMESPACE, running_operator
from llamas import SETTLE_SECONDS, Llama
from testbed.audit import DECISION, length, whole_lines
from testbed.control_plane import ControlPlane
from testbed.wait import until

ACCOUNT = f"system:serviceaccount:{NAMESPACE}:llamafleet"


def others_gone(cluster: ControlPlane) -> None:
    """Wait until no fleet is there. Those of the tests before go in the background, with their namespaces.

    For whoever starts an operator and counts all that it does, says or fails to do.
    """
    every = ("llama", "--all-namespaces")
    until(lambda: not cluster.get(*every)["items"], SETTLE_SECONDS, "the fleets of earlier tests to be gone")


class Duty:
    """Whoever is on duty."""

    def __init__(self, cluster: ControlPlane, *options: str) -> None:
        """Nobody, until :meth:`begin`; whoever comes gets these further options."""
        self._cluster = cluster
        self._options = ("--identity=duty", *options)  # so whoever comes has the lease of whoever was killed
        self._log_start = length(cluster.audit_log)
        self._shift = contextlib.ExitStack()

    def begin(self) -> None:
        """Start an operator."""
        self._operator = self._shift.enter_context(running_operator(self._cluster, *self._options))

    def end(self) -> None:
        """End it as a pod would be ended."""
        try:
            log = self._operator.log.read_text()
        finally:
            self._shift.close()
        assert "Traceback" not in log, log

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Kill it without a warning; another one comes at the end of the block."""
        os.killpg(self._operator.pid, signal.SIGKILL)
        self.end()
        try:
            yield
        finally:
            self.begin()

    def requests(self) -> list[dict[str, Any]]:
        """Everything that an operator asked of the API server so far.

        The server writes its audit log before it answers, so an answer that was seen has its line.
        """
        lines = whole_lines(self._cluster.audit_log, self._log_start)
        found = [json.loads(line) for line in lines if ACCOUNT.encode() in line]
        return [request for request in found if request["user"]["username"] == ACCOUNT]

    def writes(self, llama: Llama) -> list[str]:
        """What an operator wrote in the namespace of a resource, or tried to."""
        return [
            f"{request['verb']} {request['requestURI'].partition('?')[0]}"
            for request in self.requests()
            if request.get("objectRef", {}).get("namespace") == llama.namespace
            and request["verb"] not in {"get", "list", "watch"}
        ]

    def looks(self, llama: Llama) -> int:
        """How many looks at a resource have begun: each begins by reading it."""
        path = f"/apis/llamafleet.io/v1alpha1/namespaces/{llama.namespace}/llamadeployments/{llama.name}"
        return sum((one["verb"], one["requestURI"]) == ("get", path) for one in self.requests())

    def look(self, llama: Llama) -> None:
        """Have it look once more, from beginning to end, by something that concerns nobody.

        Nobody looks at one resource twice at the same time: a second look shows that the first has ended.
        """
        for note in ("once", "twice"):
            before = self.looks(llama)
            llama.annotate(f"note={note}-{before}")
            until(lambda before=before: self.looks(llama) > before, SETTLE_SECONDS, "a look")  # type: ignore[misc]


@contextlib.contextmanager
def on_duty(cluster: ControlPlane, *options: str) -> Iterator[Duty]:
    """An operator for the length of a block; at its end, whether it kept to its rights."""
    duty = Duty(cluster, *options)
    duty.begin()
    try:
        yield duty
    finally:
        duty.end()
    # A request of an operator that was killed may end in the queue of the API server: nobody decided on it.
    notes = [request.get("annotations", {}) for request in duty.requests()]
    decisions = {note[DECISION] for note in notes if DECISION in note}
    assert decisions == {"allow"}, "the operator asked for something that it may not have"


@pytest.fixture(scope="module")
def duty(installed: ControlPlane) -> Iterator[Duty]:
    """The operator, for the tests of this module."""
    with on_duty(installed) as found:
        yield found
