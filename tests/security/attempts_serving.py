"""Attempts by ``spec.serving``: images, words among the flags, resources of the host."""

from typing import Final

from security.attempts import Attempt, flags, serving
from security.attempts_flags import FLAG

WORDS: Final = {
    "a word that is no flag": "reboot",
    "a short option": "-tp",
    "the end of options": "--",
    "a file of arguments": "@/etc/passwd",
    "a flag with a space": "--seed 7",
    "a flag and another": "--seed --host",
    "a line break in a value": "--seed=7\n--host=::",
    "a NUL in a value": "--seed=7\x00--host=::",
    "a colour in a value": "--uvicorn-log-level=\x1b[31m",
    "a delete in a value": "--uvicorn-log-level=\x7f",
    "a C1 control in a value": "--uvicorn-log-level=\x9b31m",
    "a look-alike of a dash": "\u2010\u2010seed=7",
    "a look-alike of a letter in a flag": "--s\u0435ed=7",
    "capitals": "--SEED=7",
    "an underscore for a dash": "--trust_remote_code",
    "an abbreviation": "--trust-remote",
    "an abbreviation of an allowed flag": "--see=7",
    "a dotted flag": "--override-generation-config.temperature=0",
    "an allowed flag and a plus": "--override-generation-config+={}",
    "a switch with a value": "--enforce-eager=true",
    "a value that is missing": "--seed",
    "an empty value": "--seed=",
    "a flag without end": "--seed=" + "7" * 300,
    "a type of keys that is a path": "--kv-cache-dtype=/etc/passwd",
    "a type of keys and an option": "--kv-cache-dtype=fp8 --host=::",
    "an empty word": "",
}

IMAGES: Final = {
    "an image and a command": "vllm:v1; rm -rf /",
    "an image and a space": "vllm:v1 --privileged",
    "an image and a line break": "vllm:v1\nhostNetwork: true",
    "an image that is an option": "--privileged",
    "an image that is a path": "/etc/passwd",
    "an image that is a variable": "$(IMAGE)",
    "an image by its address": "https://evil.example/vllm",
    "an image of other letters": "vll\u043c:v1",
    "an image with quotes": 'vllm"v1',
    "an image with a backslash": "vllm\\v1",
    "an image whose name climbs": "vllm/../../etc:1",
    "an image whose name is empty in between": "vllm//etc:1",
    "an image with two tags": "vllm:v1:v2",
    "an image with half a digest": "vllm@sha256:",
    "an image without end": "x" * 100_000,
    "an empty image": "",
}

RESOURCES: Final = {
    "a GPU by hand": {"requests": {"nvidia.com/gpu": 8}},
    "a GPU by its limit": {"limits": {"nvidia.com/gpu": 8}},
    "the network card": {"limits": {"rdma/hca": 1}},
    "huge pages": {"limits": {"hugepages-2Mi": "1Gi"}},
    "a device of the host": {"limits": {"devices.kubevirt.io/kvm": 1}},
    "a negative amount": {"requests": {"cpu": "-1"}},
    "an amount that is no number": {"requests": {"memory": "NaN"}},
    "an amount without end": {"requests": {"memory": "9" * 60}},
    "a huge exponent": {"requests": {"memory": "1e999"}},
    "an amount and an option": {"requests": {"cpu": "1 --host"}},
    "more than its own limit": {"requests": {"cpu": "9"}, "limits": {"cpu": "1"}},
}

REFUSED_SERVING: Final = {
    **{what: Attempt(flags(word), FLAG) for what, word in WORDS.items()},
    **{
        f"{what}, after an honest flag": Attempt(flags("--seed=7", word), "spec.serving.extraArgs[1]")
        for what, word in list(WORDS.items())[:6]
    },
    **{what: Attempt(serving(image=image), "spec.serving.image") for what, image in IMAGES.items()},
    **{what: Attempt(serving(resources=one), "spec.serving.resources") for what, one in RESOURCES.items()},
    "claims of devices": Attempt(
        serving(resources={"claims": [{"name": "nic"}]}), 'unknown field "spec.serving.resources.claims"'
    ),
    "flags without number": Attempt(flags(*["--seed=7"] * 500), "spec.serving.extraArgs"),
    "a context without end": Attempt(serving(contextLength=2**62), "spec.serving.contextLength"),
    "a context below nothing": Attempt(serving(contextLength=-1), "spec.serving.contextLength"),
    "a context that is no number": Attempt(serving(contextLength="1e3"), "spec.serving.contextLength"),
    "a crowd without end": Attempt(serving(concurrency=10**9), "spec.serving.concurrency"),
}

TAKEN_SERVING: Final = {
    "a variable of the pod": Attempt(flags("--uvicorn-log-level=$(HF_TOKEN)"), None),
    "a variable that is escaped": Attempt(flags("--uvicorn-log-level=$$(HF_TOKEN)"), None),
    "a variable in braces": Attempt(flags("--uvicorn-log-level=${HF_TOKEN}"), None),
    "a variable, an odd number of times": Attempt(flags("--uvicorn-log-level=$$$(HF_TOKEN)$"), None),
    "backticks": Attempt(flags("--max-log-len=`reboot`"), None),
    "a command after a value": Attempt(flags("--uvicorn-log-level=info;reboot"), None),
    "a command after an ampersand": Attempt(flags("--uvicorn-log-level=info&&reboot"), None),
    "quotes": Attempt(flags("--uvicorn-log-level=\"'\"'"), None),
    "a space and an option in a value": Attempt(flags("--uvicorn-log-level=info --host=::"), None),
    "an assignment in a value": Attempt(flags("--seed=--host=::"), None),
    "a file in a value": Attempt(flags("--override-generation-config=@/etc/passwd"), None),
    "a template in a value": Attempt(
        flags('--default-chat-template-kwargs={"chat_template":"{{7*7}}"}'), None
    ),
    "a look-alike in a value": Attempt(flags("--seed=\uff17"), None),
    "writing turned round in a value": Attempt(flags("--uvicorn-log-level=\u202eofni"), None),
    "the same flag twice": Attempt(flags("--seed=1", "--seed=2"), None),
    "as many flags as there may be": Attempt(flags(*["--seed=7"] * 32), None),
    "an image of somebody": Attempt(serving(image="evil.example/miner:latest"), None),
    "an image by its digest": Attempt(serving(image="vllm@sha256:" + "a" * 64), None),
    "all memory of the world": Attempt(serving(resources={"requests": {"memory": "8191Pi"}}), None),
    "a huge exponent that is taken": Attempt(serving(resources={"requests": {"cpu": "1e18"}}), None),
    "a part of a byte": Attempt(serving(resources={"requests": {"memory": "1m"}}), None),
    "no memory at all": Attempt(serving(resources={"limits": {"memory": "0", "cpu": "0"}}), None),
    "the longest context": Attempt(serving(contextLength=10_485_760), None),
    "the largest crowd": Attempt(serving(concurrency=4096), None),
}
