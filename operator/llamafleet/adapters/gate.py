"""One gate for everything that we send to the API server: it stays shut for as long as the server says.

The flow control of the API server counts by account, and all of us are one account. So whoever is told to
wait tells everybody else. Renewals of the lease have a transport of their own, and so a gate of their own.
"""

import asyncio
import email.utils
import logging
import random
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from llamafleet.adapters import clock
from llamafleet.adapters.metrics import THROTTLED
from llamafleet.errors import Throttled

USUAL_SECONDS: Final = 1.0
"""The pause after a 429 that names none. The API server's own filters name one second."""

LONGEST_SECONDS: Final = 60.0
"""No answer shuts the gate for longer, whatever it says: a window opens and a budget ends meanwhile."""

PATIENCE_SECONDS: Final = 5.0
"""For how long a request waits at the gate. Beyond that the worker that sent it has better things to do."""

SPREAD_SECONDS: Final = 0.25
"""Within so many seconds after it opens, those that wait go through, not all in one instant."""

log = logging.getLogger(__name__)

_SECONDS: Final = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)


class Gate:
    """Shut from a refusal until the time that it named is over."""

    def __init__(self) -> None:
        """Start open."""
        self._opens_at = self._quiet_until = float("-inf")

    def heed(self, status: int, headers: Mapping[str, str], body: bytes, what: str) -> None:
        """Shut the gate when an answer asks for it: a 429, or a 503 that names a time.

        Args:
            status: the HTTP status.
            headers: of the answer.
            body: of the answer; a Status object may name the time, too.
            what: what was asked, for the message.

        Raises:
            Throttled: it does.
        """
        if status not in {429, 503}:
            return
        asked = _seconds(headers, body)
        if status == 503 and asked is None:  # noqa: PLR2004 - HTTP's own number
            return
        THROTTLED.inc()
        pause = min(USUAL_SECONDS if asked is None else asked, LONGEST_SECONDS)
        pause *= 1 + random.random() / 2  # noqa: S311 - jitter, not a secret
        message = f"{what}: HTTP {status}: {_words(body)}"
        self._shut(pause, message)
        raise Throttled(message, pause)

    def _shut(self, pause: float, message: str) -> None:
        """Shut it for so many seconds, and say so once, not for each of those who meet the same storm."""
        now = _now()
        self._opens_at = max(self._opens_at, now + pause)
        if now >= self._quiet_until:
            log.warning("%s; nothing is sent for %.1f s", message, pause)
        self._quiet_until = max(self._quiet_until, self._opens_at, now + USUAL_SECONDS)

    async def passed(self, what: str, patience: float = PATIENCE_SECONDS) -> float:
        """Wait until the gate is open; for how many seconds that was.

        Raises:
            Throttled: that would take longer than the patience.
        """
        began = _now()
        while (left := self._opens_at - _now()) > 0:
            if self._opens_at - began > patience:
                message = f"{what}: not sent, for the API server has asked to wait"
                raise Throttled(message, left)
            await asyncio.sleep(left + SPREAD_SECONDS * random.random())  # noqa: S311 - jitter, not a secret
        return _now() - began


def _now() -> float:
    return asyncio.get_running_loop().time()


def _seconds(headers: Mapping[str, str], body: bytes) -> float | None:
    """How long an answer asks to wait, never negative; None when it does not say so."""
    said = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(said):
        return float(said)
    if said:
        return _until(said, headers.get("Date", ""))
    details = _status(body).get("details")
    named = details.get("retryAfterSeconds") if isinstance(details, dict) else None
    return float(named) if isinstance(named, int) and named > 0 else None


def _until(instant: str, now: str) -> float | None:
    """The seconds until a date of HTTP, by the clock of the server where it shows it."""
    try:
        at = email.utils.parsedate_to_datetime(instant)
        since = email.utils.parsedate_to_datetime(now) if now else clock.now()
        return max(0.0, (at - since).total_seconds())
    except (ValueError, TypeError, OverflowError):  # no date, or one without a zone
        return None


def _words(body: bytes) -> str:
    """The sentence of a Status object, or the beginning of whatever came instead."""
    message = _status(body).get("message")
    return message if isinstance(message, str) else body[:200].decode(errors="replace")


def _status(body: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}
