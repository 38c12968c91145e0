"""Requests over replicas: one queue, first come first served, to the least busy replica that has room.

This is the loop that a run spends its time in, so it keeps numbers in arrays and heaps, not in objects.
"""

import math
from array import array
from collections.abc import Callable
from heapq import heappop, heappush, heapreplace

from llamafleet.simulation.profile import Profile
from llamafleet.simulation.replica import Replica
from llamafleet.simulation.trace import Trace


class Serving:
    """The queue and the replicas that take from it.

    Requests leave in the order of the trace, so the queue is two indices: ``admitted`` and ``arrived``.

    Attributes:
        taking: replicas that take requests, in the order in which they became ready.
        arrived: requests that have come.
        admitted: requests that have left the queue; the next one to leave has this index.
        refused: how many of these were refused.
        waits: how long the others waited, seconds.
        finished: requests that were answered in full.
        prompted: tokens of the prompts that were begun.
        generated: tokens that were generated, as far as replicas were looked at.
        cut_to_fit: requests that filled a whole KV cache and wanted more.
        last_s: when the last request ended.
        refusing: True to refuse, while no replica takes requests, what would have to wait.
    """

    def __init__(self, trace: Trace, profile: Profile, emptied: Callable[[Replica, float], None]) -> None:
        """Nothing has arrived yet, and there is no replica.

        Args:
            trace: the requests.
            profile: how fast a replica is.
            emptied: is told of a draining replica that has ended its last request, and when.
        """
        self.taking: list[Replica] = []
        self.arrived = self.admitted = self.refused = self.finished = 0
        self.prompted = self.cut_to_fit = 0
        self.generated = self.last_s = 0.0
        self.waits = array("d")
        self.refusing = False
        self._emptied = emptied
        self._arrivals = array("d", trace.arrivals)
        self._arrivals.append(math.inf)
        self._inputs = trace.inputs
        self._outputs = trace.outputs
        self._kv_tokens = profile.kv_tokens
        self._most = profile.max_num_seqs
        self._batch_s = [profile.batch_s(batch) for batch in range(profile.max_num_seqs + 1)]
        self._context_s = profile.kv_token_s / 2
        self._prefill_token_s = profile.prefill_token_s
        self._serial = 0
        self._due: list[tuple[float, int, Replica]] = [(math.inf, 0, Replica(0, 0, 0))]

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return self.arrived - self.admitted

    @property
    def running(self) -> int:
        """Requests that replicas work on."""
        return self.admitted - self.refused - self.finished

    @property
    def done(self) -> bool:
        """Whether every request of the trace was answered or refused."""
        return self.finished + self.refused == len(self._arrivals) - 1

    @property
    def next_arrival_s(self) -> float:
        """When the next request comes; infinite when none does."""
        return self._arrivals[self.arrived]

    def serve(self, until: float) -> None:
        """Everything that happens before an instant."""
        arrivals, due = self._arrivals, self._due
        while True:
            finish = due[0][0]
            arrival = arrivals[self.arrived]
            if arrival < finish:
                if arrival >= until:
                    return
                self.arrived += 1
                if self.admitted + 1 == self.arrived:
                    self.admit(arrival)
            elif finish < until:
                self._finish()
            else:
                return

    def add(self, replica: Replica, now: float) -> None:
        """A replica takes requests from now on."""
        self.taking.append(replica)
        self.admit(now)

    def drain(self, replica: Replica, now: float) -> None:
        """A replica takes no more requests; without any it is gone at once."""
        self.taking.remove(replica)
        replica.draining = True
        if not replica.batch:
            self._emptied(replica, now)

    def admit(self, now: float) -> None:
        """Give requests to replicas for as long as the first in the queue finds room."""
        while self.admitted < self.arrived:
            index = self.admitted
            prompt, output = self._inputs[index], self._outputs[index]
            room = max(self._kv_tokens - prompt - output, 0)
            fewest, chosen = self._most, None
            for replica in self.taking:
                if replica.batch < fewest and replica.reserved <= room:
                    fewest, chosen = replica.batch, replica
            if chosen is None:
                break
            self.admitted = index + 1
            self.waits.append(now - self._arrivals[index])
            self._begin(chosen, now, prompt, output)
        else:
            return
        if self.refusing and not self.taking:
            self.refused += self.arrived - self.admitted
            self.admitted = self.arrived

    def _begin(self, replica: Replica, now: float, prompt: int, output: int) -> None:
        """The prefill stops the steps of all; then each token of the answer takes a step."""
        self.generated += replica.advance(now)
        replica.at += self._prefill_token_s * prompt
        self.prompted += prompt
        tokens = prompt + output
        if tokens > self._kv_tokens:
            tokens = self._kv_tokens
            self.cut_to_fit += 1
        context = 2 * prompt + output
        ends = replica.ends
        heappush(ends, (replica.steps + output, tokens, context))
        replica.batch += 1
        replica.reserved += tokens
        replica.context += context
        replica.step_s = self._batch_s[replica.batch] + self._context_s * replica.context
        due = replica.due = replica.at + (ends[0][0] - replica.steps) * replica.step_s
        if due < replica.scheduled:
            replica.scheduled = due
            self._serial += 1
            heappush(self._due, (due, self._serial, replica))

    def _finish(self) -> None:
        """The first entry of the agenda: the end of a request, or one that has been put off since."""
        now, _, replica = self._due[0]
        if now != replica.scheduled:  # another entry of this replica came first
            heappop(self._due)
            return
        if replica.due > now:
            self._schedule(replica)
            return
        ends = replica.ends
        step = ends[0][0]
        self.generated += replica.batch * (step - replica.steps)
        replica.steps, replica.at = step, now
        while ends and ends[0][0] <= step:
            _, tokens, context = heappop(ends)
            replica.batch -= 1
            replica.reserved -= tokens
            replica.context -= context
            self.finished += 1
        self.last_s = now
        if ends:
            replica.step_s = self._batch_s[replica.batch] + self._context_s * replica.context
            replica.due = now + (ends[0][0] - step) * replica.step_s
            self._schedule(replica)
        else:
            heappop(self._due)
            replica.due = replica.scheduled = math.inf
            replica.step_s = math.inf
            replica.steps = 0.0
        if replica.draining:
            if not ends:
                self._emptied(replica, now)
        elif self.admitted < self.arrived:
            self.admit(now)

    def _schedule(self, replica: Replica) -> None:
        """Put the replica that stands first on the agenda where it belongs."""
        replica.scheduled = replica.due
        self._serial += 1
        heapreplace(self._due, (replica.due, self._serial, replica))
