"""The command line: ``llamafleet run`` in a cluster, ``llamafleet crds`` on a laptop.

Imports happen inside the commands, so that a command on a laptop does not load the operator.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

LAST_PORT: Final = 65535


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="llamafleet", description="Llama models on your own GPUs.")
    parser.add_argument("--version", action="version", version=f"llamafleet {version('llamafleet')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="run the operator until it is told to stop"))
    _add_reference(commands.add_parser("reference", help="write the field tables of the documentation"))
    _add_crds(commands.add_parser("crds", help="print the custom resource definitions"))
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_run)
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


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        message = f"must be a whole number from 1 on, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > LAST_PORT:
        message = f"must be a port from 0 to {LAST_PORT}, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        message = f"must be a folder that exists, not {text!r}"
        raise argparse.ArgumentTypeError(message)
    return Path(text)


def _run(options: argparse.Namespace) -> int:
    import kopf  # noqa: PLC0415 - see the module's docstring

    from llamafleet.handlers.operator import run  # noqa: PLC0415
    from llamafleet.handlers.settings import Settings  # noqa: PLC0415

    logging.getLogger("kopf.objects").setLevel(logging.WARNING)  # else a line for every event
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)  # else a line for every probe
    kopf.configure(log_format=kopf.LogFormat.PLAIN if sys.stderr.isatty() else kopf.LogFormat.FULL)
    run(Settings(options.namespace, options.workers, options.health, options.metrics_port))
    return 0


def _add_crds(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_crds)
    parser.add_argument(
        "--write", type=_folder, metavar="FOLDER", help="write one file per kind into this folder"
    )


def _crds(options: argparse.Namespace) -> int:
    from llamafleet.api.crd import crds, to_yaml  # noqa: PLC0415 - see the module's docstring

    for crd in crds():
        text = to_yaml(crd)
        if options.write:
            plural, group = crd["spec"]["names"]["plural"], crd["spec"]["group"]
            (options.write / f"{group}_{plural}.yaml").write_text(text, encoding="utf-8")
        else:
            sys.stdout.write(f"---\n{text}")
    return 0


def _add_reference(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_reference)
    parser.add_argument(
        "--write", type=_folder, metavar="FOLDER", required=True, help="the folder with the pages"
    )


def _reference(options: argparse.Namespace) -> int:
    from llamafleet.api.crd import KINDS  # noqa: PLC0415 - see the module's docstring
    from llamafleet.api.reference import page_name, with_tables  # noqa: PLC0415

    for kind in KINDS:
        page = options.write / page_name(kind)
        page.write_text(with_tables(page.read_text(encoding="utf-8"), kind), encoding="utf-8")
    return 0
