"""The options of every command, with their types and their help.

A wrong one ends the program with its usage and exit code 2. What an option means is known where it is used.
"""

import argparse
import os
from decimal import Decimal
from typing import Final

from llamafleet.api.names import LEASE_NAME, WAKER_MANAGEMENT_PORT
from llamafleet.cli import option_types
from llamafleet.cli.live_arguments import FORMS, add_cluster
from llamafleet.waker.settings import (
    GRACE_SECONDS,
    HOLD_SECONDS,
    MAX_BODY_BYTES,
    MAX_HELD,
    MAX_HELD_BYTES,
    MAX_HELD_PER_FLEET,
)

POLICIES: Final = ("llamafleet", "hpa", "hpa-active", "keda", "keda-active", "kubeai", "static")
"""What ``--policy`` takes: the operator's own decisions, or what would drive the fleet instead of them."""


def add_plan(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet plan``."""
    _add_question(parser)
    _add_output(parser)
    parser.add_argument(
        "--explain", action="store_true", help="show the sum of every shape and the source of every figure"
    )


def add_windows(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet windows``."""
    _add_question(parser)
    parser.add_argument(
        "--from",
        type=option_types.day,
        metavar="DAY",
        dest="first_day",
        help="the first day in the time zone of spec.schedule, such as 2026-03-01 (default: this month's)",
    )
    parser.add_argument(
        "--to",
        type=option_types.day,
        metavar="DAY",
        dest="end_day",
        help="the first day after the last one (default: that of the next month)",
    )
    _add_output(parser)


def add_cost(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet cost``."""
    _add_question(parser)
    parser.add_argument(
        "--tokens-per-month",
        type=option_types.tokens,
        metavar="N",
        help="how many tokens, in and out, the fleet is to serve in 30 days: 250M, 1.5B, 1e9 or 250000000",
    )
    parser.add_argument(
        "--input-share",
        type=option_types.share,
        metavar="SHARE",
        default=Decimal("0.25"),
        help="the share of tokens of prompts among them, from 0 to 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--plot",
        type=option_types.picture,
        metavar="FILE",
        help="draw US dollars over tokens into a .png or .svg file; needs llamafleet[plot]",
    )
    _add_output(parser)


def add_simulate(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet simulate``."""
    _add_question(parser)
    parser.add_argument(
        "--trace",
        type=option_types.file_name,
        required=True,
        metavar="FILE",
        help="the requests: a CSV file, which may be compressed with gzip; - is stdin",
    )
    parser.add_argument(
        "--cold-start",
        type=option_types.seconds,
        default=180,
        metavar="SECONDS",
        help="from the request for a replica to its first answer (default: %(default)s)",
    )
    parser.add_argument(
        "--cold-start-spread",
        type=option_types.spread,
        default=0.0,
        metavar="SPREAD",
        help="how much starts differ: the standard deviation of their logarithm; with 0.3 two of three are "
        "within a third of --cold-start (default: %(default)s)",
    )
    parser.add_argument(
        "--policy",
        choices=POLICIES,
        default=POLICIES[0],
        help="what decides the number of replicas (default: %(default)s)",
    )
    parser.add_argument(
        "--slo",
        type=option_types.seconds,
        default=10,
        metavar="SECONDS",
        help="no request should wait longer than so long (default: %(default)s)",
    )
    parser.add_argument(
        "--start",
        type=option_types.instant,
        metavar="INSTANT",
        help="when the trace begins, such as 2026-03-02T00:00:00+01:00 (default: today's midnight in the "
        "time zone of spec.schedule)",
    )
    parser.add_argument(
        "--seed",
        type=option_types.seed,
        default=1,
        metavar="N",
        help="which starts chance makes long and short, with --cold-start-spread (default: %(default)s)",
    )
    parser.add_argument(
        "--plot",
        type=option_types.picture,
        metavar="FILE",
        help="draw replicas and waiting requests over time into a .png or .svg file; needs llamafleet[plot]",
    )
    _add_output(parser)


def add_models(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet models``."""
    parser.add_argument("key", nargs="?", metavar="VARIANT", help="one model, with every source")
    _add_values(parser)
    _add_output(parser)


def add_gpus(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet gpus``."""
    parser.add_argument("key", nargs="?", metavar="KEY", help="one GPU, with every source and price")
    _add_values(parser)
    _add_output(parser)


def add_prices(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet prices``."""
    parser.set_defaults(gpu=True, api=True)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--gpu", action="store_false", dest="api", help="what GPUs cost, and nothing else")
    only.add_argument("--api", action="store_false", dest="gpu", help="what APIs ask, and nothing else")
    _add_values(parser)
    _add_output(parser)


def add_run(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet run``."""
    parser.add_argument(
        "--namespace",
        default=os.environ.get("POD_NAMESPACE", "llamafleet-system"),
        help="the namespace that the operator runs in (default: $POD_NAMESPACE, else %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=option_types.positive,
        default=16,
        help="resources reconciled at the same time; a namespace that is alone has half of them"
        " (default: %(default)s)",
    )
    _add_namespaces(parser)
    parser.add_argument(
        "--health", metavar="URL", help="where to serve liveness, such as http://0.0.0.0:8080/healthz"
    )
    parser.add_argument(
        "--waker",
        metavar="NAME",
        help="the headless Service of the wakers in that namespace (default: no waker; a fleet without one"
        " does not go to zero for idleness)",
    )
    parser.add_argument(
        "--prometheus-url",
        type=option_types.base_url,
        metavar="URL",
        help="read the queues from this Prometheus, such as http://prometheus.monitoring:9090"
        " (default: from the pods themselves)",
    )
    parser.add_argument(
        "--metrics-port",
        type=option_types.port,
        default=0,
        help="where to serve Prometheus metrics and /readyz (default: nowhere)",
    )
    parser.add_argument(
        "--lease",
        metavar="NAME",
        default=LEASE_NAME,
        help="the Lease in that namespace by which the processes of one operator elect the one that works"
        " (default: %(default)s)",
    )
    parser.add_argument(
        "--identity",
        metavar="NAME",
        default=os.environ.get("POD_UID"),
        help="who this process is in that Lease; whoever comes again by the same name has it back at once"
        " (default: $POD_UID, else a name that nobody else has)",
    )
    parser.add_argument(
        "--lease-duration",
        type=option_types.lease_seconds,
        metavar="SECONDS",
        default=4,
        help="how long the Lease lasts without a renewal; longer is more patient with a slow API server, and"
        " takes as long to replace a process that died (default: %(default)s)",
    )
    _add_values(parser)


def add_waker(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet waker``."""
    _add_namespaces(parser)
    parser.add_argument(
        "--port",
        type=option_types.port,
        default=WAKER_MANAGEMENT_PORT,
        help="where to serve what is held, metrics and health (default: %(default)s)",
    )
    for option, default, what in (
        ("--max-held", MAX_HELD, "requests that are held at the same time"),
        ("--max-held-per-fleet", MAX_HELD_PER_FLEET, "how many of these may be for one fleet"),
        ("--max-held-bytes", MAX_HELD_BYTES, "bytes of all held bodies together"),
        ("--max-body-bytes", MAX_BODY_BYTES, "bytes of the body of one held request"),
        ("--hold", HOLD_SECONDS, "seconds that one request is held"),
        ("--grace", GRACE_SECONDS, "seconds that answers may stream on after the signal to stop"),
    ):
        parser.add_argument(
            option,
            type=option_types.positive,
            default=default,
            metavar="N",
            help=f"{what} (default: %(default)s)",
        )


def add_reference(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet reference``."""
    parser.add_argument(
        "--write", type=option_types.folder, metavar="FOLDER", required=True, help="the folder with the pages"
    )


def add_crds(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet crds``."""
    parser.add_argument(
        "--write", type=option_types.folder, metavar="FOLDER", help="write one file per kind into this folder"
    )


def _add_question(parser: argparse.ArgumentParser) -> None:
    """What is asked about: one LlamaDeployment, and everything that its plan depends on."""
    parser.add_argument(
        "manifests",
        type=option_types.file_name,
        metavar="FILE|NAME",
        help="manifests with the LlamaDeployment, - for stdin; or llama/NAME, the one in the cluster. NAME"
        " alone is that too, where there is no file of that name",
    )
    parser.add_argument(
        "--name", help="which LlamaDeployment, as NAME or NAMESPACE/NAME, when there are several"
    )
    parser.add_argument(
        "--pools",
        type=option_types.file_name,
        metavar="FILE",
        action="append",
        default=[],
        help="more manifests with GpuPools; may be repeated. For a resource in the cluster, those and not the"
        " cluster's",
    )
    _add_values(parser)
    parser.add_argument(
        "--weights",
        type=option_types.file_name,
        metavar="PATH",
        help="your own checkpoint: its folder, or its config.json",
    )
    add_cluster(parser)


def _add_namespaces(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--namespaces",
        type=option_types.namespaces,
        action="append",
        metavar="NAME[,NAME...]",
        default=[],
        help="work in these namespaces only; may be repeated. Where several operators share a cluster, each"
        " has a --lease and wakers of its own (default: all namespaces)",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", choices=FORMS, default=FORMS[0], help="how to show it (default: %(default)s)"
    )


def _add_values(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--values", type=option_types.file_name, metavar="FILE", help="your own figures for the catalogue's"
    )
