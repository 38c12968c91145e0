"""The options of every command, with their types and their help.

A wrong one ends the program with its usage and exit code 2. What an option means is known where it is used.
"""

import argparse
import os
from pathlib import Path
from typing import Final

LAST_PORT: Final = 65535

FORMS: Final = ("table", "json", "yaml")
"""What ``-o`` takes: a view for people, or one document for programs."""


def add_plan(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet plan``."""
    parser.add_argument(
        "manifests", type=_file, metavar="FILE", help="manifests with the LlamaDeployment; - is stdin"
    )
    parser.add_argument(
        "--name", help="which LlamaDeployment, as NAME or NAMESPACE/NAME, when there are several"
    )
    parser.add_argument(
        "--pools",
        type=_file,
        metavar="FILE",
        action="append",
        default=[],
        help="more manifests with GpuPools; may be repeated",
    )
    _add_values(parser)
    parser.add_argument(
        "--weights", type=_file, metavar="PATH", help="your own checkpoint: its folder, or its config.json"
    )
    _add_output(parser)
    parser.add_argument(
        "--explain", action="store_true", help="show the sum of every shape and the source of every figure"
    )


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
        type=_positive,
        default=8,
        help="resources reconciled at the same time (default: %(default)s)",
    )
    parser.add_argument(
        "--health", metavar="URL", help="where to serve liveness, such as http://0.0.0.0:8080/healthz"
    )
    parser.add_argument(
        "--metrics-port", type=_port, default=0, help="where to serve Prometheus metrics (default: nowhere)"
    )
    _add_values(parser)


def add_reference(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet reference``."""
    parser.add_argument(
        "--write", type=_folder, metavar="FOLDER", required=True, help="the folder with the pages"
    )


def add_crds(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet crds``."""
    parser.add_argument(
        "--write", type=_folder, metavar="FOLDER", help="write one file per kind into this folder"
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", choices=FORMS, default=FORMS[0], help="how to show it (default: %(default)s)"
    )


def _add_values(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--values", type=_file, metavar="FILE", help="your own figures for the catalogue's")


def _file(text: str) -> str:
    """The name of a file, which may be missing; a variable of the shell that is not set is no name."""
    if not text:
        message = "must be the name of a file, not an empty text"
        raise argparse.ArgumentTypeError(message)
    return text


def _positive(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        message = f"must be a whole number from 1 on, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _port(text: str) -> int:
    """A TCP port; 0 for none."""
    if not text.isdecimal() or int(text) > LAST_PORT:
        message = f"must be a port from 0 to {LAST_PORT}, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _folder(text: str) -> Path:
    """A folder that exists."""
    if not Path(text).is_dir():
        message = f"must be a folder that exists, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return Path(text)
