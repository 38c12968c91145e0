"""Whose turn it is: the ready keys of each namespace, and how many workers each namespace holds."""

from collections import Counter, OrderedDict, deque

from llamafleet.api.observed import Key


class Turns:
    """Namespaces take turns, and none of them takes more than its share of the workers.

    The share is bounded by what is free: a namespace that holds n workers gets another one only while more
    than n are free. Alone it ends up with half of them, two that are busy with a third each, and the rest is
    there for whoever comes. This is the dynamic threshold of shared buffers, with factor 1 (A. K. Choudhury
    and E. L. Hahne, "Dynamic queue length thresholds for shared-memory packet switches", IEEE/ACM
    Transactions on Networking 6 (2), 1998).

    Args:
        workers: how many there are.
    """

    def __init__(self, workers: int) -> None:
        """Nobody waits, and all workers are free."""
        self._since: dict[Key, float] = {}
        self._queues: OrderedDict[str, deque[Key]] = OrderedDict()
        self._held: Counter[str] = Counter()
        self._free = workers

    def __len__(self) -> int:
        """How many keys wait. Any thread may ask."""
        return len(self._since)

    def __contains__(self, key: Key) -> bool:
        """Whether a key waits."""
        return key in self._since

    def add(self, key: Key, now: float) -> None:
        """Let a key wait since an instant; one that waits already keeps its place."""
        if key not in self._since:
            self._since[key] = now
            self._queues.setdefault(key.namespace, deque()).append(key)

    def take(self) -> Key | None:
        """The next key, with a worker for it; None while nobody may have one."""
        namespace = next((one for one in self._queues if self._held[one] < self._free), None)
        if namespace is None:
            return None
        keys = self._queues.pop(namespace)
        key = keys.popleft()
        if keys:
            self._queues[namespace] = keys  # at the end: everybody else comes first
        del self._since[key]
        self._held[namespace] += 1
        self._free -= 1
        return key

    def give_back(self, key: Key) -> None:
        """The worker of a key is free again."""
        self._free += 1
        self._held[key.namespace] -= 1
        if not self._held[key.namespace]:
            del self._held[key.namespace]

    def oldest(self) -> float | None:
        """Since when the key waits that waits longest; None when none waits. Any thread may ask."""
        return min(list(self._since.values()), default=None)  # the list is made in one step
