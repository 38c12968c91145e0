"""The figures as a table, and the page that it stands on."""

import platform
from collections.abc import Sequence
from datetime import date
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
    """Put the figures onto the page, between their marks; the text around them stays."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(START)
    after = rest.partition(END)[2]
    python = f"Python {platform.python_version()}, Kubernetes {KUBERNETES.version}"
    facts = f"{today.isoformat()}, {machine()}, {python}, `{command}`:"
    PAGE.write_text(f"{before}{START}\n\n{facts}\n\n{table(rows)}\n\n{END}{after}", "utf-8")
