"""The options of the commands that look into a cluster, with the names that kubectl gives them."""

import argparse
from typing import Final

from llamafleet.cli import option_types

FORMS: Final = ("table", "json", "yaml")
"""What ``-o`` takes: a view for people, or one document for programs."""


def add_status(parser: argparse.ArgumentParser) -> None:
    """The options of ``kubectl llama status``."""
    _add_fleets(parser)
    parser.add_argument("-w", "--watch", action="store_true", help="draw it again when something changes")
    parser.add_argument(
        "-o", "--output", choices=FORMS, default=FORMS[0], help="how to show it (default: %(default)s)"
    )


def add_explain(parser: argparse.ArgumentParser) -> None:
    """The options of ``kubectl llama explain``."""
    parser.add_argument(
        "name", type=option_types.resource, metavar="NAME", help="the fleet, as NAME or NAMESPACE/NAME"
    )
    add_cluster(parser)


def add_top(parser: argparse.ArgumentParser) -> None:
    """The options of ``kubectl llama top``."""
    _add_fleets(parser)


def add_cluster(parser: argparse.ArgumentParser, *, spread: bool = False) -> None:
    """Which cluster, and where in it; to spread is to look into all namespaces."""
    parser.add_argument(
        "--kubeconfig",
        type=option_types.file_name,
        metavar="FILE",
        help="the kubeconfig (default: $KUBECONFIG, else ~/.kube/config)",
    )
    parser.add_argument("--context", metavar="NAME", help="one of its contexts (default: the present one)")
    parser.add_argument(
        "-n",
        "--namespace",
        type=option_types.namespace,
        metavar="NAME",
        help="the namespace (default: that of the context)",
    )
    parser.set_defaults(all_namespaces=False)
    if spread:
        parser.add_argument("-A", "--all-namespaces", action="store_true", help="every namespace")


def _add_fleets(parser: argparse.ArgumentParser) -> None:
    """Which fleets, and which cluster."""
    parser.add_argument(
        "names",
        nargs="*",
        type=option_types.resource,
        metavar="NAME",
        help="these fleets only; with -A as NAMESPACE/NAME",
    )
    add_cluster(parser, spread=True)
