"""``vllm serve`` over the simulator llm-d-inference-sim: it takes vLLM's flags, and becomes the simulator.

The simulator makes load that can be measured: its answers take their time, requests beyond
``--max-num-seqs`` wait, and its metrics count them. In its mode "echo" an answer is the prompt, so that a
client sees when a token is missing. How a server ends is not its strength; the tests of that have
``fake_vllm.py``.

Where it differs from the recorded vLLM, and what is done about it here:

    It listens at once. So nobody is started for as long as a start is to take.
    Its counters appear with the first request. So it is asked for one token before a probe finds it ready.
    Its labels lack ``engine``, and ``finished_reason`` is ``finish_reason``; the queue has no reasons, and
    preemptions and rejections are not counted. Who needs these takes ``fake_vllm.py``.

This file runs inside a container and must import nothing but the standard library. Environment:

    VLLM_SIM_FLAGS              more flags for the simulator, with spaces between them
    VLLM_SIM_STARTUP_SECONDS    from the first process to the first answer
"""

import argparse
import json
import os
import socket
import sys
import time
import urllib.request

PROGRAM = "llm-d-inference-sim"
WARM_UP_SECONDS = 30.0
KEPT = ("--served-model-name", "--port", "--max-model-len")
"""The flags that the simulator knows by vLLM's names; those that only a model needs are forgotten."""


def main() -> None:
    """Start up as long as it takes, and become the simulator."""
    parser = argparse.ArgumentParser(prog="vllm", allow_abbrev=False)
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("model")
    for flag in KEPT:
        parser.add_argument(flag)
    options, _ = parser.parse_known_args()
    time.sleep(float(os.environ.get("VLLM_SIM_STARTUP_SECONDS", "1")))
    if not os.fork():
        warm_up(options.port, options.served_model_name)
        return
    given = ((flag, getattr(options, flag[2:].replace("-", "_"))) for flag in KEPT)
    kept = [f"{flag}={value}" for flag, value in given if value is not None]
    further = os.environ.get("VLLM_SIM_FLAGS", "").split()
    command = [PROGRAM, f"--model={options.model}", *kept, "--mode=echo", "--force-dummy-tokenizer", *further]
    # Answers then carry the header x-inference-pod; a pod's host name is its own name.
    os.execvpe(PROGRAM, command, {**os.environ, "POD_NAME": socket.gethostname()})  # noqa: S606


def warm_up(port: str, model: str) -> None:
    """Ask for one token, as soon as somebody answers."""
    body = json.dumps({"model": model, "prompt": "0", "max_tokens": 1}).encode()
    address = f"http://127.0.0.1:{port}/v1/completions"
    ask = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    deadline = time.monotonic() + WARM_UP_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(ask, timeout=WARM_UP_SECONDS) as answer:  # noqa: S310
                answer.read()
                return
        except OSError:
            time.sleep(0.02)
    print("The simulator did not answer.", file=sys.stderr)  # noqa: T201  # this is a program


if __name__ == "__main__":
    main()
