"""A real Prometheus, for the length of a block."""

import contextlib
import json
import os
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbed import debian
from testbed.processes import Program, reserved_port
from testbed.wait import until

START_SECONDS = 180.0
ANSWER_SECONDS = 60.0
"""No answer takes this long; on a busy machine one may take seconds."""


@contextlib.contextmanager
def running_prometheus(folder: Path, config: dict[str, Any]) -> Iterator[str]:
    """One with this configuration, which keeps its data in the folder; its address."""
    found = debian.find(debian.PROMETHEUS)
    if found is None:
        why = "there is no Prometheus; make setup fetches it"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), "utf-8")
    with reserved_port() as port:
        command = [
            str(found["prometheus"]),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        running = Program(command, folder)
        url = f"http://127.0.0.1:{port}"
        try:
            until(lambda: _ready(url, running), START_SECONDS, "Prometheus to be ready")
            yield url
            running.check()
        finally:
            running.stop()


def _ready(url: str, running: Program) -> bool:
    running.check()
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=5) as answer:  # noqa: S310 - http, at a port of ours
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def asked(url: str, path: str, **query: str) -> Any:
    """The data of an answer of its HTTP API."""
    address = f"{url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(address, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - http, our port
        said = json.load(answer)
    assert said["status"] == "success", said
    return said["data"]
