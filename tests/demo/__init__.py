"""``make demo``: the whole way once, in front of your eyes."""
