"""``llamafleet waker``: the process that holds requests while no replica is ready."""

import argparse
import asyncio
import logging
import sys

from llamafleet.waker.process import run
from llamafleet.waker.settings import Settings


def waker(options: argparse.Namespace) -> int:
    """Run until a signal comes.

    Raises:
        Unavailable: there is no access to a cluster.
        OSError: the management port is taken.
    """
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s [%(levelname)s] %(message)s"
    )
    asyncio.run(
        run(
            Settings(
                management_port=options.port,
                max_held=options.max_held,
                max_held_per_fleet=options.max_held_per_fleet,
                max_held_bytes=options.max_held_bytes,
                max_body_bytes=options.max_body_bytes,
                hold_seconds=options.hold,
                grace_seconds=options.grace,
            )
        )
    )
    return 0
