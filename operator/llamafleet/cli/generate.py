"""``llamafleet crds`` and ``llamafleet reference``: what is generated from the types of the API."""

import argparse
import sys

from llamafleet.cli.arguments import folder


def add_crds(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet crds``."""
    parser.set_defaults(command=_crds)
    parser.add_argument(
        "--write", type=folder, metavar="FOLDER", help="write one file per kind into this folder"
    )


def _crds(options: argparse.Namespace) -> int:
    from llamafleet.api.crd import crds, to_yaml  # noqa: PLC0415 - see the package's docstring

    for crd in crds():
        text = to_yaml(crd)
        if options.write:
            plural, group = crd["spec"]["names"]["plural"], crd["spec"]["group"]
            (options.write / f"{group}_{plural}.yaml").write_text(text, encoding="utf-8")
        else:
            sys.stdout.write(f"---\n{text}")
    return 0


def add_reference(parser: argparse.ArgumentParser) -> None:
    """The options of ``llamafleet reference``."""
    parser.set_defaults(command=_reference)
    parser.add_argument(
        "--write", type=folder, metavar="FOLDER", required=True, help="the folder with the pages"
    )


def _reference(options: argparse.Namespace) -> int:
    from llamafleet.api.crd import KINDS  # noqa: PLC0415 - see the package's docstring
    from llamafleet.api.reference import page_name, with_tables  # noqa: PLC0415

    for kind in KINDS:
        page = options.write / page_name(kind)
        page.write_text(with_tables(page.read_text(encoding="utf-8"), kind), encoding="utf-8")
    return 0
