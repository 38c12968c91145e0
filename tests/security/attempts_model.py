"""Attempts by ``spec.model``: weights from where nobody may look, options and commands for names."""

from typing import Final

from security.attempts import Attempt, model, source

SOURCE: Final = "spec.model.source in body should match"
SECRET: Final = "spec.model.tokenSecretRef"  # noqa: S105 - a field
ADAPTER: Final = "spec.model.adapters[0]"

SOURCES: Final = {
    "a command after a model": "hf://org/name;reboot",
    "a command in a model": "hf://org/$(reboot)",
    "backticks in a model": "hf://org/`reboot`",
    "a pipe in a model": "hf://org/name|sh",
    "a quote in a model": "hf://org/na'me",
    "a space before an option": "hf://org/name --trust-remote-code",
    "a line break before an option": "hf://org/name\n--trust-remote-code",
    "a tab before an option": "hf://org/name\t--trust-remote-code",
    "a NUL before an option": "hf://org/name\x00--trust-remote-code",
    "an option for an organisation": "hf://--trust-remote-code/x",
    "an option for a repository": "hf://org/--trust-remote-code",
    "a short option for a repository": "hf://-O3/x",
    "an option for a revision": "hf://org/name@--trust-remote-code",
    "a second revision": "hf://org/name@main@--host=::",
    "an assignment in a revision": "hf://org/name@main=--host",
    "a revision that climbs": "hf://org/name@../../../etc/passwd",
    "a revision that climbs later": "hf://org/name@main/../../etc",
    "a repository that climbs": "hf://../../etc",
    "a repository of dots": "hf://./.",
    "a repository of three steps": "hf://org/name/deeper",
    "a folder for a repository": "hf:///etc/passwd",
    "a variable of the pod for a model": "hf://org/$(HF_TOKEN)",
    "a user and a host for a model": "hf://user:pass@evil.example/x",
    "another scheme": "file:///etc/passwd",
    "a bucket": "s3://bucket/weights",
    "a web page": "https://evil.example/weights",
    "a scheme in capitals": "HF://org/name",
    "two schemes": "hf://pvc://claim/x",
    "a look-alike of a slash": "hf://org\u2215name/x",
    "a look-alike of a letter": "hf://\u043erg/name",
    "a mark that turns the writing round": "hf://org/na\u202eme",
    "a claim that climbs": "pvc://claim/../../etc",
    "a claim that climbs at once": "pvc://../etc",
    "a claim that climbs in the middle": "pvc://claim/a/../../../etc",
    "a claim and an absolute folder": "pvc://claim//etc/passwd",
    "a hidden folder of a claim": "pvc://claim/.ssh",
    "a claim of another namespace": "pvc://kube-system:claim/x",
    "a claim that is a variable": "pvc://$(CLAIM)/x",
    "a claim in capitals": "pvc://CLAIM/x",
    "no claim": "pvc:///x",
    "a folder with an option": "pvc://claim/--host=::",
    "an image with a command": "oci://registry.example/m:1; rm",
    "an image with an option": "oci://--privileged",
    "an image that is a variable": "oci://$(IMAGE)",
    "an image on the host": "oci:///etc/passwd",
    "an image with a line break": "oci://registry.example/m\n- hostPath",
    "an image with an odd digest": "oci://registry.example/m@",
    "an image whose name climbs": "oci://registry.example/a/../../m:1",
    "an image by its address": "oci://https://registry.example/m:1",
    "a source without end": "hf://org/" + "x" * 600,
}

ACCOUNTS: Final = {
    "a Secret by its namespace": {"name": "kube-system/hub", "key": "token"},
    "a Secret that climbs": {"name": "../kube-system/hub", "key": "token"},
    "a Secret that is a variable": {"name": "$(SECRET)", "key": "token"},
    "a Secret in capitals": {"name": "HUB", "key": "token"},
    "a Secret without a name": {"name": "", "key": "token"},
    "a key that climbs": {"name": "hub", "key": "../../token"},
    "a key of two dots": {"name": "hub", "key": ".."},
    "a key with an assignment": {"name": "hub", "key": "token=x"},
    "a key without end": {"name": "hub", "key": "k" * 300},
}

REFUSED_MODELS: Final = {
    **{what: Attempt(source(text), "spec.model.source") for what, text in SOURCES.items()},
    **{what: Attempt(model(tokenSecretRef=ref), SECRET) for what, ref in ACCOUNTS.items()},
    "a Secret of another namespace": Attempt(
        model(tokenSecretRef={"name": "hub", "key": "token", "namespace": "kube-system"}),
        'unknown field "spec.model.tokenSecretRef.namespace"',
    ),
    "an adapter with a command": Attempt(
        model(adapters=[{"name": "a", "source": "hf://org/x;reboot"}]), ADAPTER
    ),
    "an adapter with an option": Attempt(model(adapters=[{"name": "--x", "source": "hf://org/x"}]), ADAPTER),
    "an adapter by a path": Attempt(
        model(adapters=[{"name": "a", "source": "pvc://claim/../../etc"}]), ADAPTER
    ),
    "two adapters in one name": Attempt(
        model(adapters=[{"name": "a=/etc,b", "source": "hf://org/x"}]), ADAPTER
    ),
    "a model that nobody knows": Attempt(model(variant="--help"), "spec.model.variant"),
    "a precision with an option": Attempt(model(quantization="FP8 --host=::"), "spec.model.quantization"),
    "a source that is a list": Attempt(model(source=["hf://org/name", "--host=::"]), "spec.model.source"),
    "a source that is an object": Attempt(model(source={"uri": "hf://org/name"}), "spec.model.source"),
}

TAKEN_MODELS: Final = {
    "the token of an account for the hub's": Attempt(
        model(tokenSecretRef={"name": "builder-token", "key": "token"}), None
    ),
    "a Secret that is not there": Attempt(model(tokenSecretRef={"name": "nowhere", "key": "token"}), None),
    "a claim of others in the same namespace": Attempt(source("pvc://data-of-the-shop/models"), None),
    "a claim that is not there": Attempt(source("pvc://nowhere/8b"), None),
    "a folder with every letter": Attempt(source("pvc://models/a_b-c.d/E9/"), None),
    "a revision with a path": Attempt(source("hf://org/name@refs/pr/1"), None),
    "an image by its digest": Attempt(source("oci://registry.example/m@sha256:" + "a" * 64), None),
    "an image with a port": Attempt(source("oci://registry.example:5000/deep/er/m:1"), None),
    "an adapter of somebody": Attempt(model(adapters=[{"name": "a", "source": "hf://org/x"}]), None),
    "an adapter on a claim of others": Attempt(
        model(adapters=[{"name": "a", "source": "pvc://data-of-the-shop/x"}]), None
    ),
}
