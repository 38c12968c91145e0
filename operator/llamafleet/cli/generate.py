"""``llamafleet crds`` and ``reference``: what is generated from the types of the API and the parsers."""

import argparse
from pathlib import Path

from llamafleet.api.crd import KINDS, to_yaml
from llamafleet.api.crd import crds as definitions
from llamafleet.api.reference import page_name, with_tables
from llamafleet.cli.commands_page import PAGE, with_commands
from llamafleet.cli.main import command_line
from llamafleet.cli.stdout import write


def crds(options: argparse.Namespace) -> int:
    """Print the custom resource definitions, or write a file of each."""
    for crd in definitions():
        text = to_yaml(crd)
        if options.write:
            plural, group = crd["spec"]["names"]["plural"], crd["spec"]["group"]
            (options.write / f"{group}_{plural}.yaml").write_text(text, encoding="utf-8")
        else:
            write(f"---\n{text}")
    return 0


def reference(options: argparse.Namespace) -> int:
    """Write the tables of fields, and those of options, into the pages of the documentation."""
    for kind in KINDS:
        page = options.write / page_name(kind)
        page.write_text(with_tables(page.read_text(encoding="utf-8"), kind), encoding="utf-8")
    _write_commands(options.write / PAGE)
    return 0


def _write_commands(page: Path) -> None:
    page.write_text(with_commands(page.read_text(encoding="utf-8"), command_line()), encoding="utf-8")
