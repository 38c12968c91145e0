"""``llamafleet run``: the operator."""

import argparse
import logging
import os
import sys

from llamafleet.cli.arguments import add_values, port, positive


def add_run(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet run``."""
    parser.set_defaults(command=_run)
    parser.add_argument(
        "--namespace",
        default=os.environ.get("POD_NAMESPACE", "llamafleet-system"),
        help="the namespace that the operator runs in (default: $POD_NAMESPACE, else %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=positive,
        default=8,
        help="resources reconciled at the same time (default: %(default)s)",
    )
    parser.add_argument(
        "--health", metavar="URL", help="where to serve liveness, such as http://0.0.0.0:8080/healthz"
    )
    parser.add_argument(
        "--metrics-port", type=port, default=0, help="where to serve Prometheus metrics (default: nowhere)"
    )
    add_values(parser)


def _run(options: argparse.Namespace) -> int:
    import kopf  # noqa: PLC0415 - see the package's docstring

    from llamafleet.cli.values import read_catalogue  # noqa: PLC0415
    from llamafleet.handlers.operator import run  # noqa: PLC0415
    from llamafleet.handlers.settings import Settings  # noqa: PLC0415

    logging.getLogger("kopf.objects").setLevel(logging.WARNING)  # else a line for every event
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)  # else a line for every probe
    kopf.configure(log_format=kopf.LogFormat.PLAIN if sys.stderr.isatty() else kopf.LogFormat.FULL)
    known = read_catalogue(options.values)
    run(Settings(options.namespace, options.workers, options.health, options.metrics_port, known))
    return 0
