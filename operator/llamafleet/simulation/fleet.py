"""The life of the replicas: wanted, loading, ready, draining, gone; and what they cost."""

import math
import random
from array import array

from llamafleet.simulation.profile import Profile
from llamafleet.simulation.replica import Replica
from llamafleet.simulation.result import Point, Result
from llamafleet.simulation.serving import Serving
from llamafleet.simulation.settings import Settings
from llamafleet.simulation.trace import Trace
from llamafleet.simulation.view import View


class Fleet:
    """All replicas of a run.

    Attributes:
        serving: the queue, and the replicas that take from it.
        wanted: how many replicas there should be.
        started: how many were begun, those of the start left out.
        scale_ups: how often ``wanted`` rose.
        scale_downs: how often it fell.
        most: the largest ``wanted``.
        lifetimes: how long each replica that is gone was paid for, seconds.
    """

    def __init__(self, trace: Trace, profile: Profile, settings: Settings) -> None:
        """The replicas of the start are ready."""
        self.serving = Serving(trace, profile, self._emptied)
        self.wanted = self.most = settings.initial
        self.started = self.scale_ups = self.scale_downs = 0
        self.lifetimes = array("d")
        self._trace = trace
        self._gpus = profile.gpus
        self._kv_tokens = profile.kv_tokens
        self._settings = settings
        self._random = random.Random(settings.seed)  # noqa: S311 - a simulation is to be repeatable
        self._loading: list[Replica] = []
        self._draining: list[Replica] = []
        self._numbers = 0
        self._cold_starts: list[float] = []
        self._billed_s = 0.0
        self._seen = (0, 0, 0.0)
        for _ in range(settings.initial):
            self.serving.add(self._new(0.0, 0.0), 0.0)

    @property
    def next_ready_s(self) -> float:
        """When the next replica becomes ready; infinite when none is loading."""
        return min((replica.ready_at for replica in self._loading), default=math.inf)

    def scale(self, count: int, now: float) -> None:
        """Want so many replicas: loading ones go first, the newest of them, then the least busy."""
        self.scale_ups += count > self.wanted
        self.scale_downs += count < self.wanted
        self.wanted = count
        self.most = max(self.most, count)
        taking = self.serving.taking
        while self._loading and len(taking) + len(self._loading) > count:
            self._gone(self._loading.pop(), now)
        while len(taking) > count:
            idlest = min(taking, key=lambda replica: (replica.batch, -replica.number))
            self._draining.append(idlest)
            self.serving.drain(idlest, now)
        self._begin(now)

    def make_ready(self, now: float) -> None:
        """Every replica whose cold start is over takes requests."""
        for replica in [one for one in self._loading if one.ready_at <= now]:
            self._loading.remove(replica)
            self._cold_starts.append(replica.ready_at - replica.wanted_at)
            self.serving.add(replica, now)

    def look(self, now: float) -> View:
        """What there is to see, and what happened since the last look."""
        serving = self.serving
        busy = [*serving.taking, *self._draining]
        serving.generated += sum(replica.advance(now) for replica in busy)
        before, self._seen = self._seen, (serving.finished, serving.prompted, serving.generated)
        starts, self._cold_starts = tuple(self._cold_starts), []
        ready = len(serving.taking)
        return View(
            now_s=now,
            wanted=self.wanted,
            ready=ready,
            coming=self.wanted - ready,
            draining=len(self._draining),
            waiting=serving.waiting,
            running=serving.running,
            finished=serving.finished - before[0],
            prompt_tokens=serving.prompted - before[1],
            generation_tokens=round(serving.generated) - round(before[2]),
            kv_usage=self._kv_usage(),
            cold_starts=starts,
            billed_s=self._billed_s + sum(now - replica.wanted_at for replica in (*self._loading, *busy)),
        )

    def result(self, end: float, series: tuple[Point, ...] = ()) -> Result:
        """What a run has come to that ends now: every replica is gone, and who waits has waited until now."""
        for replica in (*self._loading, *self.serving.taking, *self._draining):
            self._gone(replica, end)
        serving, arrivals = self.serving, self._trace.arrivals
        waited = [end - arrivals[index] for index in range(serving.admitted, serving.arrived)]
        return Result(
            waits=sorted([*serving.waits, *waited]),
            requests=len(self._trace),
            finished=serving.finished,
            refused=serving.refused,
            unserved=len(waited),
            cut_to_fit=serving.cut_to_fit,
            end_s=end,
            replica_seconds=math.fsum(self.lifetimes),
            gpus=self._gpus,
            started=self.started,
            scale_ups=self.scale_ups,
            scale_downs=self.scale_downs,
            most=self.most,
            series=series,
        )

    def _kv_usage(self) -> float | None:
        """By the mean fill of each request's part; the fill at this instant would cost a look at each."""
        taking = self.serving.taking
        if not taking:
            return None
        return min(sum(replica.context for replica in taking) / (2 * self._kv_tokens * len(taking)), 1.0)

    def _begin(self, now: float) -> None:
        """Start what is wanted and not there, as far as there are GPUs."""
        capacity = math.inf if self._settings.capacity is None else self._settings.capacity
        there = len(self.serving.taking) + len(self._loading)
        for _ in range(int(min(self.wanted - there, capacity - there - len(self._draining)))):
            self.started += 1
            self._loading.append(self._new(now, self._cold_start()))

    def _new(self, now: float, cold_start: float) -> Replica:
        self._numbers += 1
        return Replica(self._numbers, now, now + cold_start)

    def _cold_start(self) -> float:
        settings = self._settings
        if not settings.cold_start_spread:
            return settings.cold_start_seconds
        return settings.cold_start_seconds * math.exp(self._random.gauss(0, settings.cold_start_spread))

    def _emptied(self, replica: Replica, now: float) -> None:
        self._draining.remove(replica)
        self._gone(replica, now)
        self._begin(now)

    def _gone(self, replica: Replica, now: float) -> None:
        self.lifetimes.append(now - replica.wanted_at)
        self._billed_s += now - replica.wanted_at
