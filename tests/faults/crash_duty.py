"""Who is on duty while stories are played: one operator, and perhaps others that stand by."""

import contextlib
import json
import os
import signal

from fleet_operator import NAMESPACE, Door, OperatorProcess, running_operator
from llamafleet.api.names import LEASE_NAME
from testbed.control_plane import ControlPlane

PATIENT = ("--lease-duration=60", "--workers=32")
"""Who is held at one write must not lose the lease before all are; and nobody waits for a free worker."""


class Duty:
    """The operators of one control plane, in the order in which they began. The first one leads.

    Args:
        cluster: the control plane.
        door: their way to it.
    """

    def __init__(self, cluster: ControlPlane, door: Door) -> None:
        """Nobody is on duty until :meth:`begin`."""
        self._cluster = cluster
        self._door = door
        self._operators: list[tuple[OperatorProcess, contextlib.ExitStack]] = []

    def begin(self) -> None:
        """Start an operator; beside another one it stands by."""
        stack = contextlib.ExitStack()
        operator = stack.enter_context(running_operator(self._cluster, *PATIENT, door=self._door))
        self._operators.append((operator, stack))

    def end(self) -> None:
        """End whoever is on duty as a pod would be ended."""
        while self._operators:
            self._leave()

    def crash(self) -> None:
        """SIGKILL; its lease is taken from it, as a container that starts again in the same pod would."""
        leader, _ = self._operators[0]
        os.killpg(leader.pid, signal.SIGKILL)
        self._leave()
        free = json.dumps({"spec": {"holderIdentity": ""}})
        here = f"--namespace={NAMESPACE}"
        self._cluster.kubectl("patch", "lease", LEASE_NAME, here, "--type=merge", f"--patch={free}")
        if not self._operators:
            self.begin()

    def _leave(self) -> None:
        operator, stack = self._operators.pop(0)
        log = operator.log.read_text()
        stack.close()
        assert "Traceback" not in log, log
