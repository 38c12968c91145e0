"""Builders of manifests, each with the least that its kind needs."""

from typing import Any

API_VERSION = "llamafleet.io/v1alpha1"


def llama(name: str = "scout", **spec: object) -> dict[str, Any]:
    """A LlamaDeployment with the least that it needs."""
    spec = {"model": {"variant": "scout"}, **spec}
    return {"apiVersion": API_VERSION, "kind": "LlamaDeployment", "metadata": {"name": name}, "spec": spec}


def pool(name: str = "a100", **spec: object) -> dict[str, Any]:
    """A GpuPool with the least that it needs."""
    spec = {"gpu": "a100-80gb", **spec}
    return {"apiVersion": API_VERSION, "kind": "GpuPool", "metadata": {"name": name}, "spec": spec}


def model(**fields: object) -> dict[str, Any]:
    """A LlamaDeployment of Scout with these fields of spec.model."""
    return llama(model={"variant": "scout", **fields})


def serving(**fields: object) -> dict[str, Any]:
    """A LlamaDeployment with these fields of spec.serving."""
    return llama(serving=fields)


def resources(**fields: object) -> dict[str, Any]:
    """A LlamaDeployment with these host resources."""
    return serving(resources=fields)


def window(**fields: object) -> dict[str, Any]:
    """A LlamaDeployment with one window."""
    return llama(schedule={"windows": [{"name": "night", "start": "0 22 * * *", "duration": "8h", **fields}]})


def night(**fields: object) -> dict[str, Any]:
    """A LlamaDeployment that is open every night, with these fields of spec.schedule."""
    windows = [{"name": "night", "start": "0 22 * * *", "duration": "8h"}]
    return llama(schedule={"windows": windows, **fields})


def scaled(scaling: dict[str, int], **fields: object) -> dict[str, Any]:
    """A LlamaDeployment with one window beside spec.scaling."""
    return llama(**window(**fields)["spec"], scaling=scaling)


def exception(**fields: object) -> dict[str, Any]:
    """A LlamaDeployment with one exception."""
    return llama(schedule={"exceptions": [{"state": "Closed", **fields}]})


def toleration(**fields: object) -> dict[str, Any]:
    """A GpuPool with one toleration."""
    return pool(tolerations=[fields])
