"""Which flags of ``vllm serve`` an author may add, and what is said about the others.

An allow-list, because a flag that nobody thought of must not open the server, load code, or use memory that
the sizing did not count. The names are those of vLLM 0.32.
"""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from llamafleet.api.base import Rule

_SWITCHES: Final = (
    # Speed only: results, addresses and memory stay as they were sized, or memory use goes down.
    "--enable-prefix-caching",
    "--no-enable-prefix-caching",
    "--async-scheduling",
    "--no-async-scheduling",
    "--enforce-eager",
    "--disable-custom-all-reduce",
    "--no-disable-cascade-attn",
    "--disable-cascade-attn",
    # The form of an answer.
    "--exclude-tools-when-tool-choice-none",
    "--enable-prompt-tokens-details",
    "--enable-force-include-usage",
    "--return-tokens-as-token-ids",
    "--enable-request-id-headers",
    # What is logged and measured, in addition to what the operator itself reads.
    "--enable-log-requests",
    "--enable-log-outputs",
    "--disable-uvicorn-access-log",
    "--enable-per-request-metrics",
    "--enable-mfu-metrics",
    "--kv-cache-metrics",
    "--enable-logging-iteration-details",
    "--no-use-tqdm-on-load",
    # Less to reach from outside.
    "--disable-fastapi-docs",
)

_VALUED: Final = (
    # The order in which requests run.
    "--scheduling-policy",
    "--long-prefill-token-threshold",
    "--stream-interval",
    "--prefix-caching-hash-algo",
    # How answers are sampled and formed when a request does not say.
    "--seed",
    "--logprobs-mode",
    "--override-generation-config",
    "--default-chat-template-kwargs",
    "--chat-template-content-format",
    "--tool-strict-level",
    "--sse-keep-alive-interval",
    # Patience between the ranks of one server.
    "--distributed-timeout-seconds",
    # What is logged and measured.
    "--max-log-len",
    "--uvicorn-log-level",
    "--kv-cache-metrics-sample",
)

ALLOWED_FLAGS: Final = frozenset(_SWITCHES + _VALUED)
"""Every flag that an author may add."""

OWNED_FLAGS: Final = {
    "--model": "spec.model",
    "--revision": "spec.model.source",
    "--quantization": "spec.model.quantization",
    "--hf-token": "spec.model.tokenSecretRef",
    "--enable-lora": "spec.model.adapters",
    "--lora-modules": "spec.model.adapters",
    "--served-model-name": "metadata.name",
    "--max-model-len": "spec.serving.contextLength",
    "--max-num-batched-tokens": "spec.serving.contextLength",
    "--hf-overrides": "spec.serving.contextLength",
    "--gpu-memory-utilization": "spec.serving.concurrency",
    "--language-model-only": "spec.serving.vision",
    "--enable-auto-tool-choice": "spec.serving.toolCalling",
    "--tool-call-parser": "spec.serving.toolCalling",
    "--tensor-parallel-size": "spec.gpu.count",
    "--cpu-offload-gb": "spec.gpu.hostOffload",
    "--cpu-offload-params": "spec.gpu.hostOffload",
    "--offload-backend": "spec.gpu.hostOffload",
    "--pipeline-parallel-size": "spec.gpu.count",
    "--shutdown-timeout": "spec.schedule.drainTimeout",
    "--port": "the Service of the resource",
}
"""Flags that the operator itself sets or leaves out, and where each of them is decided."""

_FIELD: Final = "spec.serving.extraArgs"
_WITHOUT_VALUE: Final = "must be given without a value, as --flag"
_WITH_VALUE: Final = "must be given with its value, as --flag=value"


def flag_problem(argument: str) -> str | None:
    """The rule that an argument breaks, or None for a good one."""
    name, separator, value = argument.partition("=")
    if name in OWNED_FLAGS:
        return f"must leave {name} to the operator; it follows from {OWNED_FLAGS[name]}"
    if name not in ALLOWED_FLAGS:
        return f"must be one of the allowed tuning flags, and {name} is none of them"
    if name in _SWITCHES:
        return _WITHOUT_VALUE if separator else None
    return None if value else _WITH_VALUE


def _allowed(argument: str) -> str:
    problem = flag_problem(argument)
    if problem:
        raise ValueError(problem)
    return argument


_RULES: Final = (
    Rule(
        f"!(self.split('=')[0] in {[*OWNED_FLAGS]})",
        f"{_FIELD} must leave this flag to the operator, because it follows from other fields",
    ),
    Rule(
        f"self.split('=')[0] in {[*_SWITCHES, *_VALUED]}",
        f"{_FIELD} must name only allowed tuning flags",
    ),
    Rule(
        f"!(self.split('=')[0] in {[*_SWITCHES]}) || !self.contains('=')",
        f"{_FIELD}: this flag {_WITHOUT_VALUE}",
    ),
    Rule(
        f"!(self.split('=')[0] in {[*_VALUED]}) || self.matches('^[^=]+=.')",
        f"{_FIELD}: this flag {_WITH_VALUE}",
    ),
)

Flag = Annotated[
    str,
    Field(
        max_length=256,
        pattern=r"^--[a-z0-9][a-z0-9.-]*(=[^\x00-\x1f\x7f]*)?$",
        json_schema_extra={"x-kubernetes-validations": [rule.as_schema() for rule in _RULES]},
    ),
    AfterValidator(_allowed),
]
"""One further flag of ``vllm serve``, as ``--flag`` or ``--flag=value``."""
