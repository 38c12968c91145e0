"""The log on stderr: a line of JSON per record, or a readable line where a person looks on.

Our own records from INFO on, everybody else's from WARNING on: what a library says of each request or event
is nobody's business. Nothing that a resource, a client or the API server says can begin a line of its own.
"""

import logging
import sys
from typing import Final, TextIO

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

OURS: Final = "llamafleet"

NAMES: Final = {"timestamp": "time", "levelname": "level", "name": "logger", "k8s_ref": "object"}
"""How fields are called in a line. kopf calls what its own records are about ``k8s_ref``."""

KOPFS_OWN: Final = ("k8s_skip", "settings")
"""What kopf adds to its records for itself."""


def configure_logs(stream: TextIO | None = None) -> None:
    """Let every record go to stderr, or to the stream that is given."""
    target = stream or sys.stderr
    handler = logging.StreamHandler(target)
    handler.setFormatter(_Text() if target.isatty() else _json())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(logging.INFO)
    logging.captureWarnings(capture=True)


def _json() -> logging.Formatter:
    return JsonFormatter(
        ["levelname", "name", "message"],
        rename_fields=NAMES,
        reserved_attrs=[*RESERVED_ATTRS, *KOPFS_OWN],
        timestamp=True,
    )


class _Text(logging.Formatter):
    """Time, level and message, with nothing in it that a terminal would obey."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname:<7} {message}", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is the library's
        record.message = "".join(
            letter if letter.isprintable() else repr(letter)[1:-1] for letter in record.message
        )
        return super().formatMessage(record)
