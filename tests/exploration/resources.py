"""Resources and GpuPools drawn from our own CRDs: such as the API server takes, and such as it refuses."""

from collections.abc import Sequence
from typing import Any, Final

from hypothesis import assume
from hypothesis import strategies as st

from exploration.mending import Json, mended, objection, refusal
from exploration.schema import Draw, Schema, crd_schema, values
from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import API_VERSION
from llamafleet.catalogue import catalogue

SPEC: Final[Schema] = crd_schema("llamadeployments")
POOL: Final[Schema] = crd_schema("gpupools")

GPUS: Final = tuple(catalogue().gpus)

RELEASED: Final = tuple(
    name for name in SPEC["properties"]["model"]["properties"]["variant"]["enum"] if "behemoth" not in name
)
"""The variants that can be served: nothing can be taken out of a resource to make the others acceptable."""


def llama(spec: Any) -> Json:
    """A LlamaDeployment of this spec, without a place to be."""
    head = {"apiVersion": API_VERSION, "kind": "LlamaDeployment", "metadata": {"name": "llama"}}
    return {**head, "spec": spec}


def gpu_pool(name: str, spec: Any) -> Json:
    """A GpuPool of this spec."""
    return {"apiVersion": API_VERSION, "kind": "GpuPool", "metadata": {"name": name}, "spec": spec}


A100: Final = gpu_pool("a100", {"gpu": "a100-80gb", "price": {"onDemand": "1.19", "spot": "0.60"}})
H100: Final = gpu_pool(
    "h100", {"gpu": "h100-80gb", "price": {"onDemand": "2.49"}, "hostMemoryPerGpu": "144Gi"}
)
L4: Final = gpu_pool("l4", {"gpu": "l4", "gpusPerNode": 4, "price": {"onDemand": "0.71"}})
STANDING: Final = (A100, H100, L4)
"""The pools that exist as long as the cluster does."""


def specs() -> st.SearchStrategy[Json]:
    """Any spec by the schema alone: a CEL rule may refuse it."""
    return values(SPEC, "spec")


@st.composite
def accepted(draw: Draw) -> Json:
    """A resource that the API server takes. The planner may refuse it."""
    spec = draw(specs())
    if spec["model"]["variant"] not in RELEASED:
        spec["model"]["variant"] = draw(st.sampled_from(RELEASED))
    found = mended(llama(spec), lambda raw: refusal(LlamaDeployment, raw))
    assume(found is not None)
    return found or {}


@st.composite
def planned(draw: Draw, pools: Sequence[Json] = STANDING) -> Json:
    """A resource that runs on these pools."""
    found = plannable(draw(accepted()), pools)
    assume(found is not None)
    return found or {}


def plannable(raw: Json, pools: Sequence[Json]) -> Json | None:
    """The resource without what the API server and the planner refuse; None where nothing is left."""
    return mended(raw, lambda one: refusal(LlamaDeployment, one) or objection(one, pools))


@st.composite
def pool_specs(draw: Draw) -> Json:
    """A spec of a GpuPool that the API server takes. The planner may find it unusable."""
    spec = draw(values(POOL, "pool"))
    if spec["gpu"] not in GPUS and not spec["gpu"].startswith("custom-"):
        spec["gpu"] = draw(st.sampled_from(GPUS))  # the one thing that a laptop does not check
    found = mended(gpu_pool("own-a", spec), lambda raw: refusal(GpuPool, raw))
    assume(found is not None)
    return (found or {})["spec"]  # type: ignore[no-any-return]
