"""Where the weights come from: the three forms of ``spec.model.source`` as one value.

Nothing here touches the network or a volume; a source is only parsed and described.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of the Hugging Face hub, downloaded by the pod into its weights volume."""

    repository: str
    revision: str | None


@dataclass(frozen=True, slots=True)
class ClaimSource:
    """A folder on a PersistentVolumeClaim of the resource's own namespace, mounted read-only."""

    claim: str
    path: str


@dataclass(frozen=True, slots=True)
class ImageSource:
    """An OCI image whose files are the weights, mounted read-only as an image volume."""

    reference: str


Source = HubSource | ClaimSource | ImageSource


def parse_source(text: str) -> Source:
    """Read ``hf://org/name@revision``, ``pvc://claim/path`` or ``oci://image``.

    A text without a scheme is a repository of the hub: that is how the catalogue names checkpoints.
    The API server has already refused everything that does not match the field's pattern.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "hf", text
    if scheme == "pvc":
        claim, _, path = rest.partition("/")
        return ClaimSource(claim, path.strip("/"))
    if scheme == "oci":
        return ImageSource(rest)
    repository, _, revision = rest.partition("@")
    return HubSource(repository, revision or None)
