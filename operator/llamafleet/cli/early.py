"""The end of a process that is told to end while it still loads its libraries.

In a container it is process 1, for which the kernel drops every signal that has no handler. Without this one,
a pod that is taken back right after its start stays for its whole grace period: 330 s for a waker.
"""

import os
import signal


def end_when_told() -> None:
    """End on the spot with SIGTERM, until somebody handles it otherwise: nothing was begun."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
