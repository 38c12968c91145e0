"""A fleet over a request trace: event-driven, seeded, pure. ``docs/simulator.md`` explains the model.

    trace = open_trace("trace.csv.gz")                    # or read_trace(name, file) for an open file
    profile = LAB["scout-int4-a100"]                      # or profile_for(shape), for a shape of the planner
    settings = Settings(cold_start_seconds=180, high=20)  # or lab(trace, profile, 180), as in the lab
    result = simulate(trace, profile, Keda(active, 12.8, 20), settings, progress)

A policy is a ``Policy``: ``look(view)`` gives the replicas that it wants, every ``interval_seconds``. The
operator itself is one (``operator``); those of others are in ``policies``. ``progress`` is called with a
fraction from 0 to 1. ``Result`` has GPU-hours, exact wait percentiles, counts of starts and scale events, and
a series to draw.

Nothing here knows Kubernetes, a clock or a network; traces are all that is read.
"""

from llamafleet.simulation.policy import Policy
from llamafleet.simulation.profile import LAB, Profile, profile_for
from llamafleet.simulation.result import Point, Result
from llamafleet.simulation.run import simulate
from llamafleet.simulation.settings import Settings, Starts
from llamafleet.simulation.trace import BadTrace, Trace, open_trace, read_trace
from llamafleet.simulation.view import View
from llamafleet.simulation.work import lab, mean_replicas, peak_replicas, work_seconds

__all__ = [
    "LAB",
    "BadTrace",
    "Point",
    "Policy",
    "Profile",
    "Result",
    "Settings",
    "Starts",
    "Trace",
    "View",
    "lab",
    "mean_replicas",
    "open_trace",
    "peak_replicas",
    "profile_for",
    "read_trace",
    "simulate",
    "work_seconds",
]
