"""The pods that are gone, remembered until somebody has accounted for them."""

import logging
from collections.abc import Iterable
from typing import Final

from pydantic import ValidationError

from llamafleet.api.ledger import Ledger
from llamafleet.api.observed import Departed, Key

MOST: Final = 5_000
"""How many are remembered in all, about 1 KiB each; beyond that the oldest is dropped."""

log = logging.getLogger(__name__)


class Departures:
    """In memory only: what happens while no operator runs is not known here."""

    def __init__(self) -> None:
        """Nobody is gone yet."""
        self._by_owner: dict[Key, dict[str, Departed]] = {}
        self._owners: dict[str, Key] = {}  # by uid, in the order of :meth:`add`
        self._has_warned = False

    def add(self, owner: Key, departed: Departed) -> None:
        """Remember a pod that is gone."""
        uid = departed.pod.uid
        if uid in self._owners:
            return
        if len(self._owners) >= MOST:
            oldest = next(iter(self._owners))
            if not self._has_warned:
                self._has_warned = True
                whose = self._owners[oldest]
                log.warning("%s: nobody has accounted for pod %s, which is gone, and others", whose, oldest)
            self._drop(oldest)
        self._owners[uid] = owner
        self._by_owner.setdefault(owner, {})[uid] = departed

    def of(self, owner: Key) -> tuple[Departed, ...]:
        """The pods of one LlamaDeployment that are gone, in the order in which we heard of it."""
        return tuple(self._by_owner.get(owner, {}).values())

    def settle(self, owner: Key, uids: Iterable[str]) -> None:
        """These are accounted for."""
        for uid in uids:
            if self._owners.get(uid) == owner:
                self._drop(uid)

    def accounted(self, owner: Key, ledger: object) -> None:
        """Whoever works has written this account: what is in it, this process need not remember.

        A pod whose end was known to whoever wrote it, and that has no meter any more, is in its sums.
        """
        if owner not in self._by_owner:
            return
        try:
            account = Ledger.model_validate(ledger)
        except ValidationError:  # somebody garbled it
            return
        metered = {meter.uid for meter in account.meters}
        past = [one.pod for one in self._by_owner[owner].values() if one.pod.uid not in metered]
        self.settle(owner, [pod.uid for pod in past if account.covers(pod.bound or pod.created, pod.version)])

    def owners(self) -> Iterable[Key]:
        """The LlamaDeployments of which a pod is remembered."""
        return tuple(self._by_owner)

    def forget(self, owner: Key) -> None:
        """The LlamaDeployment is gone, and nobody will account for its pods."""
        for uid in self._by_owner.pop(owner, {}):
            del self._owners[uid]

    def _drop(self, uid: str) -> None:
        owner = self._owners.pop(uid)
        del self._by_owner[owner][uid]
        if not self._by_owner[owner]:
            del self._by_owner[owner]
