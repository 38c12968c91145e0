"""The part of an object's metadata that decisions read. Kubernetes owns the rest."""

from collections.abc import Mapping

from pydantic import Field

from llamafleet.api.base import Record


class ObjectMeta(Record):
    """Metadata as the API server gives it; everything but the name may be missing on a laptop."""

    name: str
    """The name of the object."""

    namespace: str = ""
    """The namespace of the object; empty for an object of the whole cluster."""

    uid: str = ""
    """The identity that the API server gave the object; empty when it never was in a cluster."""

    resource_version: str = ""
    """The version of the whole object; empty when it never was in a cluster."""

    generation: int = 0
    """The version of the spec; 0 when the object never was in a cluster."""

    annotations: Mapping[str, str] = Field(default_factory=dict)
    """The annotations of the object."""
