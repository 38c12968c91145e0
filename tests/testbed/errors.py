"""The one error of the testbed: a sentence for the person at the terminal."""


class TestbedError(Exception):
    """Something that the control plane needs is missing or failed; the text says what, in one line."""

    __test__ = False  # the name begins with "Test", yet pytest has nothing to collect here
