"""The waker as a process beside a real API server, with the rights that we ship: held, passed on, and told.

The fleet's objects are made by hand here, as the operator makes them: the operator is tested elsewhere.
"""

import contextlib
import http.client
import itertools
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fleet_operator import MANIFESTS, NAMESPACE
from llamafleet.api.names import child_labels, pod_selector, waker_slice_labels, waker_slice_name
from llamas import SETTLE_SECONDS, Llama
from testbed import network
from testbed.control_plane import ControlPlane
from testbed.processes import Program, reserved_port
from testbed.wait import until

pytestmark = pytest.mark.cluster

FLEET = "scout"
FOLDER = MANIFESTS / "waker"
PROMPT = json.dumps({"prompt": "hi"})
PATIENCE_SECONDS = 180.0

Answer = tuple[int, dict[str, str], bytes]


class Replica(BaseHTTPRequestHandler):
    """Streams two pieces; the second when the test says so."""

    protocol_version = "HTTP/1.1"
    began = threading.Event()
    go_on = threading.Event()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (b"data: " + body, b"data: [DONE]"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
            self.began.set()
            self.go_on.wait(PATIENCE_SECONDS)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def replicas() -> Iterator[type[Replica]]:
    """A server that answers on the address of every pod of the fake nodes."""
    if not network.is_private():
        why = "fake pods have addresses only in a network of the tests' own: python -m testbed network"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    Replica.began, Replica.go_on = threading.Event(), threading.Event()
    server = ThreadingHTTPServer(("0.0.0.0", 8000), Replica)  # noqa: S104 - in a network of our own
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Replica
    Replica.go_on.set()
    server.shutdown()
    server.server_close()


@dataclass
class Waker:
    """A waker that runs."""

    program: Program
    management: int

    def get(self, path: str) -> tuple[int, bytes]:
        self.program.check()
        with contextlib.suppress(ConnectionError):
            return _ask(self.management, "GET", path)[::2]
        return 0, b""

    def held(self) -> dict[str, int]:
        counts: dict[str, int] = json.loads(self.get("/held")[1])
        return counts


@contextlib.contextmanager
def running(cluster: ControlPlane, *options: str) -> Iterator[Waker]:
    """Run a waker under the shipped service account, for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="llamafleet-") as name, reserved_port() as port:
        folder = Path(name)
        (folder / ".kube").mkdir()
        cluster.kubeconfig_for_service_account(NAMESPACE, "llamafleet-waker", folder / ".kube" / "config")
        command = [str(Path(sys.executable).parent / "llamafleet"), "waker", f"--port={port}", *options]
        waker = Waker(Program(command, folder), port)
        try:
            until(lambda: waker.get("/readyz")[0] == 200, PATIENCE_SECONDS, "the waker to be ready")
            yield waker
            assert "Traceback" not in waker.program.log.read_text()
        finally:
            waker.program.stop()


@pytest.fixture(scope="module")
def rights(installed: ControlPlane) -> ControlPlane:
    """The cluster with the waker's service account and role."""
    installed.kubectl("apply", "--server-side", "--validate=strict", "-f", str(FOLDER / "rbac.yaml"))
    return installed


@dataclass
class Fleet:
    """One fleet without an operator: its resource, its Service, its two slices, its pod."""

    cluster: ControlPlane
    namespace: str
    port: int
    name: str

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    def lead_to_waker(self) -> None:
        labels = child_labels(self.name)
        ports = [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]
        head = {"name": self.name, "namespace": self.namespace, "labels": labels}
        service = {"selector": pod_selector(self.name), "ports": ports}
        slice_ = {"name": waker_slice_name(self.name), "namespace": self.namespace}
        self.cluster.apply(
            {"apiVersion": "v1", "kind": "Service", "metadata": head, "spec": service},
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {**slice_, "labels": waker_slice_labels(self.name)},
                "addressType": "IPv4",
                "ports": [{"name": "http", "port": self.port, "protocol": "TCP"}],
                "endpoints": [{"addresses": ["10.244.255.1"], "conditions": {"ready": True}}],
            },
        )

    def start_pod(self) -> None:
        container = {
            "name": "vllm",
            "image": "vllm",
            "ports": [{"name": "http", "containerPort": 8000}],
        }
        toleration = {"key": "nvidia.com/gpu", "operator": "Exists"}
        head = {"name": f"{self.name}-1", "namespace": self.namespace, "labels": pod_selector(self.name)}
        self.cluster.apply(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": head,
                "spec": {"containers": [container], "tolerations": [toleration]},
            }
        )

    def say(self, **status: Any) -> None:
        patch = json.dumps({"status": {"observedGeneration": 1, **status}})
        name = f"--namespace={self.namespace}"
        self.cluster.kubectl(
            "patch", "llama", self.name, name, "--subresource=status", "--type=merge", "-p", patch
        )

    def ask(self) -> Answer:
        return _ask(self.port, "POST", "/v1/completions", PROMPT)

    def monitored(self) -> int:
        """The status that a monitor gets; 0: nobody listens."""
        with contextlib.suppress(ConnectionRefusedError):
            return _ask(self.port, "GET", "/health")[0]
        return 0


PORTS = itertools.count(20000)
"""Each fleet has its own: a port is slow to change hands."""


def asleep(cluster: ControlPlane, namespace: str, name: str = FLEET) -> Fleet:
    """A new fleet that leads to the waker."""
    made = Fleet(cluster, namespace, next(PORTS), name)
    Llama(cluster, namespace, name).apply()
    made.lead_to_waker()
    return made


@pytest.fixture
def fleet(rights: ControlPlane, namespace: str) -> Fleet:
    return asleep(rights, namespace)


@pytest.fixture
def clients() -> Iterator[Callable[[Fleet], "Future[Answer]"]]:
    """Clients that ask in the background."""
    with ThreadPoolExecutor() as pool:
        yield lambda fleet: pool.submit(fleet.ask)


Clients = Callable[[Fleet], "Future[Answer]"]


def test_a_request_waits_for_the_first_ready_pod_and_streams_from_it(
    fleet: Fleet, replicas: type[Replica], clients: Clients
) -> None:
    with running(fleet.cluster) as waker:
        asked = clients(fleet)
        until(lambda: waker.held() == {fleet.key: 1}, PATIENCE_SECONDS, "the request to be held")
        fleet.start_pod()
        until(lambda: waker.held() == {}, SETTLE_SECONDS, "the request to be passed on")
        assert not asked.done()  # the replica has begun to answer, and waits
        replicas.go_on.set()
        status, headers, body = asked.result(PATIENCE_SECONDS)
        assert (status, body) == (200, f"data: {PROMPT}data: [DONE]".encode())
        assert headers["Connection"] == "close"
        counted = "llamafleet_waker_passed_on_total 1.0"  # once the last byte has left
        until(lambda: counted in waker.get("/metrics")[1].decode(), PATIENCE_SECONDS, "it to be counted")
        assert waker.get("/healthz")[0] == 200


def test_a_port_is_opened_when_its_slice_comes_while_the_waker_runs(
    rights: ControlPlane, namespace: str
) -> None:
    with running(rights) as waker:
        fleet = asleep(rights, namespace)
        until(lambda: fleet.monitored() == 503, PATIENCE_SECONDS, "the port to be open")
        assert waker.held() == {}


def test_a_closed_fleet_tells_its_clients_when_it_opens(fleet: Fleet, clients: Clients) -> None:
    with running(fleet.cluster) as waker:
        asked = clients(fleet)  # before anything was decided: it waits
        until(lambda: waker.held() == {fleet.key: 1}, PATIENCE_SECONDS, "the request to be held")
        fleet.say(schedule={"open": False, "nextTransition": "2999-01-01T00:00:00Z"})
        status, headers, body = asked.result(PATIENCE_SECONDS)
        assert status == 503
        assert json.loads(body)["error"] == {
            "message": f"{fleet.key} is closed.",
            "type": "server_error",
            "param": None,
            "code": "fleet_closed",
        }
        assert int(headers["Retry-After"]) > 10**9
        assert fleet.ask()[0] == 503


def test_a_waker_that_is_stopped_tells_who_waits_and_finishes_what_streams(
    fleet: Fleet, replicas: type[Replica], clients: Clients, namespace: str
) -> None:
    with running(fleet.cluster) as waker:
        fleet.start_pod()
        until(
            lambda: fleet.monitored() == 501, SETTLE_SECONDS, "the pod, which knows no such path, to answer"
        )
        streaming = clients(fleet)
        until(replicas.began.is_set, PATIENCE_SECONDS, "the answer to begin")
        other = asleep(fleet.cluster, namespace, "maverick")
        until(lambda: other.monitored() == 503, PATIENCE_SECONDS, "the port to be open")
        waiting = clients(other)
        until(lambda: waker.held() == {other.key: 1}, PATIENCE_SECONDS, "the request to be held")
        os.killpg(waker.program.pid, signal.SIGTERM)
        status, headers, body = waiting.result(PATIENCE_SECONDS)
        assert (status, json.loads(body)["error"]["code"]) == (503, "waker_stopping")
        assert headers["Retry-After"] == "1"
        assert waker.get("/readyz")[0] == 503
        assert not streaming.done()
        replicas.go_on.set()
        status, _, body = streaming.result(PATIENCE_SECONDS)
        assert (status, body) == (200, f"data: {PROMPT}data: [DONE]".encode())
        assert waker.program._process.wait(PATIENCE_SECONDS) == 0  # noqa: SLF001 - nobody else asks for it


def test_the_service_account_may_read_two_kinds_and_nothing_else(rights: ControlPlane) -> None:
    account = f"--as=system:serviceaccount:{NAMESPACE}:llamafleet-waker"

    def may(verb: str, kind: str) -> bool:
        with contextlib.suppress(Exception):
            return rights.kubectl("auth", "can-i", verb, kind, account, "--all-namespaces").strip() == "yes"
        return False

    for kind in ("endpointslices.discovery.k8s.io", "llamadeployments.llamafleet.io"):
        assert may("watch", kind)
        assert not may("patch", kind)
    for kind in ("secrets", "pods", "configmaps", "services"):
        assert not may("get", kind)


def test_the_wakers_pods_are_admitted_under_the_restricted_rules(rights: ControlPlane) -> None:
    rights.kubectl("apply", "--server-side", "--validate=strict", "-k", str(FOLDER))
    try:
        pods = ("pods", f"--namespace={NAMESPACE}", "-l", "app.kubernetes.io/name=llamafleet-waker")
        until(lambda: len(rights.get(*pods)["items"]) == 2, SETTLE_SECONDS, "the pods to be created")
    finally:
        rights.kubectl("delete", "-f", str(FOLDER / "deployment.yaml"))


def _ask(port: int, method: str, path: str, body: str | None = None) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()
