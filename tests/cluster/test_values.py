"""An operator with a values file plans with the figures in it, and starts with no other kind of file."""

from pathlib import Path
from typing import Final

import pytest

from fleet_operator import OperatorProcess, running_operator
from llamas import SETTLE_SECONDS, Llama, pool, pools
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.wait import until

pytestmark = pytest.mark.cluster

VALUES: Final = """
gpus:
  a100-80gb: {hourlyUsd: "0.95", source: our contract of 2026}
  custom-h20: {memoryGiB: "95.58", hourlyUsd: "1.85", source: measured by us}
"""

NODES: Final = {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}
"""The nodes that there are; to the GPU that the catalogue lacks, they are as good as any."""


def test_a_price_and_a_gpu_of_the_values_file_are_planned_with_and_missed_once_it_is_gone(
    installed: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(VALUES)
    cheaper, custom = (Llama(installed, namespace, name) for name in ("cheaper", "custom"))
    with pools(installed, pool("ours", None), pool("h20", None, "custom-h20", nodeSelector=NODES)):
        with running_operator(installed, f"--values={values}"):
            cheaper.apply(gpu={"pools": ["ours"]})
            custom.apply(gpu={"pools": ["h20"]}, replicas=2)
            cheaper.wait_for("Ready", "True", "AllReplicasReady")
            custom.wait_for("Ready", "True", "AllReplicasReady")
            assert cheaper.get()["status"]["cost"]["hourlyRate"] == "0.95"
            assert "(1 x 0.95, catalogue: our contract of 2026)" in cheaper.condition("Sized")["message"]
            status = custom.get()["status"]
            assert (status["plan"]["gpu"], status["cost"]["hourlyRate"]) == ("custom-h20", "3.70")
            assert (
                "custom-h20 (pool h20): 95.58 GiB x 0.92 = 87.93 GiB" in custom.condition("Sized")["message"]
            )
        with running_operator(installed):
            until(
                lambda: cheaper.get()["status"]["cost"]["hourlyRate"] == "1.19",
                SETTLE_SECONDS,
                "the catalogue's own price",
            )
            message = custom.wait_for("Sized", "False", "InvalidSpec")
            assert "its spec.gpu = custom-h20: must be a GPU of the catalogue" in message
            assert len(custom.pods()) == 2, "what ran keeps running"


BROKEN: Final = {
    "no YAML": ("gpus: a: b\n", "line 1, column 8: mapping values are not allowed"),
    "an unknown key": ("gpu: {}\n", "gpu = {}: must be left out: there is no such key here"),
    "a price that is a number": (
        "gpus: {a100-80gb: {hourlyUsd: 0.95}}\n",
        'gpus.a100-80gb.hourlyUsd = 0.95: must be a decimal in quotes such as "79.15", at most nine digits',
    ),
    "a GPU of no known name": (
        'gpus: {h20: {memoryGiB: "95.58"}}\n',
        "gpus = h20: must be a GPU of the catalogue, or custom-NAME",
    ),
    "no file": (None, "No such file or directory"),
}


@pytest.mark.parametrize(("text", "problem"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_values_file_ends_the_operator_with_one_line_and_exit_code_1(
    installed: ControlPlane, tmp_path: Path, text: str | None, problem: str
) -> None:
    values = tmp_path / "values.yaml"
    if text is not None:
        values.write_text(text)
    process = OperatorProcess(installed, tmp_path / "home", f"--values={values}")
    try:
        with pytest.raises(TestbedError, match="llamafleet ended with code 1: ") as end:
            until(process.alive, SETTLE_SECONDS, "nothing: it must not start")
    finally:
        process.stop()
    (line,) = process.log.read_text().splitlines()
    assert line.startswith(f"llamafleet: {values}")
    assert problem in line
    assert line in str(end.value)
