"""A→B→A on the real API server with the real operator: wherever a walk leads, it comes out as rendered.

``EXPLORE_STEPS`` sets how many steps are taken (a few hundred, unless it is given), ``EXPLORE_SEED`` which
walks these are, ``EXPLORE_WALK`` picks one of them, and ``EXPLORE_FILE`` takes one from a file, as a failure
prints it.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from exploration.explorer import Explorer, Failure, Numbered, Report, numbered
from exploration.walks import Walk, smaller, walk
from fleet_operator import OperatorProcess, running_operator
from testbed.control_plane import ControlPlane

pytestmark = pytest.mark.cluster

STEPS: Final = int(os.environ.get("EXPLORE_STEPS", "300"))
SEED: Final = int(os.environ.get("EXPLORE_SEED", "1"))
DEADLINE_SECONDS: Final = float(os.environ.get("EXPLORE_DEADLINE", "90"))
LANES: Final = 12
SHRINK_SECONDS: Final = 120.0
TROUBLE: Final = (
    "Traceback",
    "unexpected error",
    "CRITICAL",
    '"level": "error"',
    '"level":"error"',
    " ERROR ",
)


def chosen() -> Iterator[Numbered]:
    """The walks of this run."""
    if path := os.environ.get("EXPLORE_FILE"):
        return iter([(0, Walk.loaded(Path(path).read_text("utf-8")))])
    if number := os.environ.get("EXPLORE_WALK"):
        return iter([(int(number), walk(SEED, int(number)))])
    return numbered(partial(walk, SEED), STEPS)


@pytest.mark.timeout(600 + STEPS)
def test_every_way_leads_to_what_is_rendered_and_back(explored: ControlPlane) -> None:
    explorer = Explorer(explored.kubeconfig, explored.audit_log, deadline=DEADLINE_SECONDS, lanes=LANES)
    with running_operator(explored) as operator:
        report = asyncio.run(explorer.explore(chosen))
        print(f"exploration {SEED}: {report}")  # noqa: T201 - the figures are what a person runs this for
        if report.failures:
            pytest.fail(told(explorer, report))
        assert trouble(operator) == []
        assert operator.count('llamafleet_reconciles_total{result="broken"}') == 0


def trouble(operator: OperatorProcess) -> list[str]:
    """The lines of the operator's log that nobody expects."""
    return [line for line in operator.log.read_text().splitlines() if any(word in line for word in TROUBLE)]


def told(explorer: Explorer, report: Report) -> str:
    """The failures, how to see each again, and the smallest walk that fails like the first."""
    again = "EXPLORE_SEED={seed} EXPLORE_WALK={number} pytest tests/exploration/test_walks.py"
    lines = [
        f"walk {one.number}: {one.text}\n  again: {again.format(seed=SEED, number=one.number)}"
        for one in report.failures
    ]
    least = smallest(explorer, report.failures[0])
    return "\n".join([*lines, f"smallest known: {least.text}", least.walk.dumped()])


def smallest(explorer: Explorer, failure: Failure) -> Failure:
    """Take away a step or a property, again and again, as long as it still fails."""
    until, least, tried = time.monotonic() + SHRINK_SECONDS, failure, set[str]()
    while True:
        for candidate in smaller(least.walk):
            if candidate.dumped() in tried:
                continue
            if time.monotonic() > until:
                return least
            tried.add(candidate.dumped())
            report = asyncio.run(explorer.explore(lambda one=candidate: iter([(0, one)])))  # type: ignore[misc]
            if report.failures:
                least = report.failures[0]
                break
        else:
            return least
