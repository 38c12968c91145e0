"""What ends a command with exit code 1 and one line: the user must change something."""

from llamafleet.errors import LlamafleetError


class BadInput(LlamafleetError):
    """A file, or what stands in it, cannot be used; the message names the file, the place and the rule."""
