"""The queue as a Prometheus has heard it, from the option of the operator to the count of replicas."""

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from cluster.duty import Duty, on_duty
from llamas import SETTLE_SECONDS, Llama
from testbed.control_plane import ControlPlane
from testbed.wait import until

pytestmark = pytest.mark.cluster

RUNNING, WAITING = 256, 2000
SCALED = {"minReplicas": 1, "maxReplicas": 2}


class Prometheus(ThreadingHTTPServer):
    """Answers as Prometheus does, that every pod which is asked about has the same queue."""

    silent = False

    def __init__(self) -> None:
        """Listen at any port."""
        super().__init__(("127.0.0.1", 0), _Handler)

    def said(self, query: str) -> bytes:
        """The matrix for a query that names namespace and pods."""
        namespace = re.search(r'namespace="([^"]+)"', query)
        pods = re.search(r'pod=~"([^"]+)"', query)
        assert namespace, query
        assert pods, query
        queue = {"vllm:num_requests_running": RUNNING, "vllm:num_requests_waiting": WAITING}
        result = [
            {
                "metric": {"__name__": name, "namespace": namespace[1], "pod": pod, "engine": "0"},
                "values": [[time.time() - 20, "0"], [time.time() // 15 * 15, f"{count}"]],
            }
            for pod in pods[1].split("|")
            for name, count in queue.items()
            if not self.silent
        ]
        data = {"resultType": "matrix", "result": result}
        return json.dumps({"status": "success", "data": data}).encode()


class _Handler(BaseHTTPRequestHandler):
    server: Prometheus

    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        body = self.server.said(asked["query"][0])
        self.send_response(200 if self.path == "/base/api/v1/query" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def prometheus() -> Iterator[Prometheus]:
    """One that answers."""
    with Prometheus() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def duty(installed: ControlPlane, prometheus: Prometheus) -> Iterator[Duty]:
    """An operator that was told of it."""
    with on_duty(installed, f"--prometheus-url=http://127.0.0.1:{prometheus.server_port}/base") as found:
        yield found


@pytest.mark.usefixtures("duty")
def test_the_count_follows_what_prometheus_says(
    installed: ControlPlane, namespace: str, prometheus: Prometheus
) -> None:
    """The pods here answer nobody: whatever is known comes from there."""
    llama = Llama(installed, namespace, "heard")
    llama.apply(scaling=SCALED)
    llama.wait_for("MetricsAvailable", "True", "Read")

    def follows() -> bool:
        status = llama.status()
        assert status["desiredReplicas"] == SCALED["maxReplicas"], status["reasons"]
        assert status["queue"] == {"running": 2 * RUNNING, "waiting": 2 * WAITING}, status["queue"]
        return True

    until(follows, 2 * SETTLE_SECONDS, "the queue of two replicas in the status")
    prometheus.silent = True
    llama.wait_for("MetricsAvailable", "False", "NoReading")
    assert llama.status()["desiredReplicas"] == SCALED["maxReplicas"]
