"""A clock that is set, or a machine that slept, makes everybody look again; one that only drifts does not."""

import asyncio
from collections.abc import Iterator

import pytest

from llamafleet.adapters.clocksteps import watch_steps

HOUR = 3600.0


def steps(*offsets: float) -> int:
    """How many steps are seen by who compares the clocks when they differ by each of these, seconds."""
    seen = list[None]()

    async def story() -> None:
        differences, done = iter(offsets), asyncio.Event()

        def wall() -> float:
            found = next(differences, None)
            if found is None:
                done.set()
            return offsets[-1] if found is None else found

        watching = asyncio.create_task(watch_steps(lambda: seen.append(None), wall, lambda: 0.0, 0.0))
        await asyncio.wait_for(done.wait(), 60)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

    asyncio.run(story())
    return len(seen)


def drift() -> Iterator[float]:
    """A clock that is slewed by half a millisecond a second, compared every five seconds, for an hour."""
    return (number * 5 * 0.0005 for number in range(720))


@pytest.mark.parametrize("step", [HOUR, -HOUR, 2.0, -2.0])
def test_a_step_is_seen_once(step: float) -> None:
    assert steps(100.0, 100.0, 100.0 + step, 100.0 + step) == 1


def test_each_step_is_seen() -> None:
    assert steps(0.0, HOUR, 0.0, 0.0, 2 * HOUR) == 3


def test_a_clock_that_is_slewed_is_not_stepped() -> None:
    assert steps(*drift()) == 0
