"""Prometheus' own judge of rules and queries, which comes with its package."""

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from testbed import debian


def judged(*words: str) -> str:
    """What it says, all is well; the test fails when it is not."""
    ended = subprocess.run(  # noqa: S603 - ours
        [str(program()), *words], capture_output=True, text=True, check=False, cwd=Path(words[-1]).parent
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def program() -> Path:
    """Where it is; the test is skipped where it is not, and fails in CI."""
    found = debian.find(debian.PROMETHEUS)
    if found is None:
        why = "there is no promtool; make setup fetches it"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    return found["promtool"]


def parsed(queries: Iterable[str], folder: Path) -> int:
    """Have every query read by Prometheus' own parser, each as a rule that records; how many there were."""
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    path = folder / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}), "utf-8")
    assert f"{len(rules)} rules found" in judged("check", "rules", str(path))
    return len(rules)
