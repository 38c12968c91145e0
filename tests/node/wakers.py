"""The wakers as they are shipped: two pods of their Deployment, on the real node, under their own account."""

import contextlib
import json
from collections.abc import Iterator

from fleet_operator import MANIFESTS, NAMESPACE
from llamafleet.api.names import WAKER_NAME
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.fixtures import require_operator_image
from testbed.real_node_files import LABEL

ROLLOUT_SECONDS = 180

ON_THE_REAL_NODE = {
    "spec": {
        "template": {
            "spec": {"nodeSelector": dict([LABEL]), "tolerations": [{"operator": "Exists"}]},
        }
    }
}


@contextlib.contextmanager
def running_wakers(cluster: ControlPlane) -> Iterator[None]:
    """Two wakers for the length of a block; the operator finds them by ``--waker``."""
    require_operator_image()
    here = f"--namespace={NAMESPACE}"
    patch = f"--patch={json.dumps(ON_THE_REAL_NODE)}"
    try:
        cluster.kubectl("apply", "--server-side", "-k", str(MANIFESTS / "waker"))
        cluster.kubectl("patch", "deployment", WAKER_NAME, here, patch)
        timeout = f"--timeout={ROLLOUT_SECONDS}s"
        try:
            cluster.kubectl("rollout", "status", f"deployment/{WAKER_NAME}", here, timeout)
        except TestbedError as error:
            log = cluster.kubectl("logs", f"deployment/{WAKER_NAME}", here)
            message = f"{error} Its log: {log}"
            raise TestbedError(message) from error
        yield
    finally:
        cluster.kubectl("delete", "-k", str(MANIFESTS / "waker"), "--wait=false", "--ignore-not-found")
