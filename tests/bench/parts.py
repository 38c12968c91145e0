"""The parts of the benchmark. Each gives its rows as soon as it has them: none is lost with a later one."""

import argparse
import asyncio
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from bench import edit, large, manypods, quiet, rows, settle
from bench.fleet import keys, namespaces
from bench.report import Row
from fleet_operator import install, running_operator
from llamafleet.api.observed import Key
from testbed.cluster import Cluster
from testbed.control_plane import ControlPlane
from testbed.nodes import NodeKind

SPARE_NODES: Final = 1
"""For the second replica that the edits ask for."""

Part = Callable[[argparse.Namespace], Iterator[Row]]


def planner(_options: argparse.Namespace) -> Iterator[Row]:
    """One decision."""
    yield from rows.planner_rows()


def schedule(_options: argparse.Namespace) -> Iterator[Row]:
    """The hours of a fleet."""
    yield from rows.schedule_rows()


def queue(_options: argparse.Namespace) -> Iterator[Row]:
    """What pods say of their queues."""
    yield from rows.scrape_rows()


def tried(name: str, options: argparse.Namespace) -> Iterator[Row]:
    """The rows of one part, once. It does not hold up the others when it fails: then its name is kept."""
    if name in options.begun:
        return
    options.begun.append(name)
    say(f"part: {name}")
    try:
        yield from PARTS[name](options)
    except Exception as error:  # noqa: BLE001 - whatever ended it, the figures of the others count
        say(f"{name} failed: {type(error).__name__}: {error}")
        options.failed.append(name)


def small(options: argparse.Namespace) -> Iterator[Row]:
    """Small fleets on one control plane: operator and floor by turns, so that both find the same weather."""
    with ControlPlane(hurried=True) as cluster:
        cluster.add_gpu_nodes(math.ceil(options.resources / NodeKind().gpus) + SPARE_NODES)
        install(cluster)
        floors, settled = [_settle_floor(cluster, options.resources)], []
        for _ in range(options.repeat):
            settled.append(_settle_once(cluster, options.resources))
            floors.append(_settle_floor(cluster, options.resources))
    yield from rows.settle_rows(settled, floors)


def big(options: argparse.Namespace) -> Iterator[Row]:
    """A large fleet on a control plane of its own: it settles, is edited, rests, and is taken over.

    Everything else that is asked for is measured while it rests.
    """
    size = large.Size(options.large, options.pods)
    with ControlPlane(hurried=True) as cluster:
        install(cluster)
        large.add_nodes(cluster, size)
        floor = _edit_floor(cluster, options.edits)
        create_namespaces(cluster, large.PREFIX)
        with running_operator(cluster) as operator:
            say(f"{size.resources} resources with {size.pods} pods each settle")
            yield from rows.large_rows(large.settled(cluster, operator, size))
            say(f"{options.edits} edits")
            yield from rows.edit_rows(large.edits(cluster, size, options.edits), floor)
            say(f"the large fleet is left alone for {options.quiet_seconds:.0f} s")
            rest = quiet.Rest(operator)
            for name in (name for name in PARTS if name in options.only):
                yield from tried(name, options)
            say(f"{options.held} pods in memory")
            yield from rows.pod_rows(manypods.measure(large.pod(cluster), options.held, options.held))
            yield from rows.quiet_rows(rest.end(options.quiet_seconds))
        with running_operator(cluster) as operator:
            yield from rows.start_rows(large.start(operator, size))


PARTS: Final[Mapping[str, Part]] = {
    "large": big,
    "plan": planner,
    "schedule": schedule,
    "queue": queue,
    "settle": small,
}
"""The large fleet comes first. It is left alone for ten minutes, and in these everything else is measured."""


def say(text: str) -> None:
    """Tell whoever waits."""
    sys.stderr.write(f"[{time.monotonic() - _STARTED:6.1f} s] {text}\n")
    sys.stderr.flush()


def _edit_floor(cluster: Cluster, count: int) -> list[float]:
    say(f"{count} edits by the bare client")
    create_namespaces(cluster, "edit")
    seconds = asyncio.run(edit.floor(cluster.kubeconfig, Key("edit-0", "llama-0"), count))
    _delete_namespaces(cluster, "edit")
    return seconds


def _settle_floor(cluster: Cluster, count: int) -> settle.Floor:
    create_namespaces(cluster, "floor")
    found = asyncio.run(settle.floor(cluster.kubeconfig, keys("floor", count)))
    say(
        f"the bare client wrote all of {count} resources in {found.written:.2f} s; ready: {found.ready:.2f} s"
    )
    _delete_namespaces(cluster, "floor")
    return found


def _settle_once(cluster: Cluster, count: int) -> settle.Settled:
    create_namespaces(cluster, "ours")
    with running_operator(cluster) as operator:
        found = asyncio.run(settle.ours(cluster.kubeconfig, keys("ours", count), operator))
    say(f"llamafleet: {count} resources sized in {found.sized:.2f} s, ready in {found.ready:.2f} s")
    _delete_namespaces(cluster, "ours")
    return found


def create_namespaces(cluster: Cluster, prefix: str) -> None:
    """Create all namespaces of a fleet."""
    cluster.apply(
        *(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            for name in namespaces(prefix)
        )
    )


def _delete_namespaces(cluster: Cluster, prefix: str) -> None:
    cluster.kubectl("delete", "namespace", *namespaces(prefix), "--wait=true")


_STARTED: Final = time.monotonic()
