"""One line for each look that has changed something, with what and why; none for a quiet one."""

import logging
from typing import Any

import pytest

from builders import raw_llama
from llamafleet.errors import Forbidden, Throttled
from reconcile import test_shrink
from reconcile.test_reconciler import KINDS, Fleet, fleet

LOGGER = "llamafleet.reconcile.changes"
SHAPE = "BF16 on 1 x a100-80gb of pool a100-80gb"


class Lines:
    """The lines since the last question."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        """Listen from INFO on."""
        caplog.set_level(logging.INFO)
        self._caplog = caplog

    def new(self) -> list[logging.LogRecord]:
        found = [record for record in self._caplog.records if record.name == LOGGER]
        self._caplog.clear()
        return found

    def one(self) -> dict[str, Any]:
        """The fields of the only new line."""
        (record,) = self.new()
        return {**vars(record), "message": record.getMessage()}


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    return Lines(caplog)


def test_a_new_fleet_is_one_line_with_everything_that_was_made(lines: Lines) -> None:
    new = fleet(replicas=2)
    assert new.reconcile()
    line = lines.one()
    assert line["object"] == {
        "kind": "LlamaDeployment",
        "namespace": "team-a",
        "name": "llama",
        "uid": "00000000-0000-4000-8000-000000000001",
    }
    assert line["generation"] == 1
    assert line["writes"] == [f"create {kind}" for kind in KINDS]
    assert line["replicas"] == {"from": None, "to": 2}
    assert line["shape"] == SHAPE
    assert line["reasons"][0] == {"step": "demand", "replicas": 2, "message": "spec.replicas asks for 2."}
    assert line["message"] == f"team-a/llama: replicas 2; created: {', '.join(KINDS)}"


def test_a_quiet_look_says_nothing(lines: Lines) -> None:
    settled = fleet(replicas=1).settled()
    lines.new()
    for _ in range(3):
        assert settled.reconcile()
    assert lines.new() == []


def test_an_edit_says_from_what_to_what(lines: Lines) -> None:
    edited = fleet(replicas=1).settled()
    lines.new()
    edited.raw["spec"]["replicas"] = 3
    edited.raw["metadata"]["generation"] = 2
    assert edited.reconcile()
    line = lines.one()
    assert (line["replicas"], line["writes"]) == ({"from": 1, "to": 3}, ["change Deployment"])
    assert line["message"] == "team-a/llama: replicas 1 → 3; changed: Deployment"
    assert "shape_before" not in line


def test_another_shape_says_which_it_was(lines: Lines) -> None:
    edited = fleet(replicas=1).settled()
    lines.new()
    edited.raw["spec"]["model"]["quantization"] = "INT4"
    assert edited.reconcile()
    line = lines.one()
    assert (line["shape_before"], line["shape"]) == (SHAPE, SHAPE.replace("BF16", "INT4"))
    assert "replicas" not in line


def test_what_somebody_else_changed_is_called_a_repair(lines: Lines) -> None:
    drifted = fleet().settled()
    lines.new()
    drifted.world.objects["Service"]["spec"]["ports"][0]["port"] = 8080
    assert drifted.reconcile()
    assert lines.one()["writes"] == ["repair Service"]


def test_a_refused_spec_is_said_once(lines: Lines) -> None:
    wrong = fleet(gpu={"pools": ["missing"]})
    for _ in range(3):
        assert wrong.reconcile()
    line = lines.one()
    assert line["refused"].startswith("spec.gpu.pools = missing: must be the name of a GpuPool")
    assert line["writes"] == []
    wrong.raw["metadata"]["generation"] = 2
    assert wrong.reconcile()
    assert lines.one()["generation"] == 2


def test_what_was_done_before_a_failure_is_said(lines: Lines) -> None:
    for error, kind in ((Throttled("slow down", 1.0), "Service"), (Forbidden("no"), "Service")):
        stopped = Fleet(raw_llama(), refused={kind: error})
        with pytest.raises(type(error)):
            stopped.reconcile()
        assert lines.one()["writes"][:2] == ["create ServiceAccount", "create NetworkPolicy"]


def test_a_pod_that_rests_is_a_change_and_looks_at_it_are_none(lines: Lines) -> None:
    three = test_shrink.Fleet(9, 8, 7)
    three.wants(2)
    lines.new()
    three.look()
    assert lines.one()["writes"] == ["rest Pod llama-c"]
    three.say(9, 8, 1)
    three.look()
    assert lines.new() == []
    three.wants(3)
    three.look()
    assert lines.one()["writes"] == ["serve Pod llama-c"]
