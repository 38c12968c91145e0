"""The figures as a table, and the page that it stands on."""

import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from bench.usage import machine
from builders import ROOT
from testbed.versions import KUBERNETES

PAGE: Final = ROOT / "docs" / "benchmarks.md"
START: Final = "<!-- figures: written by python -m bench --write -->"
END: Final = "<!-- end of figures -->"


class Row(NamedTuple):
    """One figure: ours, the floor where there is one, and their ratio."""

    what: str
    ours: str
    floor: str = ""
    ratio: str = ""


HEAD: Final = Row("Figure", "llamafleet", "floor", "ratio")


def compared(what: str, unit: str, ours: float, floor: float, places: int = 1) -> Row:
    """A figure beside its floor."""
    return Row(what, f"{ours:.{places}f} {unit}", f"{floor:.{places}f} {unit}", f"{ours / floor:.2f}")


def table(rows: Sequence[Row]) -> str:
    """A Markdown table whose columns line up in a terminal, too."""
    lines = (HEAD, *rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = "| " + " | ".join("-" * width for width in widths) + " |"
    text = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    return "\n".join([text[0], rule, *text[1:]])


def write(rows: Sequence[Row], command: str, today: date) -> None:
    """Put the figures onto the page of the operator."""
    put(PAGE, table(rows), f"Kubernetes {KUBERNETES.version}, `{command}`", today)


def put(page: Path, figures: str, how: str, today: date) -> None:
    """Put figures onto a page, between their marks; the text around them stays.

    Args:
        page: the page.
        figures: Markdown.
        how: with what they were measured.
        today: when.
    """
    before, _, rest = page.read_text("utf-8").partition(START)
    after = rest.partition(END)[2]
    facts = f"{today.isoformat()}, {machine()}, Python {platform.python_version()}, {how}:"
    page.write_text(f"{before}{START}\n\n{facts}\n\n{figures}\n\n{END}{after}", "utf-8")
