"""Attempts by every flag of vLLM that no author may say."""

from typing import Final

from llamafleet.api.vllm_flags import ALLOWED_FLAGS, OWNED_FLAGS
from security.attempts import Attempt, flags
from security.expected import RECORDED

FLAG: Final = "spec.serving.extraArgs[0]"
OWNED: Final = "spec.serving.extraArgs must leave this flag to the operator"

EVERY_OTHER_FLAG: Final = {
    f"vLLM's own {name}": Attempt(
        flags(name if one["nargs"] == 0 else f"{name}=1"), OWNED if name in OWNED_FLAGS else FLAG
    )
    for one in RECORDED
    for name in one["flags"]
    if name not in ALLOWED_FLAGS
}
"""All that the recorded vLLM understands and no author may say, each by each of its names."""

DANGEROUS: Final = (
    # It listens elsewhere, or lets others in.
    "--host",
    "--port",
    "--uds",
    "--api-key",
    "--allow-credentials",
    "--allowed-origins",
    "--ssl-keyfile",
    "--root-path",
    "--headless",
    # It runs or loads what somebody wrote.
    "--trust-remote-code",
    "--middleware",
    "--tool-parser-plugin",
    "--chat-template",
    "--load-format",
    "--worker-cls",
    "--worker-extension-cls",
    "--scheduler-cls",
    "--logits-processors",
    "--config",
    "--kv-transfer-config",
    # It reads or writes elsewhere.
    "--allowed-local-media-path",
    "--allowed-media-domains",
    "--download-dir",
    "--model",
    "--tokenizer",
    "--hf-config-path",
    "--otlp-traces-endpoint",
    "--ssl-certfile",
    "--log-config-file",
    "--hf-token",
)
"""The worst of them, by name."""
