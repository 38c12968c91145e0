"""What is asked of a cluster: fleets as they are now, read by the rights of whoever asks. Nothing is written.

``where`` is the only module here that reaches for the API server; the others make values of what it read, or
arrange them.
"""
