"""A release of the operator that renders pods differently takes over, and no pod that runs is restarted."""

import json
import sys
from pathlib import Path

import pytest

from fleet_operator import running_operator
from llamas import SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

NEWER = f"""#!{sys.executable}
import sys
from llamafleet.rendering.environment import FIXED
from llamafleet.cli import main
FIXED["NEWER"] = "1"
sys.exit(main())
"""
"""This release with one more variable in every pod."""


@pytest.fixture
def newer(tmp_path: Path) -> str:
    """The program of the newer release."""
    program = tmp_path / "newer"
    program.write_text(NEWER)
    program.chmod(0o755)
    return str(program)


def is_new(pod: dict[str, object]) -> bool:
    """Whether the newer release has rendered it."""
    return "NEWER" in json.dumps(pod)


def test_what_runs_goes_on_until_its_author_wants_something_else(
    installed: ControlPlane, namespace: str, newer: str
) -> None:
    fleet, other = Llama(installed, namespace, "kept"), Llama(installed, namespace, "made-later")
    with running_operator(installed):
        fleet.apply(replicas=2)
        fleet.wait_for("Ready", "True", "AllReplicasReady")
        before, asked = fleet.uids(), fleet.get("deployment")
    with running_operator(installed, program=newer) as operator:
        other.apply(replicas=1)
        other.wait_for("Ready", "True", "AllReplicasReady")
        assert all(map(is_new, other.pods())), "the newer release is at work"
        until(lambda: operator.count("llamafleet_reconciles_total") >= 2, SETTLE_SECONDS, "a look at both")
        assert fleet.uids() == before
        assert fleet.get("deployment")["metadata"]["generation"] == asked["metadata"]["generation"]

        fleet.apply(replicas=3)
        fleet.wait_for("Ready", "True", "AllReplicasReady")
        assert before < fleet.uids()
        assert not any(map(is_new, fleet.pods())), "one fleet, one template"
        until(lambda: fleet.status()["readyReplicas"] == 3, SETTLE_SECONDS, "three of them")

        fleet.annotate("llamafleet.io/renew=today")
        until(lambda: all(map(is_new, fleet.pods())), SETTLE_SECONDS, "the newer release's pods")
        fleet.wait_for("Ready", "True", "AllReplicasReady")
        assert not before & fleet.uids()
        assert "Traceback" not in operator.log.read_text()
