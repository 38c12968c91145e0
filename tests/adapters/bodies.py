"""Bodies of ``/metrics``: recorded ones, and made ones of vLLM's form."""

from collections.abc import Sequence
from typing import Final

from builders import ROOT

RECORDED: Final = {
    path.stem.removeprefix("metrics-"): path.read_bytes()
    for path in sorted((ROOT / "tests" / "adapters" / "data").glob("metrics-*.txt"))
}
"""What real servers of vLLM 0.32 said, unedited."""

NAMES: Final = (
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "vllm:prompt_tokens_total",
    "vllm:generation_tokens_total",
    "vllm:request_success_total",
    "vllm:admission_rejections_total",
    "vllm:kv_cache_usage_perc",
)


def body(*engines: Sequence[object], labels: str = 'engine="{}",model_name="tiny"') -> bytes:
    """One sample for each engine and name, in vLLM's form, among others with alike names.

    Args:
        engines: the values of each engine, in the order of the names; None leaves a sample out. Names beyond
            the values are left out.
        labels: the labels, with the number of the engine.
    """
    lines = []
    for position, name in enumerate(NAMES[: max(map(len, engines))]):
        lines += [f"# HELP {name} Number of {name} 5", f"# TYPE {name} gauge"]
        lines += [
            f"{name}{{{labels.format(number)}}} {values[position]}"
            for number, values in enumerate(engines)
            if values[position] is not None
        ]
        lines += [f'{name}_by_reason{{engine="0",reason="capacity"}} 77.0', f"x{name} 78.0"]
    return "\n".join([*lines, ""]).encode()
