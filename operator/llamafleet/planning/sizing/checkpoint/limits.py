"""The largest numbers that are believed: far above every published model, and low enough to count with."""

from typing import Final

MOST_LAYERS: Final = 1024
MOST_EXPERTS: Final = 2**16
MOST_HEADS: Final = 2**16
MOST_WIDTH: Final = 2**24
MOST_POSITIONS: Final = 2**31
MOST_BITS: Final = 64
MOST_GROUP: Final = 2**20
MOST_BYTES: Final = 2**50
"""The bytes of all files; the others are numbers of what their names say."""
