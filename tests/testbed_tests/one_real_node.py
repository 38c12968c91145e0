"""A program for ``test_real_node.py``: one cluster with one real node and one pod, until it is told to end.

Run as ``one_real_node.py [broken]``; with that word a program of the node dies during the start.
It prints one JSON object: what there is that must be gone afterwards.
"""

import json
import sys

from testbed import ControlPlane, TestbedError, real_node_files
from testbed.images import Image
from testbed.processes import ended_by_signals
from testbed.real_node import RealNode
from testbed.wait import until

IMAGE = "localhost/idle:1"
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "idle", "namespace": "default"},
    "spec": {"containers": [{"name": "idle", "image": IMAGE}], "tolerations": [{"operator": "Exists"}]},
}
START_SECONDS = 180.0


def main() -> None:
    """Start, say what there is, and wait for a signal."""
    if sys.argv[1:] == ["broken"]:
        real_node_files.kubelet = lambda layout: ["/bin/false"]  # noqa: ARG005  # as the one it replaces
    with ended_by_signals(), ControlPlane() as cluster, RealNode(cluster, {}, [Image(IMAGE)]) as node:
        cluster.apply(POD)
        ready = ("wait", "--for=condition=Ready", "pod/idle", f"--timeout={START_SECONDS:.0f}s")
        until(lambda: cluster.kubectl(*ready), START_SECONDS, "the pod")
        there = {"folder": str(cluster.folder), "processes": node.processes()}
        sys.stdout.write(f"{json.dumps(there)}\n")
        sys.stdout.flush()
        cluster.wait()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
    except TestbedError as error:
        sys.exit(f"error: {error}")
