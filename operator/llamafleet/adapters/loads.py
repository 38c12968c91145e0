"""What the pods of a fleet say of their work: a few numbers from each vLLM's ``/metrics``.

Everything that a pod says is a stranger's word: it may be slow, endless or wrong, and it may name any
address. So there is one deadline for all, a limit of bytes, no redirect, no proxy and no credential; and
what is not plainly a reading is none. No reading is never zero.
"""

import asyncio
import ipaddress
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import aiohttp

from llamafleet.api.names import SERVING_PORT
from llamafleet.api.observed import Load, PodSeen

SECONDS: Final = 2.0
"""The deadline of all pods together: a worker waits for it."""

AT_ONCE: Final = 64
"""How many pods are asked at the same time."""

BODY_BYTES: Final = 2**20
"""A vLLM with every series it has says 50 to 70 KB; see the recorded bodies."""

LARGEST: Final = float(2**53)
"""Up to here a float counts every whole number. A count beyond that is none."""

SERIES: Final = (
    b"vllm:num_requests_running",
    b"vllm:num_requests_waiting",
    b"vllm:prompt_tokens_total",
    b"vllm:generation_tokens_total",
)
"""In the order of the fields of :class:`Load`."""

_SAMPLE: Final = re.compile(
    rb"\n(" + b"|".join(SERIES) + rb")(?:\{[^\n]*\})?[ \t]+([^ \t\n]+)(?:[ \t]+-?[0-9]+)?(?=\n)"
)
"""One sample of the text format: the name, labels, the value, perhaps a time. Values of labels may hold
braces and spaces, but no line end."""


def is_pod_address(address: str) -> bool:
    """Whether a pod can have this address: a literal, and not one by which a host means itself or a link."""
    try:
        literal = ipaddress.ip_address(address)
    except ValueError:
        return False
    plain = getattr(literal, "ipv4_mapped", None) or literal
    return not (plain.is_loopback or plain.is_link_local or plain.is_multicast or plain.is_unspecified)


class Loads:
    """Asks pods for their metrics.

    Args:
        port: where they serve.
        may_ask: whether an address may be asked at all.
    """

    def __init__(self, port: int = SERVING_PORT, may_ask: Callable[[str], bool] = is_pod_address) -> None:
        """Nothing is open between two calls: a connection to a pod of a while ago may lead to another pod."""
        self._port = port
        self._may_ask = may_ask

    async def of(self, pods: Iterable[PodSeen]) -> Mapping[str, Load]:
        """The reading of each ready pod, by uid; pods that gave none within 2 s are missing."""
        asked = {pod.uid: pod.address for pod in pods if pod.ready and pod.address}
        allowed = {uid: address for uid, address in asked.items() if self._may_ask(address)}
        if not allowed:
            return {}
        deadline = asyncio.get_running_loop().time() + SECONDS
        async with _open_session() as session:
            readings = await asyncio.gather(
                *(self._within(deadline, session, address) for address in allowed.values())
            )
        return {uid: load for uid, load in zip(allowed, readings, strict=True) if load is not None}

    async def _within(self, deadline: float, session: aiohttp.ClientSession, address: str) -> Load | None:
        try:
            async with asyncio.timeout_at(deadline):
                return parse(await self._read(session, address))
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            return None

    async def _read(self, session: aiohttp.ClientSession, address: str) -> bytes:
        """The whole body; empty when it is none of ours to read."""
        host = f"[{address}]" if ":" in address else address
        url = f"http://{host}:{self._port}/metrics"
        async with session.get(url, allow_redirects=False) as response:
            if response.status != 200:  # noqa: PLR2004 - HTTP's own number
                return b""
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > BODY_BYTES:
                    return b""
            return bytes(body)


def parse(body: bytes) -> Load | None:
    """The reading in a body of the Prometheus text format; None when a number of it is missing or absurd."""
    if not body.endswith(b"\n"):  # cut off, perhaps in the middle of a number
        return None
    sums = dict.fromkeys(SERIES, 0.0)
    seen: set[bytes] = set()
    for name, text in _SAMPLE.findall(b"\n" + body):
        value = _count(text)
        if value is None:
            return None
        seen.add(name)
        sums[name] += value
    return Load(*(int(sums[name]) for name in SERIES)) if len(seen) == len(SERIES) else None


def _count(text: bytes) -> float | None:
    """A count as vLLM writes it, such as ``12195.0`` or ``1.2e+07``; None for everything else."""
    if b"_" in text:  # Python's own: 1_000
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= LARGEST and value.is_integer() else None


def _open_session() -> aiohttp.ClientSession:
    """A session that carries nothing of ours: no credential, no cookie, no proxy of the environment.

    Compressed bodies stay as they are, and so give no reading: a few bytes could become gigabytes.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=AT_ONCE, force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "llamafleet", "Accept": "text/plain", "Accept-Encoding": "identity"},
        auto_decompress=False,
        trust_env=False,
    )
