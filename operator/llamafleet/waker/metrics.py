"""The waker's own Prometheus metrics, in a registry of their own."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from llamafleet.waker.book import Book
from llamafleet.waker.refusals import CODES

WAIT_BUCKETS = (0.1, 1, 5, 15, 30, 60, 120, 180, 300, 600, 900)
"""Seconds, from a replica that was just ready to the longest hold."""


class _Held(Collector):
    """What is held at this moment.

    A fleet that holds nothing has no series: so there are never more series than held requests.
    """

    def __init__(self, book: Book) -> None:
        self._book = book

    def collect(self) -> Iterable[Metric]:
        held = GaugeMetricFamily(
            "llamafleet_waker_held_requests",
            "Requests that wait for a replica.",
            labels=["namespace", "name"],
        )
        for fleet, count in self._book.counts.items():
            held.add_metric(fleet, count)
        yield held
        yield GaugeMetricFamily(
            "llamafleet_waker_held_bytes",
            "Bytes of the bodies of held requests.",
            value=self._book.held_bytes,
        )


class Metrics:
    """The metrics of one waker.

    Attributes:
        registry: all of them.
        passed_on: requests that a replica has answered.
        refused: requests that were refused, by reason.
        wait_seconds: how long those waited that a replica has answered.
    """

    def __init__(self, book: Book) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        self.registry.register(_Held(book))
        self.passed_on = Counter(
            "llamafleet_waker_passed_on", "Requests that a replica has answered.", registry=self.registry
        )
        self.refused = Counter(
            "llamafleet_waker_refused",
            "Requests that the waker has answered with an error, by reason.",
            ["reason"],
            registry=self.registry,
        )
        for code in CODES:
            self.refused.labels(code)  # at zero: Prometheus sees no increase in a series that begins at one
        self.wait_seconds = Histogram(
            "llamafleet_waker_wait_seconds",
            "How long requests waited until they were passed on, in seconds.",
            buckets=WAIT_BUCKETS,
            registry=self.registry,
        )
