"""A LlamaDeployment of the cluster with its GpuPools: what plan, windows, cost and simulate ask about."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from llamafleet.adapters.onlooker import Onlooker
from llamafleet.api.base import Record
from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.problem import validation_problem
from llamafleet.cli.live.fleets import read_status
from llamafleet.cli.live.where import Where, ask, fetch
from llamafleet.cli.manifests import refusal

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Found:
    """What the cluster has.

    Attributes:
        llama: the resource, with its status.
        pools: every GpuPool; none when the options name files with pools.
        origin: where it is from, for messages.
    """

    llama: LlamaDeployment
    pools: tuple[GpuPool, ...]
    origin: str


def read_resource(options: argparse.Namespace, name: str) -> Found:
    """The resource of that name.

    Raises:
        LlamafleetError: there is none, it cannot be read, or the cluster cannot be asked.
    """
    return ask(options, lambda onlooker, where: _read(options, name, onlooker, where))


async def _read(options: argparse.Namespace, name: str, onlooker: Onlooker, where: Where) -> Found:
    raw = await fetch(onlooker, where, name)
    status = read_status(raw)
    known = {key: value for key, value in raw.items() if key != "status"}
    llama = _typed(LlamaDeployment, known, where).model_copy(update={"status": status} if status else {})
    pools = () if options.pools else tuple(_typed(GpuPool, one, where) for one in await onlooker.pools())
    return Found(llama, pools, f"context {where.context}")


def _typed(kind: type[R], raw: Mapping[str, Any], where: Where) -> R:
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        problem = validation_problem(error)
        name = f"{raw['metadata']['name']}"
        refused = refusal(f"context {where.context}", kind.__name__, name, problem)
        raise refused from error
