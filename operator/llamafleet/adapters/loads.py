"""What the pods of a fleet say of their work: a few numbers from each vLLM's ``/metrics``.

Everything that a pod says is a stranger's word: it may be slow, endless or wrong, and it may name any
address. So there is one deadline for all, a limit of bytes, no redirect, no proxy and no credential; and
what is not plainly a reading is none. No reading is never zero.
"""

import asyncio
import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol

import aiohttp
from yarl import URL

from llamafleet.adapters.asking import host, open_session, read
from llamafleet.adapters.exposition import parse
from llamafleet.api.names import SERVING_PORT
from llamafleet.api.observed import Load, PodSeen

SECONDS: Final = 4.0
"""The deadline of all pods together: a worker waits for it. A vLLM on a starved machine took up to 1 s for an
answer, and once 4 to 5 s; that one is a look without a reading. A queue is looked at every 15 s, so the eight
workers of one namespace still keep up when thirty fleets have a pod that hangs."""

AT_ONCE: Final = 32
"""How many pods of a fleet are asked at the same time. With sixteen workers that stays below 1,024 files."""

BODY_BYTES: Final = 2**20
"""A vLLM with every series it has says 50 to 70 KB; see the recorded bodies."""


def is_pod_address(address: str) -> bool:
    """Whether a pod can have this address: a literal, and not one by which a host means itself or a link."""
    try:
        literal = ipaddress.ip_address(address)
    except ValueError:
        return False
    if "%" in address:  # the zone of an IPv6 address, which may hold anything
        return False
    plain = getattr(literal, "ipv4_mapped", None) or literal
    return not (plain.is_loopback or plain.is_link_local or plain.is_multicast or plain.is_unspecified)


class LoadSource(Protocol):
    """Who knows what pods say of their work."""

    async def of(self, namespace: str, pods: Iterable[PodSeen]) -> Mapping[str, Load]:
        """The reading of each ready pod of a namespace, by uid; pods without one are missing. Never fails."""


class Loads:
    """Asks pods for their metrics.

    Every question has a connection of its own. vLLM closes an idle one after 5 s, long before the next look;
    and a connection to a pod of a while ago may lead to another pod.

    Args:
        port: where they serve.
        may_ask: whether an address may be asked at all.
    """

    def __init__(self, port: int = SERVING_PORT, may_ask: Callable[[str], bool] = is_pod_address) -> None:
        """Nothing is open between two calls."""
        self._port = port
        self._may_ask = may_ask

    async def of(self, namespace: str, pods: Iterable[PodSeen]) -> Mapping[str, Load]:
        """The reading of each ready pod, by uid; pods that gave none within 4 s are missing."""
        del namespace  # an address is enough
        asked = {pod.uid: pod.address for pod in pods if pod.ready and pod.address}
        allowed = {uid: address for uid, address in asked.items() if self._may_ask(address)}
        if not allowed:
            return {}
        found: dict[str, Load] = {}
        deadline = asyncio.get_running_loop().time() + SECONDS
        left = iter(
            allowed.items()
        )  # one for all: thousands of waiting tasks would cost more than the answers
        async with open_session() as session, asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(allowed))):
                group.create_task(self._ask(session, deadline, left, found))
        return found

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        deadline: float,
        pods: Iterator[tuple[str, str]],
        found: dict[str, Load],
    ) -> None:
        """Ask one pod after another until none is left, or no time."""
        try:
            async with asyncio.timeout_at(deadline):
                for uid, address in pods:
                    load = await self._read(session, address)
                    if load is not None:
                        found[uid] = load
        except TimeoutError:
            return

    async def _read(self, session: aiohttp.ClientSession, address: str) -> Load | None:
        # Encoded, or an eighth of all time goes there.
        url = URL(f"http://{host(address)}:{self._port}/metrics", encoded=True)
        try:
            async with session.get(url, allow_redirects=False) as response:
                return parse(await read(response, BODY_BYTES)) if response.status == 200 else None  # noqa: PLR2004
        except (aiohttp.ClientError, OSError, ValueError):
            return None
