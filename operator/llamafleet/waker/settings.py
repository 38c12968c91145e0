"""What an administrator may set for a waker. Where each default comes from is told in docs/waker.md."""

from dataclasses import dataclass
from typing import Final

MAX_HELD: Final = 1000
"""Requests that one waker holds: as many as vLLM lets wait at four replicas of 256 sequences each."""

MAX_HELD_PER_FLEET: Final = 500
"""Half of all, so that one fleet's clients leave room for those of another."""

MAX_HELD_BYTES: Final = 128 * 2**20
"""Bytes of all held bodies together: a quarter of the memory limit of the manifests."""

MAX_BODY_BYTES: Final = 16 * 2**20
"""Bytes of one held body. A prompt of a million tokens is about 4 MiB; the rest is for images."""

HOLD_SECONDS: Final = 900
"""How long one request is held. The OpenAI client gives up after 600 s by itself (``DEFAULT_TIMEOUT`` in its
``_constants.py``) and tries again; whoever set a longer time has a reason: big models take ten minutes."""

GRACE_SECONDS: Final = 300
"""How long answers that stream may go on after SIGTERM."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one waker process.

    Attributes:
        management_port: where it says what it holds, and how it fares.
        max_held: how many requests it holds at the same time.
        max_held_per_fleet: how many of these may be for one fleet.
        max_held_bytes: how many bytes their bodies may have together.
        max_body_bytes: how many bytes the body of one may have.
        hold_seconds: how long one is held.
        grace_seconds: how long streams may go on after SIGTERM.
        namespaces: the namespaces whose fleets it serves, as its operator's are; empty: all.
    """

    management_port: int
    max_held: int = MAX_HELD
    max_held_per_fleet: int = MAX_HELD_PER_FLEET
    max_held_bytes: int = MAX_HELD_BYTES
    max_body_bytes: int = MAX_BODY_BYTES
    hold_seconds: int = HOLD_SECONDS
    grace_seconds: int = GRACE_SECONDS
    namespaces: tuple[str, ...] = ()
