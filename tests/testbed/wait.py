"""Waiting for what a cluster does in its own time: look again until it is so, or say what never came."""

import time
from collections.abc import Callable
from typing import TypeVar

from testbed.errors import TestbedError

POLL_SECONDS = 0.1  # long against one look, short against a person's patience

T = TypeVar("T")


def until(condition: Callable[[], T | None], deadline_seconds: float, what: str) -> T:
    """Call the condition until its answer is true, and return that answer.

    Args:
        condition: looks once; an AssertionError counts as "not yet", and its text is kept for the end.
        deadline_seconds: how long to go on.
        what: what is waited for, as it should stand after "waited 5 s for".

    Raises:
        TestbedError: it did not come true in time; the text says what was seen last.
    """
    deadline = time.monotonic() + deadline_seconds
    while True:
        seen: object
        try:
            answer = condition()
        except AssertionError as error:
            seen = error
        else:
            if answer:
                return answer
            seen = repr(answer)
        if time.monotonic() > deadline:
            message = f"Waited {deadline_seconds:g} s for {what}, in vain; the last look gave: {seen}"
            raise TestbedError(message)
        time.sleep(POLL_SECONDS)
