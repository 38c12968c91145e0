"""Which flags of ``vllm serve`` an author may add, and what is said about the others.

An allow-list, because a flag that nobody thought of must not open the server, load code, or use memory that
the sizing did not count. The names are those of vLLM 0.32.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated, Final

from pydantic import Field

from llamafleet.api.base import Obeys, Rule
from llamafleet.api.texts import FLAG

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
    # Memory that the sizing counts: every layer then keeps the whole context.
    "--disable-hybrid-kv-cache-manager",
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
    # Memory that the sizing counts: the bytes of a key or value.
    "--kv-cache-dtype",
    # Patience between the ranks of one server.
    "--distributed-timeout-seconds",
    # What is logged and measured.
    "--max-log-len",
    "--uvicorn-log-level",
    "--kv-cache-metrics-sample",
)

ALLOWED_FLAGS: Final = frozenset(_SWITCHES + _VALUED)
"""Every flag that an author may add."""

KV_CACHE_DTYPES: Final = ("auto", "bfloat16", "fp8", "fp8_e4m3", "fp8_e5m2")
"""The values of ``--kv-cache-dtype`` whose memory the sizing can count: two bytes, or one for fp8."""

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


def flag_value(arguments: Sequence[str], name: str) -> str | None:
    """The value of a flag, or None when it is not given; of several the last counts, as in argparse."""
    values = [value for flag, _, value in (argument.partition("=") for argument in arguments) if flag == name]
    return values[-1] if values else None


def has_flag(arguments: Sequence[str], name: str) -> bool:
    """Whether a switch is given."""
    return name in arguments


def _owner_rules() -> Iterator[Rule]:
    """One rule for each place that decides flags, so that its message can name the place."""
    for owner in dict.fromkeys(OWNED_FLAGS.values()):
        flags = [flag for flag, place in OWNED_FLAGS.items() if place == owner]
        yield Rule(
            f"!(self.split('=')[0] in {flags})",
            f"spec.serving.extraArgs must leave this flag to the operator: {owner} decides it",
            partial(_is_none_of, frozenset(flags)),
        )


def _is_none_of(flags: frozenset[str], argument: str) -> bool:
    return _name(argument) not in flags


def _name(argument: str) -> str:
    return argument.partition("=")[0]


_GOOD_DTYPES: Final = [f"--kv-cache-dtype={dtype}" for dtype in KV_CACHE_DTYPES]

_RULES: Final = (
    *_owner_rules(),
    Rule(
        f"self.split('=')[0] in {[*_SWITCHES, *_VALUED]}",
        "spec.serving.extraArgs must name only allowed tuning flags",
        lambda argument: _name(argument) in ALLOWED_FLAGS,
    ),
    Rule(
        f"!(self.split('=')[0] in {[*_SWITCHES]}) || !self.contains('=')",
        "spec.serving.extraArgs must give this flag without a value, as --flag",
        lambda argument: _name(argument) not in _SWITCHES or "=" not in argument,
    ),
    Rule(
        f"!(self.split('=')[0] in {[*_VALUED]}) || self.matches('^[^=]+=.')",
        "spec.serving.extraArgs must give this flag with its value, as --flag=value",
        lambda argument: _name(argument) not in _VALUED or bool(argument.partition("=")[2]),
    ),
    Rule(
        f"self.split('=')[0] != '--kv-cache-dtype' || self in {_GOOD_DTYPES}",
        f"spec.serving.extraArgs must give --kv-cache-dtype one of the values {', '.join(KV_CACHE_DTYPES)}: "
        "the sizing cannot count the memory of another",
        lambda argument: _name(argument) != "--kv-cache-dtype" or argument in _GOOD_DTYPES,
    ),
)

Flag = Annotated[
    str,
    Field(max_length=256, pattern=FLAG),
    Obeys(_RULES),
]
"""One further flag of ``vllm serve``, as ``--flag`` or ``--flag=value``."""
