"""What pods say of their work, as a Prometheus has heard it: one query for each look at a fleet.

For clusters in which the operator may not reach pods, or in which pods are scraped already. The address is
the administrator's, never a resource's. What is not plainly a recent reading is none, as with the pods.

The query asks for a range, not for an instant: an instant gives the time of the question beside a sample that
may be five minutes old, a range gives each sample with its own. Its end is Prometheus' present instant, so no
two clocks are compared.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from llamafleet.adapters.asking import open_session, read
from llamafleet.adapters.exposition import SERIES, load_of
from llamafleet.adapters.loads import SECONDS
from llamafleet.api.observed import Load, PodSeen

FRESH_SECONDS: Final = 60
"""A sample that is older is no reading. Prometheus' operator scrapes every 30 s unless told otherwise, so one
scrape may fail; every 15 s is better, because a queue is looked at so often."""

ANSWER_BYTES: Final = 32 * 2**20
"""A pod's thirteen series take 5 KB when it is scraped every 15 s; a fleet has at most 1,000 pods."""

OF_VLLM: Final = frozenset({"__name__", "engine", "model_name", "finished_reason", "reason"})
"""Labels that vLLM itself writes. All others say who scraped what."""

Uids = Mapping[str, str]
"""The uids of pods, by name."""

log = logging.getLogger(__name__)


class _Part(BaseModel):
    """Part of Prometheus' JSON; it may have more fields."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class _Series(_Part):
    metric: dict[str, str]
    values: tuple[tuple[float, str], ...] = ()


class _Matrix(_Part):
    result_type: Literal["matrix"] = Field(alias="resultType")
    result: tuple[_Series, ...]


class _Answer(_Part):
    status: Literal["success"]
    data: _Matrix


class Prometheus:
    """Asks a Prometheus, or whoever answers its HTTP API, for what it knows of pods.

    Args:
        url: its base address, such as ``http://prometheus.monitoring:9090``, checked by the caller.
    """

    def __init__(self, url: str) -> None:
        """Nothing is open between two calls."""
        self._url = f"{url.rstrip('/')}/api/v1/query"
        self._failed = False

    async def of(self, namespace: str, pods: Iterable[PodSeen]) -> Mapping[str, Load]:
        """The last reading of each ready pod, by uid; pods without one of the last minute are missing."""
        uids = {pod.name: pod.uid for pod in pods if pod.ready}
        if not uids:
            return {}
        try:
            async with asyncio.timeout(SECONDS):
                found = readings(await self._ask(query(namespace, uids)), uids)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            self._tell(str(error) or f"no answer within {SECONDS:.0f} s")
            return {}
        self._failed = False
        return found

    async def _ask(self, text: str) -> bytes:
        """The answer to a query.

        Raises:
            ValueError: it is an error, or too long.
        """
        async with (
            open_session("application/json") as session,
            session.post(self._url, data={"query": text}, allow_redirects=False) as response,
        ):
            body = await read(response, ANSWER_BYTES)
            if response.status != 200 or not body:  # noqa: PLR2004 - HTTP's own number
                message = f"HTTP {response.status} with {len(body)} bytes"
                raise ValueError(message)
            return body

    def _tell(self, why: str) -> None:
        """Once, until it answers again: every look would say the same."""
        if not self._failed:
            log.warning("%s gives no readings: %s", self._url, why)
        self._failed = True


def query(namespace: str, names: Iterable[str]) -> str:
    """The series of these pods, with every sample of the last minute.

    ``namespace`` and ``pod`` are the labels that Prometheus' operator gives to what it scrapes from pods.
    Both are names of Kubernetes, so a dot is all that a regular expression could misread.
    """
    series = "|".join(SERIES)
    pods = "|".join(sorted(names)).replace(".", "[.]")
    return f'{{__name__=~"{series}",namespace="{namespace}",pod=~"{pods}"}}[{FRESH_SECONDS}s]'


def readings(body: bytes, uids: Uids) -> Mapping[str, Load]:
    """The last reading of each pod in an answer, by uid.

    Only samples of one scrape make a reading. So a pod that two jobs scrape counts once, and so does one
    whose server came back under another model name a moment ago.

    Raises:
        ValueError: the answer is not one to such a query.
    """
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        message = f"an answer that is none: {error.errors()[0]['msg']}"
        raise ValueError(message) from error
    scrapes: dict[str, dict[tuple[float, tuple[str, ...]], list[tuple[str, str]]]] = {}
    for series in answer.data.result:
        uid = uids.get(series.metric.get("pod", ""))
        if uid is not None and series.values:
            at, value = max(series.values)
            scrape = scrapes.setdefault(uid, {}).setdefault((at, _scraper(series.metric)), [])
            scrape.append((series.metric.get("__name__", ""), value))
    found = {uid: load_of(of_pod[max(of_pod)]) for uid, of_pod in scrapes.items()}
    return {uid: load for uid, load in found.items() if load is not None}


def _scraper(metric: Mapping[str, str]) -> tuple[str, ...]:
    """Who scraped it, and where."""
    return tuple(f"{name}={value}" for name, value in sorted(metric.items()) if name not in OF_VLLM)
