"""All attempts at once, by the tenant alone, with the operator at work; and what became of them."""

import asyncio
import contextlib
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from exploration.author import Answer, Author, author
from fleet_operator import OperatorProcess, running_operator
from llamafleet.adapters.kinds import GPU_POOL, LLAMA_DEPLOYMENT, Kind
from llamafleet.api.names import WAKER_NAME
from security.attempts import Attempt, Json
from security.attempts_flags import EVERY_OTHER_FLAG
from security.attempts_form import REFUSED_FORMS, TAKEN_FORMS
from security.attempts_model import REFUSED_MODELS, TAKEN_MODELS
from security.attempts_pools import FLEETS_ON_POOLS, REFUSED_POOLS, TAKEN_POOLS
from security.attempts_serving import REFUSED_SERVING, TAKEN_SERVING
from security.attempts_time_money import REFUSED_TIMES, TAKEN_TIMES
from security.place import HERE, furnish, state_of_others
from testbed.control_plane import ControlPlane
from testbed.wait import until

REFUSED: Final[Mapping[str, Attempt]] = {
    **REFUSED_MODELS,
    **REFUSED_SERVING,
    **REFUSED_FORMS,
    **REFUSED_TIMES,
    **EVERY_OTHER_FLAG,
}
TAKEN: Final[Mapping[str, Attempt]] = {
    **TAKEN_MODELS,
    **TAKEN_SERVING,
    **TAKEN_FORMS,
    **TAKEN_TIMES,
    **FLEETS_ON_POOLS,
}
AT_ONCE: Final = 8
LOOK_SECONDS: Final = 300.0
CHILDREN: Final = "serviceaccounts,services,networkpolicies,poddisruptionbudgets,deployments"
OURS: Final = "app.kubernetes.io/managed-by=llamafleet"
SLICES: Final = "endpointslice.kubernetes.io/managed-by=llamafleet"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was seen when the operator had looked at everything.

    Attributes:
        cluster: where it happened.
        operator: the process, which is still at work.
        answers: of the API server, by attempt.
        named: the resource of each attempt that was taken.
        resources: every LlamaDeployment, by name.
        objects: every object that carries the operator's label, wherever it is, and was not there before.
        pods: every pod that carries it.
        others: what others had, before and after.
        pools: the GpuPools.
    """

    cluster: ControlPlane
    operator: OperatorProcess
    answers: Mapping[str, Answer]
    named: Mapping[str, str]
    resources: Mapping[str, Json]
    objects: tuple[Json, ...]
    pods: tuple[Json, ...]
    others: tuple[Mapping[str, str], Mapping[str, str]]
    pools: tuple[Json, ...]


@contextlib.contextmanager
def storm(cluster: ControlPlane) -> Iterator[Outcome]:
    """Let it come; the operator works on until the block ends."""
    tenant = furnish(cluster)
    before, older = state_of_others(cluster), {one["metadata"]["uid"] for one in _children(cluster)}
    with running_operator(cluster, f"--waker={WAKER_NAME}") as operator:
        answers = asyncio.run(_offer_pools(cluster.kubeconfig)) | asyncio.run(_offer_all(tenant))
        named = {what: answers[what].body["metadata"]["name"] for what in TAKEN if answers[what].taken}
        until(lambda: _looked_at(cluster), LOOK_SECONDS, "the operator to look at every resource")
        yield Outcome(
            cluster,
            operator,
            answers,
            named,
            {one["metadata"]["name"]: one for one in _resources(cluster)},
            tuple(one for one in _children(cluster) if one["metadata"]["uid"] not in older),
            tuple(_labelled(cluster, "pods", OURS)),
            (before, state_of_others(cluster)),
            tuple(cluster.get("gpupools")["items"]),
        )


async def _offer_pools(kubeconfig: Path) -> dict[str, Answer]:
    async with author(kubeconfig) as admin:
        for name, body in TAKEN_POOLS.items():
            answer = await _create(admin, GPU_POOL, {**body, "metadata": {"name": name}}, strict=True)
            assert answer.taken, answer.message
        return {what: await _offer(admin, GPU_POOL, "pool", one) for what, one in REFUSED_POOLS.items()}


async def _offer_all(kubeconfig: Path) -> dict[str, Answer]:
    """Each attempt, a few at once, under the tenant's own certificate."""
    limit = asyncio.Semaphore(AT_ONCE)
    async with author(kubeconfig) as tenant:

        async def offer(number: int, what: str, attempt: Attempt) -> tuple[str, Answer]:
            async with limit:
                return what, await _offer(tenant, LLAMA_DEPLOYMENT, f"attempt-{number}", attempt)

        everything = enumerate({**REFUSED, **TAKEN}.items())
        return dict(await asyncio.gather(*(offer(number, *one) for number, one in everything)))


async def _offer(who: Author, kind: Kind, name: str, attempt: Attempt) -> Answer:
    body = copy.deepcopy(attempt.body)
    if not body["metadata"].keys() & {"name", "generateName"}:
        body["metadata"]["name"] = name
    return await _create(who, kind, body, strict=attempt.strict)


async def _create(who: Author, kind: Kind, body: Json, *, strict: bool) -> Answer:
    validation = {"fieldValidation": "Strict" if strict else "Ignore"}
    return await who.ask("POST", kind.path(HERE), validation, body)


def _resources(cluster: ControlPlane) -> list[Json]:
    items: list[Json] = cluster.get("llamadeployments", f"--namespace={HERE}")["items"]
    return items


def _looked_at(cluster: ControlPlane) -> bool:
    """Whether each resource has a status of its own generation; and the last of them its Deployment, too.

    Those whose owners do not exist are collected, sooner or later: not while we count.
    """
    found = _resources(cluster)
    owned = [one["metadata"]["name"] for one in found if one["metadata"].get("ownerReferences")]
    assert not owned, owned
    waiting = [
        one["metadata"]["name"]
        for one in found
        if one.get("status", {}).get("observedGeneration") != one["metadata"]["generation"]
    ]
    assert not waiting, waiting
    return bool(found)


def _children(cluster: ControlPlane) -> list[Json]:
    """Every object that the operator made, for whomever."""
    return [*_labelled(cluster, CHILDREN, OURS), *_labelled(cluster, "endpointslices", SLICES)]


def _labelled(cluster: ControlPlane, kinds: str, labels: str) -> list[Json]:
    items: list[Json] = cluster.get(kinds, "--all-namespaces", "-l", labels)["items"]
    return items


def reasons(raw: Mapping[str, Any]) -> dict[str, str]:
    """The reason of each condition of a resource."""
    return {one["type"]: one["reason"] for one in raw.get("status", {}).get("conditions", [])}
