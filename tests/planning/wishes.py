"""Any wish and any pool, for tests of what holds whatever is asked for."""

import dataclasses
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from llamafleet.api.llamadeployment import LlamaDeploymentSpec
from llamafleet.catalogue import gpus, models
from llamafleet.planning.sizing.memory import GIB
from llamafleet.planning.sizing.shape import Pool
from planning.givens import SPOT_NODES, pool, spec

patient = settings(deadline=None)
"""A busy machine is no reason to fail: these tests are about sums, not about speed."""

CONTEXTS = st.integers(min_value=1_024, max_value=131_072)
MEMORY = st.integers(min_value=16 * GIB, max_value=200 * GIB)
CENTS = st.integers(min_value=0, max_value=1_000)


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    """A pool of any GPU on nodes of any size, that sells on demand, spot, or both, at known prices or not."""
    key = draw(st.sampled_from(sorted(gpus())))
    size = draw(st.sampled_from([1, 2, 4, 6, 8, 16, 32, 64]))
    on_demand, spot = draw(st.tuples(*[CENTS.map(lambda cents: Decimal(cents) / 100) | st.none()] * 2))
    spot_only = draw(st.booleans())
    return dataclasses.replace(
        pool(key, "1", gpusPerNode=size, nodeSelector=SPOT_NODES if spot_only else {"pool": key}),
        host_memory_per_gpu=draw(
            st.none() | st.integers(min_value=4, max_value=200).map(lambda gib: gib * GIB)
        ),
        hourly_usd_per_gpu=None if spot_only else on_demand,
        spot_usd_per_gpu=spot,
    )


def several(least: int = 1) -> st.SearchStrategy[list[Pool]]:
    """Pools with names of their own; of two GPUs alike there can be two at different prices."""
    named = st.lists(pools(), min_size=least, max_size=4)
    return named.map(
        lambda found: [dataclasses.replace(one, name=f"pool-{place}") for place, one in enumerate(found)]
    )


@st.composite
def specs(draw: st.DrawFn, /, **serving: Any) -> LlamaDeploymentSpec:
    """Any variant with any of the fields that the search looks at; the given ones are as given."""
    variant = draw(st.sampled_from(sorted(models())))
    flags = st.sampled_from(["--kv-cache-dtype=fp8", "--disable-hybrid-kv-cache-manager"])
    wish = {
        "contextLength": draw(st.none() | CONTEXTS),
        "concurrency": draw(st.integers(min_value=1, max_value=16)),
        "vision": models()[variant].sees and draw(st.booleans()),
        "extraArgs": draw(st.lists(flags, unique=True)),
    }
    return spec(
        variant,
        model={"quantization": draw(st.sampled_from(["Auto", *models()[variant].checkpoints]))},
        serving=wish | serving,
        gpu={
            "count": draw(st.sampled_from([None, None, 1, 2, 4, 8, 16])),
            "hostOffload": draw(st.sampled_from(["Auto", "Never"])),
            "capacityType": draw(st.sampled_from(["OnDemand", "Spot", "SpotPreferred"])),
        },
    )


def changed(asked: LlamaDeploymentSpec, section: str, **fields: object) -> LlamaDeploymentSpec:
    """The same wish with other values in one section."""
    raw = asked.model_dump(mode="json", by_alias=True, exclude_none=True)
    return LlamaDeploymentSpec.model_validate({**raw, section: {**raw.get(section, {}), **fields}})
