"""Standard output: text as it is, or plain values as one JSON or YAML document."""

import errno
import json
import os
import sys


def write(text: str) -> None:
    """Print a text; a character that the output's encoding lacks becomes a question mark.

    Raises:
        OSError: there is no standard output: the process was started with it closed.
    """
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), "standard output")
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))


def flush() -> None:
    """Write what waits to be written. A process that was started with its output closed has none."""
    if sys.stdout is not None:
        sys.stdout.flush()


def write_document(content: object, form: str) -> None:
    """Print plain values as ``json`` or as ``yaml``, in their own order."""
    if form == "json":
        write(json.dumps(content, indent=2) + "\n")
    else:
        import yaml  # noqa: PLC0415 - most commands print none

        write(yaml.safe_dump(content, sort_keys=False, width=100))
