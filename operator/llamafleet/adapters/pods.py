"""The pods of the fleets: those that exist, and those that are gone and not accounted for yet."""

import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from llamafleet.adapters.departures import Departures
from llamafleet.adapters.informer import Informer
from llamafleet.adapters.kinds import POD
from llamafleet.adapters.projection import project_pod
from llamafleet.adapters.transport import Transport
from llamafleet.adapters.views import View
from llamafleet.api.observed import Departed, Key, PodSeen


class Pods:
    """What is known of them, by the LlamaDeployment that they belong to.

    Args:
        transport: how to reach the API server.
        namespaces: the namespaces to look at; empty: all.
        changed: called with the key of a LlamaDeployment whenever one of its pods changed.
        clock: gives the present instant, UTC.

    Attributes:
        view: all that carry our label, whoever made them.
    """

    def __init__(
        self,
        transport: Transport,
        namespaces: tuple[str, ...],
        changed: Callable[[Key], None],
        clock: Callable[[], datetime],
    ) -> None:
        """Build the view; it is filled while it runs."""
        self._clock = clock
        self._departures = Departures()
        self.view: View[PodSeen] = View(
            lambda one: Informer(transport, POD, project_pod, changed, self._removed, one), namespaces
        )

    def of(self, key: Key) -> tuple[PodSeen, ...]:
        """Every pod of a LlamaDeployment, oldest first: those on their way out and those that ended, too."""
        ours = (pod for pod in self.view.of(key).values() if _is_ours(key, pod))
        return tuple(sorted(ours, key=lambda pod: (pod.created, pod.name)))

    def departed(self, key: Key) -> tuple[Departed, ...]:
        """The pods that were removed since this process sees the cluster, and not settled yet."""
        return self._departures.of(key)

    def version(self, key: Key) -> int:
        """Up to which resource version all of this is known."""
        return self.view.version(key.namespace)

    def settled(self, key: Key, uids: Iterable[str]) -> None:
        """These departed pods are accounted for."""
        self._departures.settle(key, uids)

    def accounted(self, key: Key, ledger: Any) -> None:  # noqa: ANN401 - any JSON value
        """Another process has written this account: the departed pods in it are done with."""
        self._departures.accounted(key, ledger)

    def forget(self, key: Key) -> None:
        """Nobody will account for the departed pods of this LlamaDeployment."""
        self._departures.forget(key)

    def owners(self) -> Iterable[Key]:
        """Every LlamaDeployment of which a departed pod is remembered."""
        return self._departures.owners()

    def _removed(self, key: Key, pod: PodSeen, unseen_seconds: float) -> None:
        if _is_ours(key, pod):
            unseen = timedelta(seconds=math.ceil(unseen_seconds))
            self._departures.add(key, Departed(pod, self._clock(), unseen))


def _is_ours(key: Key, pod: PodSeen) -> bool:
    """A pod with our labels that no ReplicaSet of our Deployment made is somebody else's.

    A ReplicaSet is called after its Deployment, a dash and a hash without one: what begins like ours and goes
    on may be a copy that somebody made.
    """
    return pod.controller.rpartition("-")[0] == key.name
