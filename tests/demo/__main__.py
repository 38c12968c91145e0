"""Run the demo and exit with 0 when all of it came true."""

import argparse
import sys

from demo.clusters import CLUSTERS
from demo.screen import heading, say
from demo.story import tell
from fleet_operator import install, running_operator
from testbed.errors import TestbedError
from testbed.processes import ended_by_signals

START = {
    "local": "A Kubernetes control plane starts on this machine, with 4 nodes of 8 simulated A100-80GB each",
    "kind": "A kind cluster starts, with 4 nodes of 8 simulated A100-80GB each",
    "current": "The current cluster is used; its own GPU nodes serve the models",
}


def main() -> int:
    """Run the demo; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="See llamafleet work.")
    parser.add_argument("--cluster", choices=sorted(CLUSTERS), default="local")
    parser.add_argument(
        "--ready-seconds", type=float, metavar="S", help="how long the models may take to become Ready"
    )
    options = parser.parse_args()
    # Simulated pods are Ready at once; real ones download up to 200 GB first.
    seconds = options.ready_seconds or (7200.0 if options.cluster == "current" else 120.0)
    try:
        with ended_by_signals():
            _run(options.cluster, seconds)
    except TestbedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; everything that was started is stopped.", file=sys.stderr)
        return 130
    return 0


def _run(name: str, ready_seconds: float) -> None:
    heading(START[name])
    with CLUSTERS[name]() as cluster:
        heading("The operator starts, under the rights that manifests/operator/rbac.yaml gives it")
        install(cluster)
        with running_operator(cluster) as operator:
            say("it is alive")
            tell(cluster, ready_seconds)
            heading("Everything stops")
            say(f"the operator wrote {operator.count('llamafleet_writes_total'):.0f} times in all")
    heading("Done")


if __name__ == "__main__":
    sys.exit(main())
