"""What Flux and Helm 4 make of a fleet: their library itself reads our conditions."""

import json
import os
import subprocess
from collections.abc import Sequence

import pytest

from gitops.fleets import Json
from gitops.states import STATES
from testbed import binaries
from testbed.versions import KSTATUS

pytestmark = pytest.mark.programs


def kstatus(resources: Sequence[Json]) -> list[str]:
    """Its word for each of these."""
    folder = binaries.find(KSTATUS)
    if folder is None:
        why = "kstatus is not built: make setup"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    lines = "".join(f"{json.dumps(one)}\n" for one in resources)
    command = [str(folder / "kstatus")]
    answer = subprocess.run(command, input=lines, check=True, capture_output=True, text=True)  # noqa: S603
    return answer.stdout.splitlines()


def test_every_state_has_its_word() -> None:
    said = dict(zip(STATES, kstatus([state.resource for state in STATES.values()]), strict=True))
    # A resource without any status is nothing that the API server holds: the schema gives it one.
    wanted = {name: state.kstatus for name, state in STATES.items()} | {"it has no status at all": "Current"}
    assert said == wanted
