"""The outside world: the Kubernetes API, its informers, the clock, the process's metrics.

Only these modules know a client library. Its exceptions end here and become ours, and "not found" is
None. Nothing here decides anything.
"""
