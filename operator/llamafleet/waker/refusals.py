"""What a client is told when its request is not passed on: in words, and in the form of the OpenAI API.

The words say what a caller may do. They name no sums of money and no addresses: a caller of a model need not
know them.
"""

import math
from typing import Final

import orjson
from aiohttp import web

from llamafleet.api.observed import Key

SOON_SECONDS: Final = 5
"""When it is worth a try again at the earliest: an operator has looked again by then."""

CROWDED: Final = "too_many_connections"

CODES: Final = (
    *("fleet_closed", "fleet_suspended", "fleet_at_zero", "fleet_refused", "budget_exhausted"),
    *("too_many_waiting", CROWDED, "not_ready_in_time", "fleet_asleep", "waker_stopping", "no_fleet"),
    *("replica_gone", "request_too_large", "request_timeout", "bad_target", "bad_body"),
)
"""Every reason in one word."""

LEAVING_SECONDS: Final = 1
"""The other waker takes the next request at once."""


class Refused(Exception):
    """A request that is answered with an error.

    Args:
        status: the HTTP status.
        code: the reason in one word, for programs and for the metrics: one of a fixed few.
        message: the reason in plain English.
        retry_seconds: when to try again; None: trying again changes nothing.
    """

    def __init__(self, status: int, code: str, message: str, retry_seconds: float | None = None) -> None:
        """Keep what the answer is made of."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_seconds = retry_seconds

    def body(self) -> bytes:
        """``{"error": {"message", "type", "param", "code"}}``, as OpenAI's clients read it."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"  # noqa: PLR2004 - HTTP's own
        error = {"message": self.message, "type": kind, "param": None, "code": self.code}
        return orjson.dumps({"error": error})

    def answer(self) -> web.Response:
        """The answer to a request."""
        answer = web.Response(status=self.status, body=self.body(), content_type="application/json")
        if self.retry_seconds is not None:
            answer.headers["Retry-After"] = str(max(1, math.ceil(self.retry_seconds)))
        answer.force_close()
        return answer


def crowded() -> bytes:
    """The waker has as many connections as it may have: all of the answer, for no request was read."""
    message = "This server has as many connections as it may have. Try again later."
    body = Refused(503, CROWDED, message).body()
    head = (
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n"
        f"Retry-After: {SOON_SECONDS}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def no_fleet() -> Refused:
    """The port belongs to no fleet, or has just gone from one to another."""
    return Refused(503, "no_fleet", "No fleet is reached at this port now. Try again.", SOON_SECONDS)


def gone(fleet: Key) -> Refused:
    """The LlamaDeployment is not there, or not there yet."""
    return Refused(503, "no_fleet", f"There is no LlamaDeployment {fleet}.", SOON_SECONDS)


def asleep(fleet: Key, retry_seconds: float) -> Refused:
    """A monitor asked how it is: no replica is ready, and this question wakes none."""
    message = f"No replica of {fleet} is ready. This path does not wake the fleet; a request to its API does."
    return Refused(503, "fleet_asleep", message, retry_seconds)


def full(fleet: Key, retry_seconds: float) -> Refused:
    """A bound on held requests or their bytes is reached."""
    message = f"No replica of {fleet} is ready yet, and no more requests can wait for one. Try again later."
    return Refused(503, "too_many_waiting", message, retry_seconds)


def too_late(fleet: Key, waited_seconds: float, retry_seconds: float) -> Refused:
    """The request was held for as long as it may be."""
    message = f"No replica of {fleet} became ready within {waited_seconds:.0f} s. Try again later."
    return Refused(503, "not_ready_in_time", message, retry_seconds)


def leaving(fleet: Key) -> Refused:
    """This waker ends."""
    message = f"The server that held this request for {fleet} is being stopped. Try again."
    return Refused(503, "waker_stopping", message, LEAVING_SECONDS)


def too_large(most: int) -> Refused:
    """The body has more bytes than may be held."""
    message = f"No replica is ready yet, and a request that waits for one may have at most {most} bytes."
    return Refused(413, "request_too_large", message)


def too_slow(seconds: float) -> Refused:
    """The body did not arrive in time."""
    return Refused(408, "request_timeout", f"The body of the request did not arrive within {seconds:.0f} s.")


def bad_body() -> Refused:
    """The body is no HTTP."""
    return Refused(400, "bad_body", "The body of the request cannot be read.")


def bad_target() -> Refused:
    """A request to a proxy, or for a tunnel."""
    return Refused(400, "bad_target", "The target of the request must be a path.")


def cut_off(fleet: Key) -> Refused:
    """The replica ended the connection before it answered; whether it did the work is not known."""
    message = f"A replica of {fleet} ended the connection before it answered."
    return Refused(502, "replica_gone", message)
