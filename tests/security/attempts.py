"""An attempt to gain more by a resource than a model server, and what is to become of it."""

from typing import Any, Final, NamedTuple

Json = dict[str, Any]

SHAPE: Final = {"variant": "llama-3.1-8b", "quantization": "FP8"}
"""A model that any GPU here has room for."""


class Attempt(NamedTuple):
    """One manifest.

    Attributes:
        body: the manifest.
        words: what the API server says when it refuses it; None: it takes it, and it must be contained.
        strict: whether it is offered as kubectl does it; else fields that the kind does not know are dropped.
    """

    body: Json
    words: str | None
    strict: bool = True


def llama(metadata: Json | None = None, **spec: Any) -> Json:
    """A LlamaDeployment; it gets the name of its attempt where it brings none."""
    head = {"apiVersion": "llamafleet.io/v1alpha1", "kind": "LlamaDeployment", "metadata": metadata or {}}
    return {**head, "spec": {"model": SHAPE, **spec}}


def model(**fields: Any) -> Json:
    """A LlamaDeployment with these fields of spec.model."""
    return llama(model={**SHAPE, **fields})


def source(text: str) -> Json:
    """A LlamaDeployment with weights from there."""
    return model(source=text)


def serving(**fields: Any) -> Json:
    """A LlamaDeployment with these fields of spec.serving."""
    return llama(serving=fields)


def flags(*words: str) -> Json:
    """A LlamaDeployment with these further flags."""
    return serving(extraArgs=[*words])


def window(**fields: Any) -> Json:
    """A LlamaDeployment with one window."""
    return llama(schedule={"windows": [{"name": "w", "start": "0 1 * * *", "duration": "1h", **fields}]})


def pool(**spec: Any) -> Json:
    """A GpuPool that no honest fleet would choose: it is dear."""
    head = {"apiVersion": "llamafleet.io/v1alpha1", "kind": "GpuPool", "metadata": {}}
    return {**head, "spec": {"gpu": "a100-80gb", "price": {"onDemand": "999.00"}, **spec}}
