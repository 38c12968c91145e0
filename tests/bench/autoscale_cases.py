"""What the table of autoscalers is measured on: traces, the fleets that serve them, and who may wait."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from builders import ROOT
from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.planning.plan import Observation, Shape, plan
from llamafleet.planning.sizing.pools import resolve
from llamafleet.simulation import LAB, Profile, Trace, open_trace

FOLDER: Final = ROOT / "tests" / "traces"

START: Final = datetime(2026, 11, 2, tzinfo=UTC)
"""When every trace begins: a Monday. No fleet here has windows or a budget, so the day decides nothing."""

COLD_STARTS: Final = (60, 180, 600)

PATIENCE_SECONDS: Final = 10
"""How long a request to a chat service may wait."""

BATCH_PATIENCE_SECONDS: Final = 120
"""How long one of a batch caller may wait beside the cold start: its bursts come to a fleet of zero."""

SCOUT: Final[dict[str, Any]] = {
    "model": {"variant": "scout", "quantization": "INT4"},
    "serving": {"contextLength": 32_768},
}
LLAMA_70B: Final[dict[str, Any]] = {
    "model": {"variant": "llama-3.1-70b", "quantization": "BF16"},
    "serving": {"contextLength": 32_768},
    "gpu": {"count": 4},
}


@dataclass(frozen=True, slots=True)
class Case:
    """One trace and its fleet.

    Attributes:
        name: the file of the trace, without its ending.
        model: the part of the spec that sizes a replica.
        profile: how fast a replica is, a key of the simulator's laboratory.
        days: whether the trace spans days, with their ups and downs; else it is steady.
        batch: whether its callers are patient.
    """

    name: str
    model: str
    profile: str
    days: bool = True
    batch: bool = False

    def patience_s(self, cold_s: int) -> int:
        """How long a request may wait, seconds."""
        return cold_s + BATCH_PATIENCE_SECONDS if self.batch else PATIENCE_SECONDS

    def spec(self, most: int) -> LlamaDeploymentSpec:
        """The fleet: sized by hand, and scaled by the operator from zero on, with nothing else set."""
        body = SCOUT if self.model == "scout" else LLAMA_70B
        scaling = {"minReplicas": 0, "maxReplicas": most}
        return LlamaDeploymentSpec.model_validate({**body, "scaling": scaling})

    @property
    def lab(self) -> Profile:
        """How fast a replica is."""
        return LAB[self.profile]


CASES: Final = {
    case.name: case
    for case in (
        Case("servegen-large-a-7d", "scout", "scout-int4-a100"),
        Case("servegen-reason-a-1d", "llama-3.1-70b", "llama70b-bf16-4xa100"),
        Case("servegen-batch-7d", "scout", "scout-int4-a100", batch=True),
        Case("azure-conv-2023", "scout", "scout-int4-a100", days=False),
        Case("mooncake-conversation", "llama-3.1-70b", "llama70b-bf16-4xa100", days=False),
    )
}


@lru_cache(maxsize=1)
def trace_of(name: str) -> Trace:
    """The trace; a process keeps the one that it works on."""
    return open_trace(str(FOLDER / f"{name}.csv.gz"))


@lru_cache
def shape_of(spec: LlamaDeploymentSpec) -> Shape:
    """One replica, by the planner."""
    return plan(spec, resolve(()), Observation(now=START, replicas=None)).shape
