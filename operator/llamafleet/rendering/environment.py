"""The environment of the serving container.

The token of the model hub is only ever a reference to the author's Secret: the operator does not read it.
"""

from typing import Any, Final

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.source import HubSource, parse_source
from llamafleet.planning.coldstart import startup_seconds
from llamafleet.planning.plan import Shape
from llamafleet.rendering.source import WEIGHTS_FOLDER
from llamafleet.rendering.volumes import CACHE_FOLDER

_USER: Final = "vllm"

FIXED: Final = {
    # Every place that vLLM, torch and triton write to lies on the cache volume.
    "HOME": CACHE_FOLDER,
    "XDG_CACHE_HOME": CACHE_FOLDER,
    "VLLM_CACHE_ROOT": f"{CACHE_FOLDER}/vllm",
    "TORCHINDUCTOR_CACHE_DIR": f"{CACHE_FOLDER}/inductor",
    "TRITON_CACHE_DIR": f"{CACHE_FOLDER}/triton",
    # torch asks for the user's name, and our numeric user has no entry in /etc/passwd.
    "USER": _USER,
    "LOGNAME": _USER,
    # Privacy is why people run their own models: no usage statistics leave the pod.
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}


def environment(llama: LlamaDeployment, shape: Shape) -> list[dict[str, Any]]:
    """The ``env`` list of the serving container."""
    values = {
        **FIXED,
        **_hub(shape),
        # vLLM gives its engine 600 s to load by default, too little for a large download.
        "VLLM_ENGINE_READY_TIMEOUT_S": str(startup_seconds(shape)),
    }
    plain: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in values.items()]
    return plain + _token(llama)


def _hub(shape: Shape) -> dict[str, str]:
    """Where the hub's files lie, and whether the hub may be asked at all."""
    if isinstance(parse_source(shape.checkpoint), HubSource):
        return {"HF_HOME": WEIGHTS_FOLDER}
    return {"HF_HOME": f"{CACHE_FOLDER}/huggingface", "HF_HUB_OFFLINE": "1"}


def _token(llama: LlamaDeployment) -> list[dict[str, Any]]:
    reference = llama.spec.model.token_secret_ref
    if reference is None:
        return []
    key = {"name": reference.name, "key": reference.key}
    return [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": key}}]
