"""The testbed at the command line: build the programs, run a cluster to play with, renew the pins."""

import argparse
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from testbed import argocd_files, binaries, cache, debian, go, modules, network, rootfs, wheels
from testbed.cluster import Cluster
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.processes import ended_by_signals
from testbed.versions import KREW, KSTATUS, NODE

CRDS = Path(__file__).resolve().parents[2] / "crds"  # of the project, generated
INTERRUPTED = 128 + signal.SIGINT  # the exit code that a shell expects after Ctrl-C

Command = Callable[[argparse.Namespace], None]

CONTROL: Final = "control-plane"

PARTS: Final[Mapping[str, Mapping[str, Callable[[], object]]]] = {
    "node": {"of the real node": partial(binaries.ensure, NODE)},
    "downloads": {
        "of the real node": debian.ensure,
        "with Prometheus": partial(debian.ensure, debian.PROMETHEUS),
        "with Helm": wheels.ensure,
        "of the operator's image": rootfs.ensure,
    },
    "tools": {
        "with kstatus": partial(binaries.ensure, KSTATUS),
        "with krew": partial(binaries.ensure, KREW),
        "with Argo CD": argocd_files.ensure,
    },
}
"""What some tests need beside a control plane: how it comes here, in parts that tests wait for."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; a failure is one line on the standard error."""
    options = parser().parse_args(arguments)
    command: Command = options.command
    try:
        with ended_by_signals():
            command(options)
    except TestbedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; everything that was started is stopped.", file=sys.stderr)
        return INTERRUPTED
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="python -m testbed", description="A Kubernetes control plane on this machine."
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    text = "find the programs that clusters are made of, or build them; say nothing when they are there"
    build = commands.add_parser("build", help=text, description=text)
    build.add_argument("part", nargs="?", choices=(CONTROL, *PARTS), help="these alone")
    build.set_defaults(command=_build)
    text = "run a control plane with fake GPU nodes until Ctrl-C"
    cluster = commands.add_parser("cluster", help=text, description=text)
    cluster.add_argument(
        "--nodes", type=_count, default=4, metavar="N", help="GPU nodes, 8 A100-80GB each (default: 4)"
    )
    cluster.set_defaults(command=_cluster)
    text = "run a command in a network of its own, where such a thing is allowed"
    private = commands.add_parser("network", help=text, description=text)
    private.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    private.add_argument("run", nargs="+", metavar="-- COMMAND", help="the command and its arguments")
    private.set_defaults(command=_network)
    text = "for maintainers: write the Go module pins anew after a change of versions.py"
    commands.add_parser("modules", help=text, description=text).set_defaults(command=_modules)
    return top


def _count(text: str) -> int:
    if not text.isdecimal():
        message = f"must be a whole number from 0 on, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _build(options: argparse.Namespace) -> None:
    """Get every part, or one; without the control plane there is nothing to go on with."""
    if options.part in {None, CONTROL}:
        binaries.ensure()
    for part, needs in PARTS.items():
        if options.part in {None, part}:
            _fetch(needs)


def _fetch(needs: Mapping[str, Callable[[], object]]) -> None:
    """Get these; where one cannot be had, the tests that need none of it run all the same."""
    for what, ensure in needs.items():
        try:
            ensure()
        except TestbedError as error:
            print(f"warning: tests {what} will be skipped: {error}", file=sys.stderr, flush=True)


def _network(options: argparse.Namespace) -> None:
    start = network.run_inside if options.inside else network.run
    start(options.run)


def _cluster(options: argparse.Namespace) -> None:
    binaries.ensure()
    print("Starting the control plane…", flush=True)
    with ControlPlane() as control_plane:
        _furnish(control_plane, options.nodes)
        try:
            print(f"A cluster with {options.nodes} GPU nodes is ready. In another terminal:\n")
            print(f"    export KUBECONFIG={control_plane.kubeconfig}\n")
            print(f"kubectl is {binaries.ensure() / 'kubectl'}. Ctrl-C here stops everything.", flush=True)
            control_plane.wait()
        except KeyboardInterrupt:
            print("\nStopping…", flush=True)
    print("Everything is stopped.", flush=True)


def _furnish(cluster: Cluster, nodes: int) -> None:
    """Add the GPU nodes, and the kinds of this project when they have been generated."""
    if nodes:
        cluster.add_gpu_nodes(nodes)
    if any(CRDS.glob("*.yaml")):
        cluster.install_kinds(CRDS)


def _modules(_options: argparse.Namespace) -> None:
    log = cache.root() / "modules.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        modules.write_all(go.find_or_install(log), go.environment())
    except subprocess.CalledProcessError as error:
        message = f"{' '.join(error.cmd[1:])} failed with code {error.returncode}; what it said stands above."
        raise TestbedError(message) from error


if __name__ == "__main__":
    sys.exit(main())
