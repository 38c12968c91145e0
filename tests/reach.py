"""How tests and benchmarks reach a cluster with the product's own client."""

from pathlib import Path

from kubernetes.aio import client, config

from llamafleet.adapters.access import Access, access_by


async def access_of(kubeconfig: Path) -> Access:
    """The access that this kubeconfig gives: never that to a cluster that the environment names."""
    configuration = client.Configuration()
    await config.load_kube_config(  # type: ignore[no-untyped-call]  # the client carries no annotation here
        str(kubeconfig), client_configuration=configuration
    )
    return await access_by(configuration)
