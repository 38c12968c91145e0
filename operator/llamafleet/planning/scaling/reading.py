"""From what the pods and the wakers say to the signals of one look. Pure.

No reading is never zero: where nobody who could know was heard, there are no signals at all.
"""

from collections.abc import Callable, Mapping, Sequence

from llamafleet.api.observed import Load, PodSeen
from llamafleet.planning.scaling.signals import QUEUED, Signals


def signals(
    pods: Sequence[PodSeen],
    loads: Mapping[str, Load],
    *,
    before: Mapping[str, Load],
    seconds: float | None,
    held: int | None,
    wanted: int,
) -> Signals | None:
    """The queue of a fleet; None when nobody knows it.

    While a replica is ready, requests wait there, and only the replicas know. While none is, the waker has
    them, and only it knows. A waker that holds something is believed in both cases.

    Args:
        pods: the pods that are not on their way out.
        loads: what ready ones of them say, by uid.
        before: what pods said at the look before this one.
        seconds: how long ago that was; None when there was none.
        held: how many requests the wakers hold; None when there is no waker, or none answered.
        wanted: how many replicas were decided last.
    """
    ready = [pod for pod in pods if pod.ready]
    read = {pod.uid: loads[pod.uid] for pod in ready if pod.uid in loads}
    if not read and not (held if ready else held is not None):
        return None
    crowded = [load for load in read.values() if load.waiting >= QUEUED]
    shares = [load.kv_usage for load in read.values() if load.kv_usage is not None]
    return Signals(
        ready=len(ready),
        coming=max(wanted - len(ready), 0),
        waiting=sum(load.waiting for load in read.values()) + (held or 0),
        running=sum(load.running for load in read.values()),
        seconds=seconds,
        finished=_increments(read, before, lambda load: load.finished),
        prompt_tokens=_increments(read, before, lambda load: load.prompt_tokens),
        generation_tokens=_increments(read, before, lambda load: load.generation_tokens),
        rejected=_increments(read, before, lambda load: load.rejected) or 0,
        kv_usage=sum(shares) / len(shares) if shares else None,
        crowded=len(crowded),
        crowded_running=sum(load.running for load in crowded),
        partial=len(read) < len(ready) or (not ready and any(pod.started for pod in pods)),
    )


def _increments(
    now: Mapping[str, Load], before: Mapping[str, Load], counter: Callable[[Load], int | None]
) -> int | None:
    """How far a counter went since the look before, over the pods that gave it at both; None without any.

    A pod that gave none before adds nothing, even when it became ready since: one that was only out of
    breath for a moment comes back with the counts of its whole life.
    """
    pairs = [(counter(before[uid]), counter(load)) for uid, load in now.items() if uid in before]
    known = [_increment(old, new) for old, new in pairs if old is not None and new is not None]
    return sum(known) if known else None


def _increment(old: int, new: int) -> int:
    """A counter that fell began at zero again: the server was started anew."""
    return new - old if new >= old else new
