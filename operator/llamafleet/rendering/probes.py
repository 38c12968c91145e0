"""Probes and the preStop hook: how a model pod comes up and goes down.

vLLM refuses connections until it is ready, keeps ``/health`` at 200 while it drains, and answers new
requests with 500 after SIGTERM. So start-up gets a budget from the weight bytes, and the queue is
emptied before SIGTERM is sent.
"""

import math
from typing import Any, Final

from llamafleet.api.names import SERVING_PORT, SERVING_PORT_NAME
from llamafleet.planning.coldstart import startup_seconds
from llamafleet.planning.drain import ENDPOINT_SECONDS, Drain
from llamafleet.planning.plan import Shape

PERIOD_SECONDS: Final = 10

_DRAIN_PROGRAM: Final = """\
import http.client, os, re, signal, socket, sys, time, urllib.request
port, settle, limit = (int(word) for word in sys.argv[1:4])
try:
    socket.create_connection(('127.0.0.1', port), 5).close()
except ConnectionRefusedError:
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            words = open(f'/proc/{pid}/cmdline', 'rb').read().split(b'\\0')
            if b'serve' in words and b'--port=%d' % port in words:
                os.kill(int(pid), signal.SIGKILL)
        except OSError:
            pass
    sys.exit()
except OSError:
    pass
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


def pre_stop(shares: Drain) -> dict[str, Any]:
    """Wait until the endpoint is gone and the queue is empty, up to the hook's share; then SIGTERM comes.

    A server that refuses connections is still starting: it has no request, would lose a SIGTERM, and would
    hold its GPUs for the whole grace period. It is killed at once, whoever deletes the pod for what reason.
    Process 1, which nobody inside can kill, is the pause container's: the pod shares one process namespace.

    The program is a constant of ours and its arguments are numbers of ours; it runs under the Python
    that every vLLM image has, never under a shell.
    """
    limits = [str(SERVING_PORT), str(ENDPOINT_SECONDS), str(shares.hook)]
    return {"exec": {"command": ["python3", "-c", _DRAIN_PROGRAM, *limits]}}
