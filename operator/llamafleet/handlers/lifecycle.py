"""kopf handlers of the process itself: start-up, login, liveness, clean-up."""

from typing import Any, Final

import kopf

from llamafleet.errors import Unavailable
from llamafleet.handlers.shell import Shell

START_RETRY_SECONDS: Final = 5.0
SILENCE_LIMIT_SECONDS: Final = 180.0
"""Watches bring a bookmark about every minute and are opened anew when they fall silent; three minutes
of nothing mean that the process cannot see the cluster, and a new process may."""


@kopf.on.startup()
async def start(memo: kopf.Memo, settings: kopf.OperatorSettings, **_: Any) -> None:
    """Settle kopf's options and build the shell."""
    configure(settings)
    try:
        memo.shell = await Shell.start(memo.settings, memo.failed)
    except Unavailable as error:
        raise kopf.TemporaryError(str(error), delay=START_RETRY_SECONDS) from error


def configure(settings: kopf.OperatorSettings) -> None:
    """Least rights, no writes of kopf's own, and a deadline for every request."""
    settings.scanning.disabled = True  # needs no right on CRDs and namespaces; both kinds exist by now
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    settings.networking.enforce_retry_after = True
    settings.watching.client_timeout = 300
    settings.process.ultimate_exiting_timeout = 20
    settings.queueing.idle_timeout = 0.2


@kopf.on.login()
async def login(memo: kopf.Memo, **_: Any) -> kopf.AiohttpSession:
    """A session of kopf's own with our credentials; kopf closes it."""
    access = memo.shell.access
    return kopf.AiohttpSession(
        aiohttp_session=access.open_session(), server=access.server, default_namespace=None
    )


@kopf.on.probe(id="silent_seconds")
async def silence(memo: kopf.Memo, **_: Any) -> float:
    """Liveness: fails when nothing was heard of the cluster for three minutes."""
    seconds: float = memo.shell.silent_seconds()
    if seconds > SILENCE_LIMIT_SECONDS:
        message = f"nothing was heard from the API server for {seconds:.0f} s"
        raise kopf.PermanentError(message)  # any other error kopf would try again instead of telling
    return seconds


@kopf.on.cleanup()
async def stop(memo: kopf.Memo, **_: Any) -> None:
    """Close what start-up opened, and end kopf's own waiter for a failure: it would take 5 s else."""
    if "shell" in memo:
        await memo.shell.stop()
    if not memo.failed.done():
        memo.failed.set_result(False)
