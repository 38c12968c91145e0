"""Enforces NetworkPolicies on the real node, as the network plugin of a real cluster does.

Kubernetes itself enforces none. This agent reads policies, pods and namespaces from the API server and writes
rules of nftables into the private network of the test run; see ``policy_rules`` for what they mean.
"""

import contextlib
import subprocess
import threading
from collections.abc import Iterator

from testbed import debian
from testbed.cluster import Cluster
from testbed.errors import TestbedError
from testbed.policy_rules import TABLE, ruleset, seen
from testbed.wait import until

LOOK_SECONDS = 0.5
APPLIED_SECONDS = 120.0


class Agent:
    """A thread that looks, and writes what changed."""

    def __init__(self, cluster: Cluster) -> None:
        """Write the rules once; :meth:`start` goes on with it."""
        self._cluster = cluster
        self._stopping = threading.Event()
        self._begun = self._done = 0
        self._error: TestbedError | None = None
        self._rules = ""
        self._thread = threading.Thread(target=self._run, name="policies")
        self._look()

    def start(self) -> None:
        """Go on for ever."""
        self._thread.start()

    def stop(self) -> None:
        """End, and take the rules away; again, it does nothing.

        Raises:
            TestbedError: it ended before, and why.
        """
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._thread.join()
        _nft(f"table ip {TABLE}\ndelete table ip {TABLE}\n")
        if self._error:
            raise self._error

    def settled(self) -> None:
        """Wait until the rules are those of a state that is younger than this call."""
        wanted = self._begun + 1
        until(lambda: self._done >= wanted or self._error, APPLIED_SECONDS, "the policies to be enforced")
        if self._error:
            raise self._error

    def _run(self) -> None:
        try:
            while not self._stopping.wait(LOOK_SECONDS):
                self._look()
        except TestbedError as error:
            self._error = error

    def _look(self) -> None:
        self._begun += 1
        look = self._begun
        found = self._cluster.get("networkpolicies,pods,namespaces", "--all-namespaces")["items"]
        kinds = {
            kind: [one for one in found if one["kind"] == kind]
            for kind in ("NetworkPolicy", "Pod", "Namespace")
        }
        rules = ruleset(kinds["NetworkPolicy"], seen(kinds["Pod"], kinds["Namespace"]))
        if rules != self._rules:
            _nft(rules)
            self._rules = rules
        self._done = look


@contextlib.contextmanager
def enforced(cluster: Cluster) -> Iterator[Agent]:
    """Enforce every NetworkPolicy of a cluster on its real node, for the length of a block."""
    agent = Agent(cluster)
    agent.start()
    try:
        yield agent
    finally:
        agent.stop()


def _nft(rules: str) -> None:
    command = [str(debian.ensure()["nft"]), "--file", "-"]
    result = subprocess.run(command, input=rules, check=False, capture_output=True, text=True)
    if result.returncode:
        message = f"nft refuses the rules: {result.stderr.strip()}\n{rules}"
        raise TestbedError(message)
