"""``llamafleet waker``: the process that holds requests while no replica is ready."""

import argparse
import asyncio

from llamafleet.cli import option_types
from llamafleet.cli.logs import configure_logs
from llamafleet.waker.process import run
from llamafleet.waker.settings import Settings


def waker(options: argparse.Namespace) -> int:
    """Run until a signal comes.

    Raises:
        Unavailable: there is no access to a cluster.
        OSError: the management port is taken.
    """
    configure_logs()
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
                namespaces=option_types.joined(options.namespaces),
            )
        )
    )
    return 0
