"""What an administrator may set for the operator's process. Everything else is in the resources."""

from dataclasses import dataclass

from llamafleet.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one operator process.

    Attributes:
        operator_namespace: where the operator runs; model pods accept its requests from there.
        workers: how many resources are reconciled at the same time.
        health_address: where the liveness endpoint listens, as ``http://host:port/path``; None: nowhere.
        metrics_port: where the operator's own metrics are served; 0: nowhere.
        known: the catalogue, with the administrator's own figures in it.
        waker: the name of the wakers' headless Service in the operator's namespace; None: there are none.
        prometheus_url: the base address of the Prometheus that knows the queues; None: the pods are asked.
    """

    operator_namespace: str
    workers: int
    health_address: str | None
    metrics_port: int
    known: Catalogue
    waker: str | None = None
    prometheus_url: str | None = None
