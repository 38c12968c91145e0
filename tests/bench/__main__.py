"""Run the benchmark and print its table; ``--write`` puts it onto the page in ``docs`` as well."""

import argparse
import asyncio
import math
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from bench import autoscale_command, edit, large, manypods, report, rows, settle
from bench.fleet import keys, namespaces
from bench.report import Row
from fleet_operator import OperatorProcess, install, running_operator
from llamafleet.api.observed import Key
from llamafleet.errors import LlamafleetError
from testbed.cluster import Cluster
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.nodes import NodeKind
from testbed.processes import ended_by_signals

NUMBERS = (
    ("--resources", 1, 200, "that settle, turn by turn with the floor"),
    ("--repeat", 1, 3, "how many turns"),
    ("--large", 1, 1000, "resources of the large fleet"),
    ("--pods", 1, 10, "of each of these"),
    ("--edits", 2, 50, "one after the other"),
    ("--held", 100, 50_000, "pods in memory, and as many events of them"),
)
"""Options: the name, the least, the default, and what it is."""

SPARE_NODES = 1  # for the second replica that the edits ask for


def main() -> int:
    """Run it; the exit code. ``autoscale`` has a program of its own, which needs no cluster."""
    if sys.argv[1:2] == ["autoscale"]:
        try:
            return autoscale_command.main(sys.argv[2:])
        except KeyboardInterrupt:
            return 130
    options = _options()
    try:
        with ended_by_signals():
            figures = _measure(options)
    except (TestbedError, LlamafleetError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; everything that was started is stopped.\n")
        return 130
    sys.stdout.write(f"\n{report.table(figures)}\n")
    if options.write:
        command = " ".join(["python -m bench", *(word for word in sys.argv[1:] if word != "--write")])
        report.write(figures, command, datetime.now(UTC).date())
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure llamafleet against floors.")
    for name, least, usual, what in NUMBERS:
        parser.add_argument(
            name, type=_at_least(least), default=usual, metavar="N", help=f"{what} (default: %(default)s)"
        )
    parser.add_argument(
        "--quiet-seconds", type=float, default=600.0, metavar="S", help="default: %(default)s"
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md, too")
    return parser.parse_args()


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            message = f"must be a whole number from {least} on, not {text!r}"
            raise argparse.ArgumentTypeError(message)
        return int(text)

    return number


def _measure(options: argparse.Namespace) -> list[Row]:
    """Everything, on control planes that are started for it: one for the small fleets, one for the large."""
    _say("the planner")
    planned = [*rows.planner_rows(), *rows.schedule_rows(), *rows.scrape_rows()]
    _say("a control plane starts")
    with ControlPlane(hurried=True) as cluster:
        cluster.add_gpu_nodes(math.ceil(options.resources / NodeKind().gpus) + SPARE_NODES)
        install(cluster)
        edit_floor = _edit_floor(cluster, options.edits)
        floors = [_settle_floor(cluster, options.resources)]
        settled = []
        for _ in range(options.repeat):  # by turns, so that both find the same weather
            settled.append(_settle_once(cluster, options.resources))
            floors.append(_settle_floor(cluster, options.resources))
    found = _large(options)
    _say(f"{options.held} pods in memory")
    return [
        *rows.settle_rows(settled, floors),
        *rows.large_rows(found, edit_floor),
        *rows.pod_rows(manypods.measure(found.pod, options.held, options.held)),
        *planned,
    ]


def _large(options: argparse.Namespace) -> large.Large:
    size = large.Size(options.large, options.pods, options.edits, options.quiet_seconds)
    _say(f"{size.resources} resources with {size.pods} pods each, then {size.quiet_seconds:.0f} s of nothing")
    with ControlPlane(hurried=True) as cluster:
        install(cluster)
        _create_namespaces(cluster, large.PREFIX)
        found = large.measure(cluster, size)
    _say(f"they were ready in {found.settled.ready:.0f} s")
    return found


def _edit_floor(cluster: Cluster, count: int) -> list[float]:
    _say(f"{count} edits by the bare client")
    _create_namespaces(cluster, "edit")
    seconds = asyncio.run(edit.floor(cluster.kubeconfig, Key("edit-0", "llama-0"), count))
    _delete_namespaces(cluster, "edit")
    return seconds


def _settle_floor(cluster: Cluster, count: int) -> settle.Floor:
    _create_namespaces(cluster, "floor")
    found = asyncio.run(settle.floor(cluster.kubeconfig, keys("floor", count)))
    _say(
        f"the bare client wrote all of {count} resources in {found.written:.2f} s; ready: {found.ready:.2f} s"
    )
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
