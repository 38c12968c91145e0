"""How we reach the API server and who we are to it.

Credentials come from the official client, which knows kubeconfig files with their plugins and the
service account of a pod, and renews tokens. Requests then go over a plain HTTP session, because typed
objects cost a hundred times the memory.
"""

import os
import ssl
from dataclasses import dataclass

import aiohttp
from kubernetes.aio import client, config

from llamafleet.adapters.fence import Fence, fenced
from llamafleet.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Access:
    """The address of the API server and the credentials for it.

    Attributes:
        server: the base address, without a slash at its end.
        tls: the TLS context, with the client certificate if there is one.
        configuration: the official client's configuration; it renews bearer tokens.
    """

    server: str
    tls: ssl.SSLContext
    configuration: client.Configuration

    async def authorize(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Middleware that gives each request the token of that moment.

        Raises:
            Unavailable: there is none: its file or its plugin fails, for now.
        """
        try:
            token = await self.configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        except (config.ConfigException, OSError, ValueError) as error:
            message = f"no token for the API server: {error}"
            raise Unavailable(message) from error
        if token:
            request.headers["Authorization"] = token
        return await handler(request)

    def open_session(self, fence: Fence | None = None) -> aiohttp.ClientSession:
        """A session of its own connections. One TCP connection per watch: so there is no limit on them.

        Args:
            fence: asked when the bytes of a write are about to go out; None: every write may go.
        """
        return aiohttp.ClientSession(
            request_class=aiohttp.ClientRequest if fence is None else fenced(fence),
            connector=aiohttp.TCPConnector(limit=0, ssl=self.tls),
            headers={"User-Agent": "llamafleet"},
            middlewares=(self.authorize,),
            proxy=self.configuration.proxy,
        )


async def find_access() -> Access:
    """The access of this process: ``KUBECONFIG`` or the default kubeconfig, else the pod's service account.

    Raises:
        Unavailable: there is neither, or it cannot be read.
    """
    configuration = client.Configuration()
    try:
        await _load(configuration)
    except (config.ConfigException, OSError, ValueError) as error:
        message = f"no access to a cluster: {error}. Set KUBECONFIG, or run in a pod with a service account"
        raise Unavailable(message) from error
    return await access_by(configuration)


async def access_by(configuration: client.Configuration) -> Access:
    """The access that a configuration of the official client describes."""
    api = client.ApiClient(configuration)
    try:
        return Access(configuration.host.rstrip("/"), api.rest_client.ssl_context, configuration)
    finally:
        await api.close()  # type: ignore[no-untyped-call]  # the client carries no annotation here


async def _load(configuration: client.Configuration) -> None:
    in_pod = "KUBERNETES_SERVICE_HOST" in os.environ and "KUBECONFIG" not in os.environ
    if in_pod:
        config.load_incluster_config(  # type: ignore[no-untyped-call]  # likewise
            client_configuration=configuration
        )
    else:
        await config.load_kube_config(  # type: ignore[no-untyped-call]  # likewise
            client_configuration=configuration
        )
