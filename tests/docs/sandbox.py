"""A folder where the commands of a page find what it speaks of: the project, and the reader's own files."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from builders import ROOT
from docs.markdown import Block, blocks
from docs.shell import Command, commands, holds_commands

NAMED: Final = "# "
"""A block whose first line is a comment with a file's name is that file."""

L40S: Final = """
apiVersion: llamafleet.io/v1alpha1
kind: GpuPool
metadata: {name: l40s}
spec: {gpu: l40s, gpusPerNode: 1, price: {onDemand: "0.79"}}
"""

TRACES: Final = ROOT / "tests" / "traces"

ELSEWHERE: Final = {
    "docs/cost.md": {"night.yaml": "docs/cost-output.md"},
    "docs/schedule.md": {"night.yaml": "docs/windows-output.md"},
    "docs/scaling.md": {"chat.yaml": "docs/simulate-output.md"},
}
"""Files that a page speaks of, and the page that has them."""

READERS_OWN: Final[Mapping[str, Mapping[str, str | Path]]] = {
    "docs/plan-output.md": {"l40s.yaml": L40S, "scout.yaml": ROOT / "manifests" / "samples" / "scout.yaml"},
    "docs/scaling.md": {"requests.csv.gz": TRACES / "azure-conv-2023.csv.gz"},
    "docs/batch-windows.md": {"requests.csv.gz": TRACES / "azure-conv-2023.csv.gz"},
    "docs/simulate-output.md": {"azure-conv-2023.csv.gz": TRACES / "azure-conv-2023.csv.gz"},
    "docs/upgrades.md": {"overlay": ROOT / "manifests" / "operator"},
    "docs/waker.md": {"overlay": ROOT / "manifests" / "with-waker"},
}
"""Files that a page speaks of and does not show: their text, or what stands in for them."""


def file_name(block: Block) -> str:
    """The name of the file that a block is; empty: it is none."""
    first = block.text.partition("\n")[0]
    name = first.removeprefix(NAMED).strip()
    is_named = first.startswith(NAMED) and block.language == "yaml" and name.endswith(".yaml")
    return name if is_named and " " not in name else ""


def furnish(page: Path, folder: Path) -> None:
    """Put the project into a folder, and beside it every file that the page shows or speaks of."""
    here = page.relative_to(ROOT).as_posix()
    for path in ROOT.iterdir():
        if not path.name.startswith("."):
            (folder / path.name).symlink_to(path)
    for name, other in ELSEWHERE.get(here, {}).items():
        (folder / name).write_text(_shown(ROOT / other)[name], "utf-8")
    for name, content in READERS_OWN.get(here, {}).items():
        if isinstance(content, Path):
            (folder / name).symlink_to(content)
        else:
            (folder / name).write_text(content, "utf-8")
    for name, text in {**_shown(page), **_written(page)}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def commands_of(page: Path) -> list[Command]:
    """Every command of a page."""
    return [command for block in blocks(page) if holds_commands(block) for command in commands(block)]


def _shown(page: Path) -> dict[str, str]:
    """The files that are blocks of the page."""
    return {file_name(block): block.text for block in blocks(page) if file_name(block)}


def _written(page: Path) -> dict[str, str]:
    """The files that commands of the page write from here-documents."""
    found = (command for command in commands_of(page) if command.document and command.target)
    return {os.path.normpath(command.target): command.document for command in found}
