"""Which images let the sizing count on the hybrid KV cache manager."""

import pytest

from llamafleet.planning.sizing.image import DEFAULT_IMAGE, has_hybrid_kv, serving_image


@pytest.mark.parametrize(
    ("image", "hybrid"),
    [
        pytest.param(None, True, id="our own default"),
        pytest.param("vllm/vllm-openai:v0.32.1", True, id="a later patch"),
        pytest.param("registry.example:5000/mirror/vllm:0.33.0", True, id="a later release on a mirror"),
        pytest.param("vllm/vllm-openai:v1.0.0", True, id="a later major release"),
        pytest.param("vllm/vllm-openai:v0.32.0-cu129", True, id="a build of the release"),
        pytest.param("vllm/vllm-openai:v0.32.0@sha256:" + "0" * 64, True, id="tag and digest"),
        pytest.param("vllm/vllm-openai:v0.31.2", False, id="an earlier release"),
        pytest.param("vllm/vllm-openai:latest", False, id="a tag without a release"),
        pytest.param("vllm/vllm-openai", False, id="no tag"),
        pytest.param("vllm/vllm-openai@sha256:" + "0" * 64, False, id="a digest alone"),
        pytest.param("registry.example:5000/vllm", False, id="a port is no tag"),
    ],
)
def test_only_a_known_release_counts(image: str | None, *, hybrid: bool) -> None:
    assert has_hybrid_kv(image) is hybrid


def test_without_an_image_ours_serves() -> None:
    assert serving_image(None) == DEFAULT_IMAGE == "vllm/vllm-openai:v0.32.0"
    assert serving_image("acme/vllm:1") == "acme/vllm:1"
