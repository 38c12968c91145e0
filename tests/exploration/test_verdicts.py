"""The API server on what was drawn: it takes and refuses what a laptop does, and takes what we render."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import strategies as st

from builders import NOW
from exploration.author import Author, author
from exploration.mending import Json, refusal
from exploration.resources import SPEC, STANDING, accepted, gpu_pool, llama, planned, pool_specs, specs
from exploration.test_generator import drawn
from exploration.wrong import mistaken
from fleet_operator import NAMESPACE
from llamafleet.adapters.kinds import CHILD_BY_NAME, GPU_POOL, LLAMA_DEPLOYMENT
from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.planning.plan import Observation, plan
from llamafleet.planning.sizing.pools import resolve
from llamafleet.rendering.children import children
from testbed.control_plane import ControlPlane

pytestmark = pytest.mark.cluster

COUNT: Final = 60
IN_FLIGHT: Final = 8

Ask = Callable[[Author, Any], Coroutine[Any, Any, str | None]]


def asked(kubeconfig: Path, ask: Ask, subjects: list[Any]) -> list[str]:
    """What is wrong, asked of the API server for each of them, a few at a time."""

    async def all_of_them() -> list[str | None]:
        gate = asyncio.Semaphore(IN_FLIGHT)
        async with author(kubeconfig) as writer:

            async def one(subject: Any) -> str | None:
                async with gate:
                    return await ask(writer, subject)

            return await asyncio.gather(*map(one, subjects))

    return [found for found in asyncio.run(all_of_them()) if found]


async def same_verdict(writer: Author, raw: Json) -> str | None:
    """Whether a laptop and the API server differ on a resource; the API server's words where they do."""
    local = refusal(LlamaDeployment, raw)
    answer = await writer.create(LLAMA_DEPLOYMENT.path("default"), raw, dry=True)
    if answer.taken == (local is None):
        return None
    return f"{raw['spec']}: a laptop says {local}, the API server {answer.status} {answer.message}"


async def same_verdict_on_pool(writer: Author, spec: Json) -> str | None:
    """Likewise for a pool."""
    answer = await writer.create(GPU_POOL.path(), gpu_pool("own-a", spec), dry=True)
    return None if answer.taken else f"{spec}: {answer.message}"


async def taken_as_rendered(writer: Author, raw: Json) -> str | None:
    """Whether the API server takes every child as it is rendered, with no field that it does not know."""
    resource = LlamaDeployment.model_validate(
        {**raw, "metadata": {**raw["metadata"], "namespace": "default", "uid": "u"}}
    )
    pools = resolve([GpuPool.model_validate(pool) for pool in STANDING])
    decided = plan(resource.spec, pools, Observation(now=NOW, replicas=None))
    for intent in children(resource, decided, NAMESPACE):
        path = CHILD_BY_NAME[intent["kind"]].path("default")
        answer = await writer.create(path, intent, dry=True)
        if not answer.taken:
            return f"{raw['spec']}: {intent['kind']}: {answer.message}"
    return None


@pytest.mark.parametrize(
    ("strategy", "ask"),
    [
        pytest.param(accepted(), same_verdict, id="resources that a laptop takes"),
        pytest.param(specs().map(llama), same_verdict, id="resources of which some break a rule"),
        pytest.param(
            accepted().flatmap(lambda raw: mistaken(SPEC, raw)).map(lambda made: made[0]),
            same_verdict,
            id="resources with a mistake",
        ),
        pytest.param(pool_specs(), same_verdict_on_pool, id="pools"),
        pytest.param(planned(), taken_as_rendered, id="children"),
    ],
)
def test_the_api_server_agrees(explored: ControlPlane, strategy: st.SearchStrategy[Any], ask: Ask) -> None:
    assert asked(explored.kubeconfig, ask, drawn(strategy, COUNT)) == []
