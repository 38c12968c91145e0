"""Where a person's commands go: a context of a kubeconfig, with its namespace; or the pod that they run in.

The kubeconfig is read and never written: a token that a plugin renews is kept for this process only.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kubernetes.aio import client, config

from llamafleet.adapters.access import Access, access_by
from llamafleet.errors import Unavailable

IN_POD: Final = "the pod's service account"
"""What stands for the name of a context inside of a pod."""

USUAL: Final = "~/.kube/config"
DEFAULT_NAMESPACE: Final = "default"
POD_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster, and where in it somebody works.

    Attributes:
        access: how to reach it.
        context: what the kubeconfig calls it.
        namespace: the namespace of that context.
    """

    access: Access
    context: str
    namespace: str


async def find_place(kubeconfig: str | None = None, context: str | None = None) -> Place:
    """The context that is named, or the present one, of the kubeconfig that is named, or of kubectl's own.

    Raises:
        Unavailable: there is none, or it cannot be read.
    """
    configuration = client.Configuration()
    try:
        name, namespace = await _load(configuration, kubeconfig, context)
    except (config.ConfigException, OSError, ValueError) as error:
        message = (
            f"no access to a cluster: {error}. Name a kubeconfig by --kubeconfig or KUBECONFIG, and one of"
            " its contexts by --context"
        )
        raise Unavailable(message) from error
    return Place(await access_by(configuration), name, namespace)


async def _load(
    configuration: client.Configuration, kubeconfig: str | None, context: str | None
) -> tuple[str, str]:
    """Fill the configuration; the names of the context and of its namespace."""
    named = kubeconfig or os.environ.get("KUBECONFIG")
    if "KUBERNETES_SERVICE_HOST" in os.environ and not (named or context):
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # the client carries no annotation here
        return IN_POD, POD_NAMESPACE.read_text("utf-8").strip()
    files = named or USUAL
    _check(files)
    await config.load_kube_config(  # type: ignore[no-untyped-call]  # likewise
        config_file=files, context=context, client_configuration=configuration, persist_config=False
    )
    contexts, active = config.list_kube_config_contexts(files)  # type: ignore[no-untyped-call]  # likewise
    chosen = active if context is None else next(one for one in contexts if one["name"] == context)
    return str(chosen["name"]), str(chosen["context"].get("namespace") or DEFAULT_NAMESPACE)


def _check(files: str) -> None:
    """Raises FileNotFoundError when none of the files exists: the client would only log it."""
    if not any(Path(one).expanduser().exists() for one in files.split(os.pathsep) if one):
        message = f"there is no kubeconfig {files}"
        raise FileNotFoundError(message)
