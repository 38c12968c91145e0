"""Manifests that every reader takes."""

import pytest

from cases.manifests import (
    exception,
    llama,
    model,
    night,
    pool,
    resources,
    scaled,
    serving,
    toleration,
    window,
)

GOOD = [
    pytest.param(llama(), id="the least that a LlamaDeployment needs"),
    pytest.param(llama(replicas=0), id="no replicas by hand"),
    pytest.param(llama(scaling={"minReplicas": 0, "maxReplicas": 1}), id="scaling from zero"),
    pytest.param(
        llama(scaling={"minReplicas": 4, "maxReplicas": 4, "idleTimeout": "15m"}), id="a fixed scale"
    ),
    pytest.param(llama(suspend=True, cost={"hourlyLimit": "12.00"}), id="asleep with an hourly limit"),
    pytest.param(llama(cost={"monthlyBudget": "856.80", "onExhausted": "Floor"}), id="a monthly budget"),
    pytest.param(model(source="hf://org/name@main", quantization="INT8"), id="a source with its precision"),
    pytest.param(model(tokenSecretRef={"name": "hub", "key": "token"}), id="a token"),
    pytest.param(
        model(adapters=[{"name": "a", "source": "pvc://c/a"}, {"name": "b", "source": "pvc://c/b"}]),
        id="adapters",
    ),
    pytest.param(serving(contextLength=1024, concurrency=4096, vision=True, toolCalling=True), id="serving"),
    pytest.param(serving(image="registry.example.com:5000/vllm@sha256:0123abcd"), id="an image by digest"),
    pytest.param(serving(extraArgs=["--enforce-eager", "--seed=7"]), id="tuning flags"),
    pytest.param(
        serving(extraArgs=["--kv-cache-dtype=fp8_e5m2", "--disable-hybrid-kv-cache-manager"]),
        id="flags whose memory the sizing counts",
    ),
    pytest.param(serving(contextLength=None, concurrency=None, image=None), id="fields that are null"),
    pytest.param(serving(contextLength=65536.0), id="a whole number with a decimal point"),
    pytest.param(
        resources(requests={"cpu": 4, "memory": "64Gi"}, limits={"cpu": "4000m", "memory": "1e12"}),
        id="resources as numbers and texts",
    ),
    pytest.param(llama(gpu={"pools": ["a100", "h100"], "count": 8, "hostOffload": "Never"}), id="GPUs"),
    pytest.param(llama(gpu={"count": 64, "capacityType": "SpotPreferred"}), id="spot GPUs of one large node"),
    pytest.param(window(minReplicas=0, maxReplicas=4), id="a window with bounds"),
    pytest.param(window(minReplicas=1000), id="a window with a floor and no scaling"),
    *(
        pytest.param(scaled(scaling, **bounds), id=f"a window of {bounds} beside a scaling of {scaling}")
        for scaling, bounds in (
            ({"maxReplicas": 6}, {"minReplicas": 6}),
            ({"maxReplicas": 6}, {"minReplicas": 7, "maxReplicas": 8}),
            ({"minReplicas": 3}, {"maxReplicas": 3}),
            ({"minReplicas": 3}, {"minReplicas": 1, "maxReplicas": 2}),
            ({}, {"minReplicas": 10}),
            ({}, {"maxReplicas": 1}),
        )
    ),
    pytest.param(
        llama(
            scaling={"minReplicas": 5}, schedule={"exceptions": [{"date": "2026-12-24", "state": "Closed"}]}
        ),
        id="scaling without a window",
    ),
    *(
        pytest.param(window(duration=duration), id=f"a window of {duration}")
        for duration in ("5m", "300s", "0d0h5m", "30m7h", "1d", "999999d999999d999999d999999d")
    ),
    pytest.param(night(preWarm="Auto", drainTimeout="24h", closeWhenIdle=True), id="a day for draining"),
    pytest.param(night(preWarm="0s", drainTimeout="0s"), id="neither early nor late"),
    pytest.param(night(preWarm="1d", drainTimeout="86400s"), id="a day early"),
    pytest.param(
        llama(
            schedule={
                "windows": [
                    {"name": f"w{index}", "start": "0 1 * * *", "duration": "999999s999999s999999s999999s"}
                    for index in range(64)
                ]
            }
        ),
        id="as many windows as there may be",
    ),
    pytest.param(exception(date="2026-12-24"), id="a day off"),
    pytest.param(
        exception(**{"from": "2026-12-24T18:00:00+01:00", "to": "2026-12-24T18:00:00Z"}),
        id="a span in two offsets",
    ),
    pytest.param(
        llama(
            schedule={
                "timeZone": "America/Argentina/Ushuaia",
                "preWarm": "10m",
                "exceptions": [{"date": "2026-12-24", "state": "Open"}],
            }
        ),
        id="a time zone of three parts",
    ),
    pytest.param(pool(), id="the least that a GpuPool needs"),
    pytest.param(
        pool(
            nodeSelector={"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"},
            hostMemoryPerGpu="144Gi",
            gpusPerNode=1,
        ),
        id="a pool by product",
    ),
    pytest.param(
        pool(price={"onDemand": "1.19", "spot": "0.6"}, resourceName="amd.com/gpu"), id="a pool with prices"
    ),
    pytest.param(pool(gpu="custom-h20"), id="a GPU of the operator's values file"),
    pytest.param(toleration(operator="Exists"), id="every taint"),
    pytest.param(toleration(key="a/b", effect="NoExecute", tolerationSeconds=60), id="a taint for a minute"),
]
