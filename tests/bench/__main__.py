"""Run the benchmark and print its table; ``--write`` puts it onto the page in ``docs`` as well."""

import argparse
import asyncio
import math
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from bench import autoscale_command, edit, quiet, report, rows, settle
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
    parser.add_argument(
        "--resources", type=_at_least(1), default=100, metavar="N", help="default: %(default)s"
    )
    parser.add_argument(
        "--repeat", type=_at_least(1), default=3, metavar="N", help="settle so often (default: %(default)s)"
    )
    parser.add_argument("--quiet-seconds", type=float, default=60.0, metavar="S", help="default: %(default)s")
    parser.add_argument("--edits", type=_at_least(2), default=50, metavar="N", help="default: %(default)s")
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
    """Everything, on one control plane that is started for it."""
    _say("the planner")
    planned = [*rows.planner_rows(), *rows.schedule_rows(), *rows.scrape_rows()]
    _say("a control plane starts")
    with ControlPlane() as cluster:
        cluster.add_gpu_nodes(math.ceil(options.resources / NodeKind().gpus) + SPARE_NODES)
        install(cluster)
        edit_floor = _edit_floor(cluster, options.edits)
        floors = [_settle_floor(cluster, options.resources)]
        settled = []
        for _ in range(options.repeat - 1):  # by turns, so that both find the same weather
            settled.append(_settle_once(cluster, options.resources))
            floors.append(_settle_floor(cluster, options.resources))
        _create_namespaces(cluster, "ours")
        with running_operator(cluster) as operator:
            settled.append(_settle(cluster, operator, options.resources))
            _say(f"nothing for {options.quiet_seconds:.0f} s")
            calm = quiet.measure(operator, options.quiet_seconds)
            _say(f"{options.edits} edits")
            edits = asyncio.run(edit.ours(cluster.kubeconfig, keys("ours", 1)[0], options.edits))
    return [
        *rows.settle_rows(settled, floors),
        *rows.quiet_rows(calm),
        *rows.edit_rows(edits, edit_floor),
        *planned,
    ]


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
