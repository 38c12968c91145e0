"""The command line: the operator in a cluster, the plan and the catalogue on a laptop.

``main`` and ``arguments`` know every command; what a command needs is imported when it runs, so that a
command on a laptop does not load the operator. Nothing here decides; it reads, asks the planner, and shows.
"""

from llamafleet.cli.main import main

__all__ = ["main"]
