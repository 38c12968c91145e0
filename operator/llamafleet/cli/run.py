"""``llamafleet run``: the operator."""

import argparse
import logging
import sys

import kopf

from llamafleet.cli.values import read_catalogue
from llamafleet.handlers.operator import run as run_operator
from llamafleet.handlers.settings import Settings


def run(options: argparse.Namespace) -> int:
    """Run until a signal comes.

    Raises:
        BadInput: the values file cannot be used.
    """
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)  # else a line for every event
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)  # else a line for every probe
    kopf.configure(log_format=kopf.LogFormat.PLAIN if sys.stderr.isatty() else kopf.LogFormat.FULL)
    known = read_catalogue(options.values)
    settings = Settings(
        options.namespace,
        options.workers,
        options.health,
        options.metrics_port,
        known,
        waker=options.waker,
        prometheus_url=options.prometheus_url,
    )
    run_operator(settings)
    return 0
