"""``llamafleet run``: the operator."""

import argparse

from llamafleet.cli import option_types
from llamafleet.cli.logs import configure_logs
from llamafleet.cli.values import read_catalogue
from llamafleet.handlers.operator import run as run_operator
from llamafleet.handlers.settings import Settings


def run(options: argparse.Namespace) -> int:
    """Run until a signal comes; the exit code. It is 4, on the spot, when another process leads.

    Raises:
        BadInput: the values file cannot be used.
    """
    configure_logs()
    known = read_catalogue(options.values)
    settings = Settings(
        options.namespace,
        options.workers,
        options.health,
        options.metrics_port,
        known,
        waker=options.waker,
        prometheus_url=options.prometheus_url,
        lease=options.lease,
        identity=options.identity,
        lease_seconds=options.lease_duration,
        namespaces=option_types.joined(options.namespaces),
    )
    return run_operator(settings)
