"""Which vLLM serves, and what its version lets us assume."""

import re
from typing import Final

DEFAULT_IMAGE: Final = "vllm/vllm-openai:v0.32.0"
"""The release whose memory behaviour, flags and failures this package was written against."""

HYBRID_KV_SINCE: Final = (0, 32)
"""From this release on we know that the hybrid KV cache manager is on for Llama 4's chunked layers. It
was off, then on again, in releases before (vLLM pull requests 21761 and 29627)."""

_RELEASE: Final = re.compile(r":v?(\d+)\.(\d+)\.\d+[^/]*$")


def serving_image(image: str | None) -> str:
    """The image that serves: the author's, else ours."""
    return image or DEFAULT_IMAGE


def has_hybrid_kv(image: str | None) -> bool:
    """True when the tag names a release with the hybrid manager on; an unknown release counts as off."""
    tag = _RELEASE.search(serving_image(image).partition("@")[0])
    return tag is not None and (int(tag[1]), int(tag[2])) >= HYBRID_KV_SINCE
