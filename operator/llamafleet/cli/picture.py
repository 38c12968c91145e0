"""A picture in a file: its size, its look, and nothing in it that would make two of one answer differ."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure

SIZE: Final = (11.0, 7.2)
"""Inches; at so many dots per inch a picture for a page: 1650 x 1080 pixels."""

DOTS_PER_INCH: Final = 150

FLEET_COLOUR: Final = "#111111"

NO_DATE: Final = {".svg": {"Date": None}, ".png": {"Software": None}}
"""What else would make two pictures of one answer differ, beside names in an SVG that are made by chance."""


@contextmanager
def picture(file: Path) -> Iterator[Figure]:
    """A figure to draw on; written at the end of the block, in the form that the file's name asks for.

    Raises:
        OSError: the file cannot be written.
    """
    with mpl.rc_context():
        mpl.rcdefaults()  # a style of the user's own would change the picture
        mpl.rc("font", family="DejaVu Sans", size=9.5)
        mpl.rc("svg", fonttype="path", hashsalt="llamafleet")
        mpl.rc("axes.spines", top=False, right=False)
        figure = Figure(figsize=SIZE, dpi=DOTS_PER_INCH)
        yield figure
        figure.savefig(file, format=file.suffix.removeprefix("."), metadata=NO_DATE[file.suffix])
