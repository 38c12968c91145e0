"""The garbage collector of a process that keeps what it has read for hours.

Python looks for cycles after every 700 new objects, and now and then through all that there are. The modules
of an operator are a hundred thousand objects that never go, and a look at a resource makes thousands that are
gone without its help. So it is told to leave the first alone and to come less often.
"""

import gc
from typing import Final

THRESHOLDS: Final = (20_000, 20, 20)
"""New objects before a look at the young ones, and how many of these looks come before one at the older. Some
dozens of reconciles lie between two looks; what one leaves behind in cycles is a few kilobytes."""


def settle() -> None:
    """Take what was imported for granted. To be called once, when all is imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
