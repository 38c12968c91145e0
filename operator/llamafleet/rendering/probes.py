"""Probes, the preStop hook and the grace period: how a model pod comes up and goes down.

vLLM refuses connections until it is ready, keeps ``/health`` at 200 while it drains, and answers new
requests with 500 after SIGTERM. So start-up gets a budget from the weight bytes, and the queue is
emptied before SIGTERM is sent.
"""

import math
from typing import Any, Final

from llamafleet.api.names import SERVING_PORT, SERVING_PORT_NAME
from llamafleet.planning.plan import Shape
from llamafleet.rendering.source import HubSource, parse_source
from llamafleet.rendering.vllm_args import SHUTDOWN_TIMEOUT_SECONDS

MIB: Final = 2**20

DOWNLOAD_MIB_PER_SECOND: Final = 50
"""A slow link to the hub, 400 Mbit/s. The start-up budget is a ceiling, not a delay: a faster link is
Ready sooner, and a slower one is the first thing that the author should hear about."""

READ_MIB_PER_SECOND: Final = 200
"""A network volume or an image layer, read once."""

ENGINE_SECONDS: Final = 600
"""Imports, compilation, KV cache allocation and CUDA graphs, beside reading the weights: the time that
vLLM gives its own engine (the default of VLLM_ENGINE_READY_TIMEOUT_S)."""

PERIOD_SECONDS: Final = 10

ENDPOINT_SECONDS: Final = 10
"""How long a deleted pod may still receive requests: its endpoint goes by itself, with a delay."""

DRAIN_SECONDS: Final = 300
"""How long running and queued requests may take to finish before SIGTERM: the default of
spec.schedule.drainTimeout."""

TEARDOWN_SECONDS: Final = 20
"""From the last request to the exit of the process: about 8 s measured, rounded up generously."""

_DRAIN_PROGRAM: Final = """\
import http.client, re, sys, time, urllib.request
port, settle, limit = (int(word) for word in sys.argv[1:4])
pattern = re.compile(rb'^vllm:num_requests_(?:running|waiting)\\{[^}]*\\} (\\S+)$', re.M)
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
deadline = time.monotonic() + limit
calm = 0
time.sleep(settle)
while time.monotonic() < deadline:
    try:
        body = opener.open(f'http://127.0.0.1:{port}/metrics', timeout=5).read()
    except (OSError, http.client.HTTPException) as error:
        if isinstance(getattr(error, 'reason', error), ConnectionRefusedError):
            break
        body = b''
    counts = pattern.findall(body)
    calm = calm + 1 if counts and not any(float(count) for count in counts) else 0
    if calm == 3:
        break
    time.sleep(1)
"""


def startup_seconds(shape: Shape) -> int:
    """The most that a pod may take from its first process to its first answer, in seconds."""
    downloaded = isinstance(parse_source(shape.checkpoint), HubSource)
    rate = DOWNLOAD_MIB_PER_SECOND if downloaded else READ_MIB_PER_SECOND
    return ENGINE_SECONDS + math.ceil(shape.weight_bytes / (rate * MIB))


def probes(shape: Shape) -> dict[str, Any]:
    """The three probes of the serving container, all on ``/health``."""
    get = {"httpGet": {"path": "/health", "port": SERVING_PORT_NAME}}
    return {
        "startupProbe": {
            **get,
            "periodSeconds": PERIOD_SECONDS,
            "timeoutSeconds": 5,
            "failureThreshold": math.ceil(startup_seconds(shape) / PERIOD_SECONDS),
        },
        "readinessProbe": {**get, "periodSeconds": 5, "timeoutSeconds": 5, "failureThreshold": 3},
        "livenessProbe": {**get, "periodSeconds": 10, "timeoutSeconds": 10, "failureThreshold": 6},
    }


def pre_stop() -> dict[str, Any]:
    """Wait until the endpoint is gone and the queue is empty; then the kubelet sends SIGTERM.

    The program is a constant of ours and its arguments are numbers of ours; it runs under the Python
    that every vLLM image has, never under a shell.
    """
    limits = [str(SERVING_PORT), str(ENDPOINT_SECONDS), str(DRAIN_SECONDS)]
    return {"exec": {"command": ["python3", "-c", _DRAIN_PROGRAM, *limits]}}


def grace_seconds() -> int:
    """``terminationGracePeriodSeconds``: the preStop hook, the server's own timeout, and its teardown."""
    return DRAIN_SECONDS + SHUTDOWN_TIMEOUT_SECONDS + TEARDOWN_SECONDS
