"""What may go wrong with a picture, as one line for whoever asked for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llamafleet.cli.files import BadInput


@contextmanager
def drawing(file: Path) -> Iterator[None]:
    """Import what draws a picture, and draw it.

    Raises:
        BadInput: matplotlib is missing, or the file cannot be written.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        message = "--plot: must have matplotlib, which pip install 'llamafleet[plot]' brings"
        raise BadInput(message) from error
    except OSError as error:
        message = f"{file}: {error.strerror or error}"
        raise BadInput(message) from error
