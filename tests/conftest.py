"""What holds for every test, wherever it lies."""

import os
import signal

from hypothesis import settings

# A shell starts background jobs with SIGINT ignored, and children inherit that; a CI runner may do the same.
# With a handler of our own here, the programs that tests start get Ctrl-C as a person's terminal gives it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Time limits are pytest's: a busy machine is no failure of an example. What must pass before anything lands plays
# the same examples for everybody; whoever runs the tests by hand, and the night, plays others each time.
settings.register_profile("patient", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("patient")
