"""GpuPools that every reader refuses, in the form of :mod:`cases.bad`."""

import pytest

from cases.manifests import pool, toleration

BAD_POOLS = [
    pytest.param(
        pool(gpu="a100"),
        "spec.gpu must be a GPU of the catalogue (a100-40gb, ",
        "spec.gpu",
        id="an unknown GPU",
    ),
    pytest.param(
        pool(name="a.b"),
        "metadata.name must be at most 63 lower-case letters",
        "metadata.name",
        id="a pool with a dot",
    ),
    pytest.param(
        pool(gpusPerNode=0),
        "spec.gpusPerNode in body should be greater than or equal to 1",
        "spec.gpusPerNode",
        id="no GPUs",
    ),
    pytest.param(
        pool(resourceName="cpu"),
        "spec.resourceName in body should match",
        "spec.resourceName",
        id="a resource that is no GPU",
    ),
    pytest.param(
        pool(hostMemoryPerGpu="144 GB"),
        "spec.hostMemoryPerGpu in body should match",
        "spec.hostMemoryPerGpu",
        id="bad host memory",
    ),
    *(
        pytest.param(
            pool(resourceName=name),
            "spec.resourceName must have at most 244 characters before its slash",
            "spec.resourceName",
            id=f"a resource that Kubernetes does not take: {name[:24]}",
        )
        for name in ("a" * 245 + "/gpu", "requests.nvidia.com/gpu", "x.kubernetes.io/gpu")
    ),
    pytest.param(
        pool(nodeSelector={"a" * 254 + "/b": "c"}),
        "every key of spec.nodeSelector must be a label key",
        "spec.nodeSelector",
        id="a label key with a long prefix",
    ),
    pytest.param(
        toleration(key="a" * 254 + "/b", operator="Exists"),
        "key of a toleration must have at most 253 characters before its slash",
        "spec.tolerations[0].key",
        id="a taint with a long prefix",
    ),
    pytest.param(
        pool(nodeSelector={"a b": "c"}),
        "every key of spec.nodeSelector must be a label key",
        "spec.nodeSelector",
        id="a bad label key",
    ),
    pytest.param(
        pool(nodeSelector={"a": "b c"}),
        "spec.nodeSelector.a in body should match",
        "spec.nodeSelector.a",
        id="a bad label value",
    ),
    pytest.param(
        pool(price={}),
        "spec.price must have at least one of onDemand and spot",
        "spec.price",
        id="an empty price",
    ),
    pytest.param(
        pool(price={"spot": "-1"}),
        "spec.price.spot in body should match",
        "spec.price.spot",
        id="a negative price",
    ),
    pytest.param(
        toleration(key="a", operator="Exists", value="b"),
        "value of a toleration must be absent when its operator is Exists",
        "spec.tolerations[0].value",
        id="a toleration of any value and of one",
    ),
    pytest.param(
        toleration(value="b"),
        "operator of a toleration must be Exists when its key is absent",
        "spec.tolerations[0].operator",
        id="a value of no key",
    ),
    pytest.param(
        toleration(key="a", effect="NoSchedule", tolerationSeconds=1),
        "effect of a toleration must be NoExecute when its tolerationSeconds is given",
        "spec.tolerations[0].effect",
        id="seconds for another effect",
    ),
]
