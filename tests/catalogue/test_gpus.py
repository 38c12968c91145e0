"""The GPUs of the catalogue: their memory, their labels, and that each names its sources."""

from decimal import Decimal

import pytest

from llamafleet.catalogue import gpus

GIB = 2**30

MEMORY_GIB = {
    "a100-40gb": "39.25",
    "a100-80gb": "79.15",
    "h100-80gb": "79.10",
    "h100-pcie": "79.10",
    "h100-nvl": "93.02",
    "h200": "139.72",
    "b200": "178.35",
    "l4": "22.03",
    "a10g": "22.06",
    "l40": "44.40",
    "l40s": "44.39",
    "rtx-4090": "23.52",
    "rtx-6000-ada": "47.40",
    "rtx-pro-6000": "94.97",
    "mi300x": "191.69",
}

PRODUCTS = {
    "a100-40gb": ("NVIDIA-A100-SXM4-40GB", "NVIDIA-A100-PCIE-40GB"),
    "a100-80gb": ("NVIDIA-A100-SXM4-80GB", "NVIDIA-A100-80GB-PCIe"),
    "h100-80gb": ("NVIDIA-H100-80GB-HBM3",),
    "h100-pcie": ("NVIDIA-H100-PCIe",),
    "h100-nvl": ("NVIDIA-H100-NVL",),
    "h200": ("NVIDIA-H200",),
    "b200": ("NVIDIA-B200",),
    "l4": ("NVIDIA-L4",),
    "a10g": ("NVIDIA-A10G",),
    "l40": ("NVIDIA-L40",),
    "l40s": ("NVIDIA-L40S",),
    "rtx-4090": ("NVIDIA-GeForce-RTX-4090",),
    "rtx-6000-ada": ("NVIDIA-RTX-6000-Ada-Generation",),
    "rtx-pro-6000": (
        "NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition",
        "NVIDIA-RTX-PRO-6000-Blackwell-Workstation-Edition",
    ),
    "mi300x": (),
}


def test_every_gpu_counts_the_memory_that_cuda_reports() -> None:
    assert {key: Decimal(text) for key, text in MEMORY_GIB.items()} == {
        key: (Decimal(gpu.memory) / GIB).quantize(Decimal("0.01")) for key, gpu in gpus().items()
    }


def test_every_gpu_is_found_by_the_label_that_gpu_feature_discovery_gives_it() -> None:
    assert {key: gpu.products for key, gpu in gpus().items()} == PRODUCTS


def test_no_label_belongs_to_two_gpus() -> None:
    labels = [label for gpu in gpus().values() for label in gpu.products]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("key", MEMORY_GIB)
def test_every_gpu_has_a_name_and_a_source_for_its_figures(key: str) -> None:
    gpu = gpus()[key]
    assert (gpu.key, bool(gpu.name), bool(gpu.memory_source), bool(gpu.source)) == (key, True, True, True)


@pytest.mark.parametrize("key", sorted(MEMORY_GIB.keys() - {"mi300x"}))
def test_cuda_has_less_than_the_driver_lists_and_not_much_less(key: str) -> None:
    gpu = gpus()[key]
    driver = max(gpu.driver_mib) * 2**20
    assert 0 < driver - gpu.memory < driver / 20


@pytest.mark.parametrize(
    ("gpu", "tokens"),
    [
        ("a100-80gb", 2048),
        ("l40", 2048),
        ("l40s", 2048),
        ("h100-80gb", 8192),
        ("h100-pcie", 8192),
        ("h200", 8192),
        ("b200", 16384),
        ("mi300x", 16384),
    ],
)
def test_a_step_has_the_tokens_that_vllm_resolves_for_the_gpu(gpu: str, tokens: int) -> None:
    assert gpus()[gpu].max_batched_tokens == tokens
