"""Run the benchmark and print its table; ``--write`` puts it onto the page in ``docs`` as well."""

import argparse
import asyncio
import math
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import TypeVar

from bench import edit, planner, quiet, report, settle
from bench.fleet import keys, namespaces
from bench.report import Row, compared
from fleet_operator import OperatorProcess, install, running_operator
from llamafleet.api.observed import Key
from llamafleet.errors import LlamafleetError
from testbed.cluster import Cluster
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.nodes import NodeKind
from testbed.processes import ended_by_signals

T = TypeVar("T")

SPARE_NODES = 1  # for the second replica that the edits ask for


def main() -> int:
    """Run it; the exit code."""
    options = _options()
    try:
        with ended_by_signals():
            rows = _measure(options)
    except (TestbedError, LlamafleetError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; everything that was started is stopped.\n")
        return 130
    sys.stdout.write(f"\n{report.table(rows)}\n")
    if options.write:
        command = " ".join(["python -m bench", *(word for word in sys.argv[1:] if word != "--write")])
        report.write(rows, command, datetime.now(UTC).date())
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure llamafleet against floors.")
    parser.add_argument("--resources", type=int, default=100, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--repeat", type=int, default=3, metavar="N", help="settle so often (default: %(default)s)"
    )
    parser.add_argument("--quiet-seconds", type=float, default=60.0, metavar="S", help="default: %(default)s")
    parser.add_argument("--edits", type=int, default=50, metavar="N", help="default: %(default)s")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md, too")
    return parser.parse_args()


def _measure(options: argparse.Namespace) -> list[Row]:
    """Everything, on one control plane that is started for it."""
    _say("the planner")
    rows = [_planner()]
    _say("a control plane starts")
    with ControlPlane() as cluster:
        cluster.add_gpu_nodes(math.ceil(options.resources / NodeKind().gpus) + SPARE_NODES)
        install(cluster)
        edit_floor = _edit_floor(cluster, options.edits)
        floors = [_settle_floor(cluster, options.resources) for _ in range(options.repeat)]
        settled = [_settle_once(cluster, options.resources) for _ in range(options.repeat - 1)]
        _create_namespaces(cluster, "ours")
        with running_operator(cluster) as operator:
            settled.append(_settle(cluster, operator, options.resources))
            _say(f"nothing for {options.quiet_seconds:.0f} s")
            calm = quiet.measure(operator, options.quiet_seconds)
            _say(f"{options.edits} edits")
            edits = asyncio.run(edit.ours(cluster.kubeconfig, keys("ours", 1)[0], options.edits))
    return [*_settle_rows(settled, floors), *_quiet_rows(calm), *_edit_rows(edits, edit_floor), *rows]


def _planner() -> Row:
    return compared("plan: scout sample; floor: parsing it", "µs", planner.ours(), planner.floor(), 0)


def _edit_floor(cluster: Cluster, count: int) -> list[float]:
    _say(f"{count} edits by the bare client")
    _create_namespaces(cluster, "edit")
    seconds = asyncio.run(edit.floor(cluster.kubeconfig, Key("edit-0", "llama-0"), count))
    _delete_namespaces(cluster, "edit")
    return seconds


def _settle_floor(cluster: Cluster, count: int) -> settle.Floor:
    _create_namespaces(cluster, "floor")
    found = asyncio.run(settle.floor(cluster.kubeconfig, keys("floor", count)))
    _say(f"the bare client wrote everything of {count} resources in {found.wall:.2f} s")
    _delete_namespaces(cluster, "floor")
    return found


def _settle_once(cluster: Cluster, count: int) -> settle.Settled:
    _create_namespaces(cluster, "ours")
    with running_operator(cluster) as operator:
        found = _settle(cluster, operator, count)
    _delete_namespaces(cluster, "ours")
    return found


def _settle(cluster: Cluster, operator: OperatorProcess, count: int) -> settle.Settled:
    found = asyncio.run(settle.ours(cluster.kubeconfig, keys("ours", count), operator))
    _say(f"llamafleet: {count} resources sized in {found.sized:.2f} s, ready in {found.ready:.2f} s")
    return found


def _settle_rows(ours: list[settle.Settled], floors: list[settle.Floor]) -> list[Row]:
    wall, cpu = _median(floors, lambda one: one.wall), _median(floors, lambda one: one.cpu)
    return [
        compared("settle: all sized, with children", "s", _median(ours, lambda one: one.sized), wall, 2),
        compared("settle: all ready", "s", _median(ours, lambda one: one.ready), wall, 2),
        compared("settle: processor time of the client", "s", _median(ours, lambda one: one.cpu), cpu, 2),
        compared("settle: writes for each resource", "", _median(ours, lambda one: one.writes), 6),
        Row("settle: peak memory", f"{_median(ours, lambda one: one.peak_mib):.0f} MiB"),
    ]


def _quiet_rows(found: quiet.Quiet) -> list[Row]:
    return [
        Row("quiet: writes", f"{found.writes:.0f}", "0"),
        Row("quiet: reconciles", f"{found.reconciles:.0f}", "0"),
        Row("quiet: share of one core", f"{found.core:.2%}"),
    ]


def _edit_rows(ours: list[float], floor: list[float]) -> list[Row]:
    return [
        compared(
            f"edit to Deployment, p{percent}", "ms", _percentile(ours, percent), _percentile(floor, percent)
        )
        for percent in (50, 99)
    ]


def _percentile(seconds: list[float], percent: int) -> float:
    """In milliseconds, inclusive: the 99th of fifty lies next to the greatest."""
    return 1000 * quantiles(seconds, n=100, method="inclusive")[percent - 1]


def _median(of: Iterable[T], value: Callable[[T], float]) -> float:
    return median(map(value, of))


def _create_namespaces(cluster: Cluster, prefix: str) -> None:
    cluster.apply(
        *(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            for name in namespaces(prefix)
        )
    )


def _delete_namespaces(cluster: Cluster, prefix: str) -> None:
    cluster.kubectl("delete", "namespace", *namespaces(prefix), "--wait=true")


def _say(text: str) -> None:
    sys.stderr.write(f"[{time.monotonic() - _STARTED:5.1f} s] {text}\n")
    sys.stderr.flush()


_STARTED = time.monotonic()


if __name__ == "__main__":
    sys.exit(main())
