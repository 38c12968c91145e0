"""The resources of ours among the manifests of a file: what ``helm template`` or kustomize print, as it is.

As strict as the API server: a field that does not exist is an error. A kind that is not ours is somebody
else's, and nothing is planned here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from llamafleet.api.gpupool import GpuPool
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.names import GROUP
from llamafleet.api.reading import read_strictly
from llamafleet.cli.errors import BadInput
from llamafleet.cli.files import called, read_documents
from llamafleet.errors import InvalidSpec

_LISTS: Final = frozenset({"List", "LlamaDeploymentList", "GpuPoolList"})
"""What ``kubectl get -o yaml`` prints."""

Resource = LlamaDeployment | GpuPool


@dataclass(frozen=True, slots=True)
class Manifests:
    """What a file says of our kinds, in its order."""

    llamas: tuple[LlamaDeployment, ...]
    pools: tuple[GpuPool, ...]


def read_manifests(file: str) -> Manifests:
    """Every resource of ours in a file; ``-`` is standard input.

    Raises:
        BadInput: the file, or a resource of ours in it, breaks a rule; the message names file, resource,
            field, value and rule.
    """
    objects = [raw for document in read_documents(file) for raw in _objects(document)]
    read = [_read(called(file), raw) for raw in objects]
    return Manifests(
        llamas=tuple(found for found in read if isinstance(found, LlamaDeployment)),
        pools=tuple(found for found in read if isinstance(found, GpuPool)),
    )


def _objects(document: object) -> Iterator[object]:
    """What a List holds, or else the document itself."""
    if isinstance(document, dict) and document.get("kind") in _LISTS:
        yield from document.get("items") or ()
    else:
        yield document


def _read(file: str, raw: object) -> Resource | None:
    """The typed resource; None when its kind is not ours."""
    if not isinstance(raw, Mapping):
        message = f"{file}: must hold objects of Kubernetes, each a map of fields, and not {raw!r:.60}"
        raise BadInput(message)
    kind = raw.get("kind")
    try:
        match kind:
            case "LlamaDeployment":
                return read_strictly(LlamaDeployment, raw)
            case "GpuPool":
                return read_strictly(GpuPool, raw)
    except InvalidSpec as error:
        message = f"{file}: {kind} {_name(raw)}: {error}"
        raise BadInput(message) from error
    if str(raw.get("apiVersion")).startswith(f"{GROUP}/"):
        message = f"{file}: kind = {kind}: must be LlamaDeployment or GpuPool, the kinds of {GROUP}"
        raise BadInput(message)
    return None


def _name(raw: Mapping[str, Any]) -> str:
    metadata = raw.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, Mapping) else ""


def pick(llamas: Sequence[LlamaDeployment], wanted: str | None, file: str) -> LlamaDeployment:
    """The one LlamaDeployment, or the one of that name, which may be ``namespace/name``.

    Raises:
        BadInput: there is none, or more than one.
    """
    if not llamas:
        message = f"{called(file)}: must have a LlamaDeployment in it"
        raise BadInput(message)
    found = [llama for llama in llamas if wanted in {None, llama.metadata.name, full_name(llama)}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(map(full_name, llamas))
    named = f" = {wanted}" if wanted else ""
    message = f"--name{named}: must be that of one LlamaDeployment of {called(file)}, which has: {names}"
    raise BadInput(message)


def full_name(llama: LlamaDeployment) -> str:
    """Its name, behind that of its namespace where the manifest has one."""
    namespace, name = llama.metadata.namespace, llama.metadata.name
    return f"{namespace}/{name}" if namespace else name


def join_pools(sources: Sequence[tuple[str, Manifests]]) -> tuple[GpuPool, ...]:
    """The pools of several files.

    Raises:
        BadInput: two pools have the same name; which of the two is meant cannot be told.
    """
    joined: dict[str, GpuPool] = {}
    for file, manifests in sources:
        for pool in manifests.pools:
            if pool.metadata.name in joined:
                message = (
                    f"{called(file)}: GpuPool {pool.metadata.name}: must be there once, and it is there twice"
                )
                raise BadInput(message)
            joined[pool.metadata.name] = pool
    return tuple(joined.values())
