"""How many replicas more than the load needs: as much as keeps 95 of 100 requests in time, and no more."""

import math
from typing import Final

from llamafleet.api.memory import Lateness
from llamafleet.planning.scaling.fade import added, milli, share_left

LATE_SECONDS: Final = 10.0
"""A request that meets a queue of more than ten seconds is late."""

LATE_SHARE: Final = 0.03
"""What may be late. The goal is 5 of 100; looks see a queue up to 15 s after it has formed."""

ACCOUNT_SECONDS: Final = 86_400.0
"""The account fades over a day, the period of most loads."""

PRIOR_REQUESTS: Final = 20_000
"""So many requests the first guess weighs in the account: a few hours of a small fleet."""

GAIN: Final = 0.2
WORST: Final = 2.0
"""No request late: the headroom shrinks by e^-0.2, a sixth. Twice the share late: it grows by e^0.2; three
times and more: by e^0.4, a half."""

AT_ONE_MINUTE: Final = 1.05
GROWTH: Final = 0.26
"""The first guess is 1.05 (C/60 s)^0.26 for a cold start of C: 1.05, 1.40 and 1.91 at 60, 180 and 600 s. What
comes in a cold start cannot be met by starting replicas, so the longer it is the more must stand ready."""


def charged(account: Lateness, requests: int, late: float, seconds: float) -> Lateness:
    """The account with the requests of a look, so many of them late."""
    left = share_left(seconds, ACCOUNT_SECONDS)
    return Lateness(
        milli_requests=added(account.milli_requests, left, requests),
        milli_late=added(account.milli_late, left, late),
    )


def excess(account: Lateness) -> float:
    """How far the late ones are above their share: 0 where they are not, 1 from twice the share on."""
    share = account.milli_late / max(1, account.milli_requests)
    return min(1.0, max(0.0, share / LATE_SHARE - 1))


def headroom(account: Lateness, cold_start_seconds: float) -> float:
    """The factor on the load."""
    prior = milli(PRIOR_REQUESTS)
    share = (account.milli_late + LATE_SHARE * prior) / (account.milli_requests + prior)
    off = min(WORST, share / LATE_SHARE - 1)
    guess: float = AT_ONE_MINUTE * (max(cold_start_seconds, 60.0) / 60) ** GROWTH
    return guess * math.exp(GAIN * off)
