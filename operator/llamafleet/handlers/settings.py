"""What an administrator may set for the operator's process. Everything else is in the resources."""

from dataclasses import dataclass
from typing import Final

from llamafleet.api.names import LEASE_NAME
from llamafleet.catalogue import Catalogue

LEASE_SECONDS: Final = 4
"""How long a lease lasts without a renewal: with a look every 0.4 s, another process leads within 5 s of the
end of one. Twice as long is twice as patient with a slow API server."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one operator process.

    Attributes:
        operator_namespace: where the operator runs; model pods accept its requests from there.
        workers: how many resources are reconciled at the same time.
        health_address: where the liveness endpoint listens, as ``http://host:port/path``; None: nowhere.
        metrics_port: where the operator's own metrics and its readiness are served; 0: nowhere.
        known: the catalogue, with the administrator's own figures in it.
        waker: the name of the wakers' headless Service in the operator's namespace; None: there are none.
        prometheus_url: the base address of the Prometheus that knows the queues; None: the pods are asked.
        lease: the name of the Lease in the operator's namespace by which its processes elect one to work.
        identity: who this process is in that lease; None: a name that nobody else has.
        lease_seconds: how long that lease lasts without a renewal.
        namespaces: the namespaces that it works in; empty: all of them.
    """

    operator_namespace: str
    workers: int
    health_address: str | None
    metrics_port: int
    known: Catalogue
    waker: str | None = None
    prometheus_url: str | None = None
    lease: str = LEASE_NAME
    identity: str | None = None
    lease_seconds: int = LEASE_SECONDS
    namespaces: tuple[str, ...] = ()
