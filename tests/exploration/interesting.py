"""Values for fields whose pattern admits mostly nonsense, and the keys of maps whose schema leaves them open.

A short table on purpose: everything else comes from the schema. Paths are written as in ``schema``: ``[]`` is
any item of a list, ``*`` any key of a map.
"""

from typing import Any, Final

from hypothesis import strategies as st

from llamafleet.api.vllm_flags import ALLOWED_FLAGS, KV_CACHE_DTYPES
from llamafleet.catalogue import catalogue

OWN_POOLS: Final = ("own-a", "own-b")
"""GpuPools that a walk makes, edits and deletes; each walk has its own of these names."""

POOLS: Final = ("a100", "h100", "l4", *OWN_POOLS)
"""GpuPools that resources name: the first three exist as long as the cluster does."""

NOWHERE: Final = "nowhere"

DURATIONS: Final = ("0s", "5s", "30s", "5m", "300s", "1h30m", "6h", "24h", "7d", "999999d")
MONEY: Final = ("0.000001", "0.01", "1.19", "2", "12.00", "856.80", "20000", "999999999.999999")
QUANTITIES: Final[tuple[Any, ...]] = (
    1,
    4,
    "1500m",
    "64Gi",
    "2Ti",
    "1e12",
    "0",
    "100",
    "0.5",
    ".6638",
    "1n",
    "999999999999999999Ei",
)
CRONS: Final = ("0 22 * * *", "* * * * *", "*/15 8-18 * * 1-5", "59 23 31 12 *", "0 0 29 2 *", "30 2 * * SUN")
CRON_FIELDS: Final = (
    st.sampled_from(["*", "0", "59", "*/7", "0,30", "10-20/5"]),
    st.sampled_from(["*", "0", "23", "*/2", "22-23", "1,13"]),
    st.sampled_from(["*", "1", "31", "L", "1-7", "*/10"]),
    st.sampled_from(["*", "2", "12", "JAN", "6-8"]),
    st.sampled_from(["*", "0", "7", "MON-FRI", "1#1", "SUN"]),
)
INSTANTS: Final = (
    "2020-01-01T00:00:00Z",
    "2026-11-01T00:00:00+01:00",
    "2026-12-31T23:59:59.999Z",
    "2030-03-31T02:30:00+02:00",
    "2099-12-31T00:00:00-11:00",
)
ZONES: Final = (
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Europe/Bonn",
)
SOURCES: Final = ("hf://org/name", "hf://org/name@main", "pvc://weights/models/llama", "oci://r.example/m:v1")
IMAGES: Final = ("vllm/vllm-openai:v0.32.0", "r.example:5000/vllm@sha256:0123abcd", "vllm/vllm-openai:latest")

_flags = st.sampled_from(sorted(ALLOWED_FLAGS))
_numbers = st.integers(0, 5000).map(str)
_flag = st.one_of(
    _flags,
    st.tuples(_flags, st.one_of(_numbers, st.sampled_from(["$(HF_TOKEN)", "a=b", "{}", "“x”"]))).map(
        "=".join
    ),
    st.sampled_from(KV_CACHE_DTYPES).map(lambda dtype: f"--kv-cache-dtype={dtype}"),
    st.just("--tensor-parallel-size=2"),
)
_prices = st.sampled_from([price.key for price in catalogue().api_prices])

VALUES: Final[dict[str, st.SearchStrategy[Any]]] = {
    "spec.model.source": st.sampled_from(SOURCES),
    "spec.model.adapters[].source": st.sampled_from(SOURCES),
    "spec.serving.image": st.sampled_from(IMAGES),
    "spec.serving.extraArgs[]": _flag,
    "spec.serving.contextLength": st.sampled_from([1024, 4096, 8192, 32768, 65536, 131072]),
    "spec.serving.concurrency": st.integers(1, 32),
    "spec.serving.resources.requests.*": st.sampled_from(QUANTITIES),
    "spec.serving.resources.limits.*": st.sampled_from(QUANTITIES),
    "spec.gpu.pools[]": st.sampled_from([*POOLS, NOWHERE]),
    "spec.gpu.count": st.sampled_from([1, 2, 4, 8, 16]),
    "spec.scaling.scaleDownDelay": st.sampled_from(DURATIONS),
    "spec.scaling.idleTimeout": st.sampled_from(DURATIONS),
    "spec.schedule.timeZone": st.sampled_from(ZONES),
    "spec.schedule.windows[].start": st.one_of(
        st.sampled_from(CRONS),
        st.tuples(*CRON_FIELDS).map(" ".join),
        st.text("0123456789*/,- LA", max_size=20),
    ),
    "spec.schedule.windows[].duration": st.sampled_from(DURATIONS),
    "spec.schedule.exceptions[].date": st.sampled_from(
        ["2026-11-21", "2026-12-24", "0001-01-01", "9999-12-31"]
    ),
    "spec.schedule.exceptions[].from": st.sampled_from(INSTANTS),
    "spec.schedule.exceptions[].to": st.sampled_from(INSTANTS),
    "spec.schedule.preWarm": st.sampled_from(["Auto", *DURATIONS]),
    "spec.schedule.drainTimeout": st.sampled_from(DURATIONS),
    "spec.cost.hourlyLimit": st.sampled_from(MONEY),
    "spec.cost.monthlyBudget": st.sampled_from(MONEY),
    "spec.cost.compareWith": _prices,
    "pool.gpu": st.sampled_from(["a100-80gb", "a100-40gb", "h100-80gb", "l4", "mi300x", "b200", "custom-x"]),
    "pool.price.onDemand": st.sampled_from(["0", *MONEY]),
    "pool.price.spot": st.sampled_from(["0", *MONEY]),
    "pool.hostMemoryPerGpu": st.sampled_from(QUANTITIES),
    "pool.resourceName": st.sampled_from(["nvidia.com/gpu", "amd.com/gpu", "nvidia.com/mig-1g.10gb"]),
}

KEYS: Final = {
    "spec.serving.resources.requests": ("cpu", "memory", "ephemeral-storage", "nvidia.com/gpu"),
    "spec.serving.resources.limits": ("cpu", "memory", "ephemeral-storage"),
    "pool.nodeSelector": ("pool", "nvidia.com/gpu.product", "karpenter.sh/capacity-type", "Bad Key"),
}
