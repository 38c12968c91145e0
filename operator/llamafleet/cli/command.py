"""A command line as a person copies it into a shell."""

import shlex
from collections.abc import Sequence
from typing import Final

WIDTH: Final = 96
"""Columns of a line, the backslash included."""


def command_line(words: Sequence[str]) -> str:
    """The words, each quoted where the shell needs it, over as many lines as they take."""
    lines = [shlex.quote(words[0])]
    for word in map(shlex.quote, words[1:]):
        if len(lines[-1]) + len(word) + 3 > WIDTH:
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}"
    return " \\\n".join(lines)
