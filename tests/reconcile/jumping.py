"""An event loop whose clock jumps to the next timer: stories of hours take milliseconds, and are exact."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar


class _Selector(selectors.DefaultSelector):
    """Does not wait for a timeout, and says how long it would have waited."""

    slept = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found:
            assert timeout is not None, "everybody waits for something that never comes"
            self.slept += timeout
        return found


class JumpingLoop(asyncio.SelectorEventLoop):
    """Its time moves only while nobody has anything to do."""

    def __init__(self) -> None:
        """Begin at 0 s."""
        self._jumps = _Selector()
        super().__init__(self._jumps)

    def time(self) -> float:
        """The seconds that all sleeps took so far."""
        return self._jumps.slept


T = TypeVar("T")


def tell(story: Coroutine[Any, Any, T]) -> T:
    """Run a story in such a loop."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(story)
