"""What the server is told of its weights: a repository of the hub, or a folder that is mounted."""

from typing import Final

from llamafleet.api.source import ClaimSource, HubSource, ImageSource, Source

WEIGHTS_FOLDER: Final = "/weights"


def model_argument(source: Source) -> str:
    """What ``vllm serve`` is told to serve: a hub id, or a folder inside the container."""
    match source:
        case HubSource(repository=repository):
            return repository
        case ClaimSource(path=path):
            return f"{WEIGHTS_FOLDER}/{path}" if path else WEIGHTS_FOLDER
        case ImageSource():
            return WEIGHTS_FOLDER
