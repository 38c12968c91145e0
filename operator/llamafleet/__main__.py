"""``python -m llamafleet``: the same as the command ``llamafleet``."""

import sys

from llamafleet.cli import main

sys.exit(main())
