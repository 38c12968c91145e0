"""Manifests that every reader refuses, each with the API server's words and the field that is to change.

The API server has words of its own for bounds and forms. A rule of ours has the same words everywhere.
"""

import pytest

from cases.bad_pools import BAD_POOLS
from cases.manifests import exception, llama, model, night, resources, scaled, serving, window
from llamafleet.api.vllm_flags import OWNED_FLAGS

BAD = [
    pytest.param(
        llama(replicas=2, scaling={}),
        "spec.replicas and spec.scaling exclude each other",
        "spec.replicas",
        id="replicas beside our own autoscaler",
    ),
    pytest.param(
        llama(scaling={"minReplicas": 4, "maxReplicas": 2}),
        "spec.scaling.minReplicas must be at most spec.scaling.maxReplicas",
        "spec.scaling.minReplicas",
        id="a floor above the ceiling",
    ),
    pytest.param(
        llama(scaling={"minReplicas": 11}),
        "spec.scaling.minReplicas must be at most spec.scaling.maxReplicas",
        "spec.scaling.minReplicas",
        id="a floor above the default ceiling",
    ),
    pytest.param(
        llama(scaling={"maxReplicas": 0}),
        "spec.scaling.maxReplicas in body should be greater than or equal to 1",
        "spec.scaling.maxReplicas",
        id="a ceiling of zero",
    ),
    pytest.param(
        window(minReplicas=3, maxReplicas=2),
        "minReplicas of a window of spec.schedule.windows must be at most its maxReplicas",
        "spec.schedule.windows[0].minReplicas",
        id="a window with its floor above its ceiling",
    ),
    *(
        pytest.param(
            scaled(scaling, minReplicas=floor),
            (
                "minReplicas of a window of spec.schedule.windows must be at most spec.scaling.maxReplicas, "
                "unless the window has a maxReplicas of its own"
            ),
            "spec.schedule.windows",
            id=f"a window with its floor above the {words}",
        )
        for scaling, floor, words in (
            ({"maxReplicas": 6}, 7, "ceiling of scaling"),
            ({}, 11, "default ceiling of scaling"),
        )
    ),
    pytest.param(
        scaled({"minReplicas": 3}, maxReplicas=2),
        (
            "maxReplicas of a window of spec.schedule.windows must be at least spec.scaling.minReplicas, "
            "unless the window has a minReplicas of its own"
        ),
        "spec.schedule.windows",
        id="a window with its ceiling below the floor of scaling",
    ),
    pytest.param(
        window(start="@daily"),
        "start of a window of spec.schedule.windows must be five cron fields",
        "spec.schedule.windows[0].start",
        id="a start that is no cron",
    ),
    pytest.param(
        window(start="0 22 * *"),
        "start of a window of spec.schedule.windows must be five cron fields",
        "spec.schedule.windows[0].start",
        id="a cron of four fields",
    ),
    pytest.param(
        window(duration="PT8H"),
        "spec.schedule.windows[0].duration in body should match",
        "spec.schedule.windows[0].duration",
        id="another duration form",
    ),
    pytest.param(
        window(duration="-8h"),
        "spec.schedule.windows[0].duration in body should match",
        "spec.schedule.windows[0].duration",
        id="a negative duration",
    ),
    *(
        pytest.param(
            window(duration=duration),
            "duration of a window of spec.schedule.windows must be at least 5m",
            "spec.schedule.windows[0].duration",
            id=f"a window of {duration}",
        )
        for duration in ("0s", "0d0h00m", "299s", "4m59s", "1m1m1m1m")
    ),
    pytest.param(
        window(minReplicas=1_000_000_000),
        "spec.schedule.windows[0].minReplicas in body should be less than or equal to 1000",
        "spec.schedule.windows[0].minReplicas",
        id="a billion replicas in a window",
    ),
    pytest.param(
        window(maxReplicas=1_000_000_000),
        "spec.schedule.windows[0].maxReplicas in body should be less than or equal to 1000",
        "spec.schedule.windows[0].maxReplicas",
        id="a billion replicas in a window at most",
    ),
    pytest.param(
        night(drainTimeout="24h1s"),
        "spec.schedule.drainTimeout must be at most 24h",
        "spec.schedule.drainTimeout",
        id="a drain of more than a day",
    ),
    pytest.param(
        night(drainTimeout="-5m"),
        "spec.schedule.drainTimeout in body should match",
        "spec.schedule.drainTimeout",
        id="a negative drain",
    ),
    pytest.param(
        night(preWarm="2d"),
        "spec.schedule.preWarm must be Auto or at most 24h",
        "spec.schedule.preWarm",
        id="opening two days early",
    ),
    pytest.param(
        night(preWarm="auto"),
        "spec.schedule.preWarm in body should match",
        "spec.schedule.preWarm",
        id="auto without its capital",
    ),
    pytest.param(
        llama(schedule={"windows": [{"name": "a", "start": "0 1 * * *", "duration": "1h"}] * 2}),
        'spec.schedule.windows[1]: Duplicate value: {"name":"a"}',
        "spec.schedule.windows[1].name",
        id="two windows of one name",
    ),
    pytest.param(
        llama(schedule={}),
        "spec.schedule must have at least one of windows and exceptions",
        "spec.schedule",
        id="an empty schedule",
    ),
    pytest.param(
        llama(schedule={"timeZone": "../etc/passwd", "windows": []}),
        "spec.schedule.timeZone in body should match",
        "spec.schedule.timeZone",
        id="a time zone that is a path",
    ),
    pytest.param(
        exception(),
        "an exception of spec.schedule.exceptions must have either date, or both from and to",
        "spec.schedule.exceptions[0]",
        id="an exception without a time",
    ),
    pytest.param(
        exception(date="2026-12-24", to="2026-12-24T18:00:00Z"),
        "an exception of spec.schedule.exceptions must have either date, or both from and to",
        "spec.schedule.exceptions[0]",
        id="an exception with date and to",
    ),
    pytest.param(
        exception(**{"from": "2026-12-24T18:00:00Z"}),
        "an exception of spec.schedule.exceptions must have either date, or both from and to",
        "spec.schedule.exceptions[0]",
        id="an exception without an end",
    ),
    pytest.param(
        exception(**{"from": "2026-12-24T18:00:00Z", "to": "2026-12-24T18:00:00+01:00"}),
        "from of an exception of spec.schedule.exceptions must be earlier than its to",
        "spec.schedule.exceptions[0].from",
        id="an exception that ends before it begins",
    ),
    pytest.param(
        exception(date="24.12.2026"),
        "must be of type date",
        "spec.schedule.exceptions[0].date",
        id="a date of another form",
    ),
    pytest.param(
        exception(date="1798070400"),
        "must be of type date",
        "spec.schedule.exceptions[0].date",
        id="a date in seconds",
    ),
    pytest.param(
        exception(**{"from": "2026-12-24T18:00:00", "to": "2026-12-24T20:00:00Z"}),
        "spec.schedule.exceptions[0].from in body should match",
        "spec.schedule.exceptions[0].from",
        id="an instant without its offset",
    ),
    pytest.param(
        llama(cost={"onExhausted": "Warn"}),
        "spec.cost must have at least one of hourlyLimit and monthlyBudget",
        "spec.cost",
        id="a cost without a limit",
    ),
    pytest.param(
        llama(cost={"hourlyLimit": "0.00"}),
        "spec.cost.hourlyLimit must be more than zero",
        "spec.cost.hourlyLimit",
        id="an hourly limit of nothing",
    ),
    pytest.param(
        llama(cost={"monthlyBudget": "0"}),
        "spec.cost.monthlyBudget must be more than zero",
        "spec.cost.monthlyBudget",
        id="a budget of nothing",
    ),
    pytest.param(
        llama(cost={"monthlyBudget": "-900.00"}),
        "spec.cost.monthlyBudget in body should match",
        "spec.cost.monthlyBudget",
        id="a negative budget",
    ),
    pytest.param(
        llama(cost={"hourlyLimit": "-1"}),
        "spec.cost.hourlyLimit in body should match",
        "spec.cost.hourlyLimit",
        id="a negative limit",
    ),
    pytest.param(
        llama(cost={"monthlyBudget": "1e9"}),
        "spec.cost.monthlyBudget in body should match",
        "spec.cost.monthlyBudget",
        id="a budget with an exponent",
    ),
    pytest.param(
        llama(cost={"hourlyLimit": 12}),
        'spec.cost.hourlyLimit in body must be of type string: "integer"',
        "spec.cost.hourlyLimit",
        id="a float",
    ),
    pytest.param(
        llama(cost={"hourlyLimit": "12,00"}),
        "spec.cost.hourlyLimit in body should match",
        "spec.cost.hourlyLimit",
        id="a decimal comma",
    ),
    pytest.param(
        model(source="hf://org/name"),
        "spec.model.quantization must be named when spec.model.source is given",
        "spec.model.quantization",
        id="a source without its precision",
    ),
    pytest.param(
        model(source="pvc://claim/../other", quantization="FP8"),
        "spec.model.source in body should match",
        "spec.model.source",
        id="a source that climbs out of its volume",
    ),
    pytest.param(
        model(source="https://example.com/w", quantization="FP8"),
        "spec.model.source in body should match",
        "spec.model.source",
        id="a source of an unknown scheme",
    ),
    pytest.param(
        model(adapters=[{"name": "a", "source": "pvc://c/a"}] * 2),
        'spec.model.adapters[1]: Duplicate value: {"name":"a"}',
        "spec.model.adapters[1].name",
        id="two adapters of one name",
    ),
    *(
        pytest.param(
            model(tokenSecretRef={"name": "hub", "key": key}),
            "spec.model.tokenSecretRef.key in body should match",
            "spec.model.tokenSecretRef.key",
            id=f"the key {key} of a Secret, which Kubernetes does not take",
        )
        for key in (".", "..", "..data")
    ),
    pytest.param(
        model(tokenSecretRef={"name": "hub"}),
        "spec.model.tokenSecretRef.key: Required value",
        "spec.model.tokenSecretRef.key",
        id="half a reference",
    ),
    pytest.param(
        llama(model={"variant": "behemoth"}),
        "spec.model.variant must be a model that was released: Llama 4 Behemoth was announced in April 2025",
        "spec.model.variant",
        id="a model that was never released",
    ),
    pytest.param(
        llama(model={"variant": "llama-4-behemoth"}),
        "and never released: there are no weights to serve",
        "spec.model.variant",
        id="the same model by its full name",
    ),
    pytest.param(
        llama(model={"variant": "llama-5"}),
        'spec.model.variant: Unsupported value: "llama-5": supported values: "scout", "maverick"',
        "spec.model.variant",
        id="an unknown variant",
    ),
    pytest.param(
        model(quantization="FP32"),
        'spec.model.quantization: Unsupported value: "FP32": supported values: "Auto", "BF16", "FP8"',
        "spec.model.quantization",
        id="four bytes a weight",
    ),
    pytest.param(
        model(quantization="INT3"),
        'spec.model.quantization: Unsupported value: "INT3": supported values: "Auto", "BF16", "FP8"',
        "spec.model.quantization",
        id="three bits",
    ),
    pytest.param(
        llama(model={}), "spec.model.variant: Required value", "spec.model.variant", id="no variant"
    ),
    pytest.param(
        serving(contextLength=1023),
        "greater than or equal to 1024",
        "spec.serving.contextLength",
        id="a context that is too short",
    ),
    pytest.param(
        serving(contextLength=10_485_761),
        "less than or equal to 10485760",
        "spec.serving.contextLength",
        id="a context beyond every model",
    ),
    pytest.param(
        serving(image="vllm:v1; rm"),
        "spec.serving.image in body should match",
        "spec.serving.image",
        id="an image with a command",
    ),
    pytest.param(
        serving(extraArgs=["--seed=7", "--tensor-parallel-size=8"]),
        "spec.serving.extraArgs must leave this flag to the operator: spec.gpu.count decides it",
        "spec.serving.extraArgs[1]",
        id="a flag that the operator sets",
    ),
    *(
        pytest.param(
            serving(extraArgs=[f"{flag}=1"]),
            f"spec.serving.extraArgs must leave this flag to the operator: {owner} decides it",
            "spec.serving.extraArgs[0]",
            id=f"the flag {flag}",
        )
        for flag, owner in OWNED_FLAGS.items()
    ),
    pytest.param(
        serving(extraArgs=["--trust-remote-code"]),
        "spec.serving.extraArgs must name only allowed tuning flags",
        "spec.serving.extraArgs[0]",
        id="a flag that loads code",
    ),
    pytest.param(
        serving(extraArgs=["--enforce-eager=true"]),
        "spec.serving.extraArgs must give this flag without a value, as --flag",
        "spec.serving.extraArgs[0]",
        id="a switch with a value",
    ),
    pytest.param(
        serving(extraArgs=["--seed"]),
        "spec.serving.extraArgs must give this flag with its value, as --flag=value",
        "spec.serving.extraArgs[0]",
        id="a flag without its value",
    ),
    pytest.param(
        serving(extraArgs=["--kv-cache-dtype=nvfp4"]),
        "spec.serving.extraArgs must give --kv-cache-dtype one of the values auto, bfloat16, fp8, fp8_e4m3",
        "spec.serving.extraArgs[0]",
        id="a KV cache that the sizing cannot count",
    ),
    pytest.param(
        serving(extraArgs=["--kv-cache-dtype"]),
        "spec.serving.extraArgs must give this flag with its value, as --flag=value",
        "spec.serving.extraArgs[0]",
        id="a KV cache of no type",
    ),
    pytest.param(
        serving(extraArgs=["-tp", "8"]),
        "spec.serving.extraArgs[0] in body should match",
        "spec.serving.extraArgs[0]",
        id="a short flag",
    ),
    pytest.param(
        serving(extraArgs=["--seed=7\n--host=::"]),
        "spec.serving.extraArgs[0] in body should match",
        "spec.serving.extraArgs[0]",
        id="a line break in a flag",
    ),
    pytest.param(
        serving(extraArgs=["--max-log-len=\x9b2J"]),
        "spec.serving.extraArgs[0] in body should match",
        "spec.serving.extraArgs[0]",
        id="a flag that clears the screen of whoever reads it",
    ),
    pytest.param(
        serving(extraArgs=["--kv_cache_dtype=fp8"]),
        "spec.serving.extraArgs[0] in body should match",
        "spec.serving.extraArgs[0]",
        id="a flag with underscores, which vLLM would take for dashes",
    ),
    pytest.param(
        serving(extraArgs=["--max-model=8192"]),
        "spec.serving.extraArgs must name only allowed tuning flags",
        "spec.serving.extraArgs[0]",
        id="a flag cut short, which vLLM might complete",
    ),
    pytest.param(
        serving(extraArgs=["--kv-cache-dtype=fp8 --host=::"]),
        "spec.serving.extraArgs must give --kv-cache-dtype one of the values auto, bfloat16, fp8, fp8_e4m3",
        "spec.serving.extraArgs[0]",
        id="two flags in one",
    ),
    pytest.param(
        serving(extraArgs=["--seed=7"] * 33),
        "must have at most 32 items",
        "spec.serving.extraArgs",
        id="too many flags",
    ),
    pytest.param(
        resources(requests={"nvidia.com/gpu": 1}),
        "spec.serving.resources.requests must name only cpu, memory and ephemeral-storage",
        "spec.serving.resources.requests",
        id="a GPU request by hand",
    ),
    pytest.param(
        resources(limits={"hugepages-2Mi": 1}),
        "spec.serving.resources.limits must name only cpu, memory and ephemeral-storage",
        "spec.serving.resources.limits",
        id="a limit of another resource",
    ),
    pytest.param(
        resources(requests={"memory": "1Gi"}, limits={"memory": "1G"}),
        "spec.serving.resources.requests must be at most the limits of the same key",
        "spec.serving.resources.requests",
        id="a request above its limit",
    ),
    pytest.param(
        resources(requests={"memory": "64gb"}),
        "spec.serving.resources.requests.memory in body should match",
        "spec.serving.resources.requests.memory",
        id="a bad quantity",
    ),
    pytest.param(
        resources(requests={"cpu": -1}),
        "should be greater than or equal to 0",
        "spec.serving.resources.requests.cpu",
        id="a negative quantity as a number",
    ),
    pytest.param(
        llama(gpu={"count": 3}),
        "spec.gpu.count must be a power of two, such as 2, 4 or 8: tensor parallelism splits the",
        "spec.gpu.count",
        id="three GPUs",
    ),
    pytest.param(
        llama(gpu={"count": 128}),
        "spec.gpu.count in body should be less than or equal to 64",
        "spec.gpu.count",
        id="128 GPUs",
    ),
    pytest.param(
        llama(gpu={"count": "8"}),
        'spec.gpu.count in body must be of type integer: "string"',
        "spec.gpu.count",
        id="GPUs as text",
    ),
    pytest.param(
        llama(gpu={"capacityType": "Preemptible"}),
        'spec.gpu.capacityType: Unsupported value: "Preemptible"',
        "spec.gpu.capacityType",
        id="an unknown capacity type",
    ),
    pytest.param(
        llama(suspend="true"),
        'spec.suspend in body must be of type boolean: "string"',
        "spec.suspend",
        id="true as text",
    ),
    pytest.param(
        llama(gpu={"pools": ["a", "a"]}),
        'spec.gpu.pools[1]: Duplicate value: "a"',
        "spec.gpu.pools[1]",
        id="a pool named twice",
    ),
    pytest.param(
        llama(gpu={"pools": ["A100"]}),
        "spec.gpu.pools[0] in body should match",
        "spec.gpu.pools[0]",
        id="a pool in capitals",
    ),
    pytest.param(
        llama(replicas=1001),
        "spec.replicas in body should be less than or equal to 1000",
        "spec.replicas",
        id="too many",
    ),
    pytest.param(
        llama(replicas=1_000_000_000),
        "spec.replicas in body should be less than or equal to 1000",
        "spec.replicas",
        id="a billion replicas",
    ),
    pytest.param(
        llama(scaling={"maxReplicas": 1_000_000_000}),
        "spec.scaling.maxReplicas in body should be less than or equal to 1000",
        "spec.scaling.maxReplicas",
        id="a ceiling of a billion",
    ),
    pytest.param(
        llama(name="8b"),
        "metadata.name must be at most 63 lower-case letters",
        "metadata.name",
        id="a name that no Service can have",
    ),
    pytest.param(
        llama(name="a" * 64),
        "metadata.name must be at most 63 lower-case letters",
        "metadata.name",
        id="a name that is too long",
    ),
    pytest.param(
        llama(name="a.b"),
        "metadata.name must be at most 63 lower-case letters",
        "metadata.name",
        id="a name with a dot",
    ),
    pytest.param(
        serving(context_length=8192),
        'unknown field "spec.serving.context_length"',
        "spec.serving.context_length",
        id="our own spelling",
    ),
    pytest.param(llama(sclaing={}), 'unknown field "spec.sclaing"', "spec.sclaing", id="a misspelt field"),
    *BAD_POOLS,
]
