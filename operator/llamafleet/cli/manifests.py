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
from llamafleet.catalogue import GpuFacts
from llamafleet.cli.files import BadInput, called, read_documents
from llamafleet.errors import InvalidSpec

_LISTS: Final = ("List", "LlamaDeploymentList", "GpuPoolList")
"""What ``kubectl get -o yaml`` prints."""


@dataclass(frozen=True, slots=True)
class Manifests:
    """What a file, by its name, says of our kinds, in its order."""

    file: str
    llamas: tuple[LlamaDeployment, ...]
    pools: tuple[GpuPool, ...]


def read_manifests(file: str) -> Manifests:
    """Every resource of ours in a file; ``-`` is standard input.

    Raises:
        BadInput: the file, or a resource of ours in it, breaks a rule; the message names file, resource,
            field, value and rule.
    """
    objects = [raw for document in read_documents(file) for raw in _objects(file, document)]
    read = [_read(file, raw) for raw in objects]
    return Manifests(
        file=file,
        llamas=tuple(found for found in read if isinstance(found, LlamaDeployment)),
        pools=tuple(found for found in read if isinstance(found, GpuPool)),
    )


def _objects(file: str, document: object) -> Iterator[Mapping[str, Any]]:
    """What a List holds, or else the document itself."""
    if not isinstance(document, Mapping):
        message = (
            f"{called(file)}: must hold objects of Kubernetes, each a map of fields, and not {document!r:.60}"
        )
        raise BadInput(message)
    if document.get("kind") not in _LISTS:
        yield document
        return
    items = document.get("items") or []
    if not isinstance(items, list):
        message = f"{called(file)}: {document['kind']}: items = {items!r:.60}: must be a list"
        raise BadInput(message)
    for item in items:
        yield from _objects(file, item)


def _read(file: str, raw: Mapping[str, Any]) -> LlamaDeployment | GpuPool | None:
    """The typed resource; None when its kind is not ours."""
    kind = raw.get("kind")
    try:
        match kind:
            case "LlamaDeployment":
                return read_strictly(LlamaDeployment, raw)
            case "GpuPool":
                return read_strictly(GpuPool, raw)
    except InvalidSpec as error:
        raise refusal(file, str(kind), _name(raw), error) from error
    if str(raw.get("apiVersion")).startswith(f"{GROUP}/"):
        shown = "(absent)" if kind is None else kind
        message = f"{called(file)}: kind = {shown}: must be LlamaDeployment or GpuPool, the kinds of {GROUP}"
        raise BadInput(message)
    return None


def _name(raw: Mapping[str, Any]) -> str:
    metadata = raw.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, Mapping) else ""


def refusal(file: str, kind: str, name: str, error: InvalidSpec) -> BadInput:
    """What is wrong with a resource, to be raised: the file, the resource, and the broken rule."""
    return BadInput(f"{called(file)}: {kind} {name or 'without a name'}: {error}")


def pick(manifests: Manifests, wanted: str | None) -> LlamaDeployment:
    """The one LlamaDeployment, or the one of that name, which may be ``namespace/name``.

    Raises:
        BadInput: there is none, or more than one.
    """
    llamas, file = manifests.llamas, called(manifests.file)
    if not llamas:
        message = f"{file}: must have a LlamaDeployment in it"
        raise BadInput(message)
    found = [llama for llama in llamas if wanted in {None, llama.metadata.name, full_name(llama)}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(map(full_name, llamas))
    named = f" = {wanted}" if wanted else ""
    message = f"--name{named}: must be that of one LlamaDeployment of {file}, which has: {names}"
    raise BadInput(message)


def full_name(llama: LlamaDeployment) -> str:
    """Its name, behind that of its namespace where the manifest has one."""
    namespace, name = llama.metadata.namespace, llama.metadata.name
    return f"{namespace}/{name}" if namespace else name


def join_pools(sources: Sequence[Manifests], gpus: Mapping[str, GpuFacts]) -> tuple[GpuPool, ...]:
    """The pools of several files.

    Raises:
        BadInput: two pools have the same name, so that nobody can tell which is meant; or the GPU of a pool
            is not known, which the API server would refuse.
    """
    joined: dict[str, GpuPool] = {}
    for manifests in sources:
        for pool in manifests.pools:
            _check_pool(manifests.file, pool, joined, gpus)
            joined[pool.metadata.name] = pool
    return tuple(joined.values())


def _check_pool(
    file: str, pool: GpuPool, joined: Mapping[str, GpuPool], gpus: Mapping[str, GpuFacts]
) -> None:
    name, gpu = pool.metadata.name, pool.spec.gpu
    if name in joined:
        message = f"{called(file)}: GpuPool {name}: must be there once, and it is there twice"
        raise BadInput(message)
    if gpu not in gpus:
        rule = f"must be a GPU of the catalogue or of a values file: {', '.join(gpus)}"
        raise refusal(file, "GpuPool", name, InvalidSpec("spec.gpu", gpu, rule))
