"""The command line of one vLLM server, from a sized shape.

Every flag stands in its ``--flag=value`` form, so that no value can be taken for another flag.
The flags are those of vLLM 0.32; a test holds each of them against the release's recorded parser.
"""

from typing import Any

import orjson

from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import SERVING_PORT
from llamafleet.api.source import HubSource, parse_source
from llamafleet.catalogue import models
from llamafleet.planning.drain import drain
from llamafleet.planning.plan import Shape
from llamafleet.planning.sizing.memory import UTILISATION
from llamafleet.rendering.source import model_argument


def serve_args(llama: LlamaDeployment, shape: Shape) -> list[str]:
    """The arguments after ``vllm serve``: the model first, the author's own flags last."""
    source = parse_source(shape.checkpoint)
    revision = source.revision if isinstance(source, HubSource) else None
    return [
        model_argument(source),
        *([f"--revision={revision}"] if revision else []),
        f"--served-model-name={llama.metadata.name}",
        f"--port={SERVING_PORT}",
        f"--shutdown-timeout={drain(llama.spec.schedule).server}",
        *_size_args(shape),
        *_offload_args(shape),
        *_feature_args(llama, shape),
        *llama.spec.serving.extra_args,
    ]


def _size_args(shape: Shape) -> list[str]:
    """What the sizing assumed, said aloud, so that a changed default of vLLM cannot break the fit."""
    stages = shape.pipeline_parallel
    args = [
        f"--tensor-parallel-size={shape.tensor_parallel}",
        *([f"--pipeline-parallel-size={stages}"] if stages > 1 else []),
        f"--max-model-len={shape.context_length}",
        f"--max-num-batched-tokens={shape.max_batched_tokens}",
        f"--gpu-memory-utilization={float(UTILISATION)}",
    ]
    if shape.rope_positions is not None:
        args.append(f"--hf-overrides={orjson.dumps(_overrides(shape)).decode()}")
    return args


def _overrides(shape: Shape) -> dict[str, Any]:
    """The lowered rotary table. The configuration of a model with vision keeps its text part in a section."""
    positions = {"max_position_embeddings": shape.rope_positions}
    return {"text_config": positions} if models()[shape.variant].sees else positions


def _offload_args(shape: Shape) -> list[str]:
    """Expert weights in pinned host memory, read over PCIe (the ``uva`` backend), when the shape needs it."""
    if not shape.offload_gib:
        return []
    return [
        f"--cpu-offload-gb={shape.offload_gib}",
        "--cpu-offload-params=experts",
        "--offload-backend=uva",
    ]


def _feature_args(llama: LlamaDeployment, shape: Shape) -> list[str]:
    args = ["--language-model-only"] if shape.text_only else []
    if llama.spec.serving.tool_calling:
        args += ["--enable-auto-tool-choice", f"--tool-call-parser={_tool_parser(shape.variant)}"]
    return args


def _tool_parser(variant: str) -> str:
    """Llama 3 models answer tool calls in JSON, Llama 4 models as Python calls."""
    return "llama3_json" if variant.startswith("llama-3") else "llama4_pythonic"
