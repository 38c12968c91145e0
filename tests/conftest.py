"""What holds for every test, wherever it lies."""

import os
import signal

from hypothesis import settings

# A shell starts background jobs with SIGINT ignored, and children inherit that; a CI runner may do the same.
# With a handler of our own here, the programs that tests start get Ctrl-C as a person's terminal gives it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Time limits are pytest's: a busy machine is no failure of an example. Everybody plays the same examples; the
# night, which has a seed, plays others each time.
settings.register_profile("patient", deadline=None, derandomize="LLAMAFLEET_SEED" not in os.environ)
settings.load_profile("patient")
