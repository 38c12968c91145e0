"""One run: the trace, a policy, and the fleet that follows it."""

import math
from collections.abc import Callable

from llamafleet.simulation.fleet import Fleet
from llamafleet.simulation.policy import Policy
from llamafleet.simulation.profile import Profile
from llamafleet.simulation.result import Point, Result
from llamafleet.simulation.settings import Settings
from llamafleet.simulation.trace import Trace
from llamafleet.simulation.view import View


def simulate(
    trace: Trace,
    profile: Profile,
    policy: Policy,
    settings: Settings,
    progress: Callable[[float], None] | None = None,
) -> Result:
    """Serve a trace with the fleet that a policy asks for.

    Args:
        trace: the requests.
        profile: how fast one replica is.
        policy: how many replicas there should be; it remembers, so a run needs a new one.
        settings: the rest.
        progress: is told the share of the requests that have come, 0 to 1, at most 200 times.
    """
    run = _Run(trace, policy, settings, Fleet(trace, profile, settings))
    shown = 0.0
    while run.go_on():
        share = run.fleet.serving.arrived / len(trace)
        if progress and share - shown >= 1 / 200:
            progress(shown := share)
    return run.result()


class _Run:
    """A run that has not ended."""

    def __init__(self, trace: Trace, policy: Policy, settings: Settings, fleet: Fleet) -> None:
        self.fleet = fleet
        self._policy = policy
        self._settings = settings
        self._trace = trace
        self._next_look_s = policy.interval_seconds
        self._limit_s = trace.span_s + settings.overtime_seconds
        self._series: list[Point] = []
        self._next_point_s = 0.0
        self._wake_s = self._woken()

    def go_on(self) -> bool:
        """Until the next look or the next replica that becomes ready; False when the run has ended."""
        fleet = self.fleet
        ready = fleet.next_ready_s
        now = min(ready, self._wake_s, self._next_look_s, self._limit_s)
        fleet.serving.serve(math.nextafter(now, math.inf) if now == self._wake_s else now)
        if fleet.serving.done or now == self._limit_s:
            return False
        if now == ready:
            fleet.make_ready(now)
        else:
            self._look(now)
        return True

    def result(self) -> Result:
        """What the run came to."""
        fleet, serving = self.fleet, self.fleet.serving
        end = max(serving.last_s, self._trace.span_s) if serving.done else self._limit_s
        return fleet.result(end, tuple(self._series))

    def _look(self, now: float) -> None:
        """Ask the policy. A look out of turn, to wake the fleet, does not move the next one."""
        fleet, settings = self.fleet, self._settings
        view = fleet.look(now)
        asked = self._policy.look(view)
        floor = settings.initial if now < settings.floor_seconds else settings.low
        count = min(max(asked, floor), settings.high)
        fleet.serving.refusing = self._policy.refusing
        fleet.scale(count, now)
        fleet.serving.admit(now)
        if now >= self._next_look_s:
            self._next_look_s += self._policy.interval_seconds
        self._wake_s = self._woken()
        self._note(view, count)

    def _woken(self) -> float:
        """When the next request wakes a fleet of zero; infinite when there is nothing to wake for."""
        serving, after = self.fleet.serving, self._policy.wake_seconds
        if self.fleet.wanted or serving.waiting or self._policy.refusing or after is None:
            return math.inf
        return serving.next_arrival_s + after

    def _note(self, view: View, count: int) -> None:
        if view.now_s >= self._next_point_s:
            self._series.append(Point(view.now_s, count, view.ready, view.waiting, view.running))
            self._next_point_s = view.now_s + self._trace.span_s / max(self._settings.points, 1)
