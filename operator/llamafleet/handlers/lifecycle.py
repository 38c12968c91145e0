"""kopf handlers of kopf's own life: its options and its login."""

import random
from collections.abc import Iterator
from typing import Any, Final

import kopf

from llamafleet.adapters.access import find_access
from llamafleet.adapters.fence import Fence
from llamafleet.errors import Unavailable
from llamafleet.handlers.storages import NoEssence, NoProgress

BACKOFF_SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Pauses of kopf after a request that failed, each with a random half on top; the last one repeats."""


class Backoffs:
    """The pauses after failures, without end: kopf gives up once it has no more of them.

    kopf begins anew with each request, so it must be iterable again and again, and have no length.
    """

    def __iter__(self) -> Iterator[float]:
        """The pauses of one request, in seconds."""
        for number in range(10**9):
            pause = BACKOFF_SECONDS[min(number, len(BACKOFF_SECONDS) - 1)]
            yield pause * (1 + random.random() / 2)  # noqa: S311 - jitter, not a secret


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, **_: Any) -> None:
    """Least rights, no writes of kopf's own, a deadline for every request, and patience without end."""
    settings.scanning.disabled = True  # needs no right on CRDs and namespaces; both kinds exist by now
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    settings.networking.enforce_retry_after = True
    settings.networking.error_backoffs = Backoffs()
    settings.watching.client_timeout = 300
    settings.process.ultimate_exiting_timeout = None  # it would kill the process after each end of kopf
    settings.queueing.idle_timeout = 0.2
    settings.persistence.diffbase_storage = NoEssence()
    settings.persistence.progress_storage = NoProgress()


@kopf.on.login()
async def login(memo: kopf.Memo, **_: Any) -> kopf.AiohttpSession:
    """A session of kopf's own with our credentials, behind a fence that nobody opens."""
    try:
        access = await find_access()
    except Unavailable as error:
        raise kopf.TemporaryError(str(error), delay=BACKOFF_SECONDS[0]) from error
    session = access.open_session(Fence())
    memo.sessions.append(session)  # closed with kopf, also where kopf forgets it
    return kopf.AiohttpSession(aiohttp_session=session, server=access.server, default_namespace=None)
