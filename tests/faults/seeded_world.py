"""The fleets, nodes and operators of a seeded run, and the hand that does to them what the schedule says."""

import json
import time
from collections.abc import Iterable

from faults.proxy import FaultProxy
from faults.seeded_operators import Slot
from faults.seeded_plan import FLEETS, NAMESPACES, NODES, OPERATORS, Deed, Json
from faults.seeded_witnesses import Witnesses
from faults.story_seen import Seen, look
from llamafleet.api.observed import Key
from testbed.control_plane import ControlPlane

TICK_SECONDS = 0.1
HEAD = {"apiVersion": "llamafleet.io/v1alpha1", "kind": "LlamaDeployment"}


class World:
    """Some twenty fleets in a few namespaces.

    Attributes:
        keys: the fleets, by number.
        specs: what their authors ask for now, by key; a fleet that was deleted is not here.
        slots: the operators.
        done: the deeds so far.
        ends: when which fleet was deleted, monotonic.
    """

    def __init__(self, cluster: ControlPlane, proxy: FaultProxy, prefix: str) -> None:
        """Make the namespaces and nodes; no operator runs yet."""
        self.keys = [Key(f"{prefix}-{number % NAMESPACES}", f"fleet-{number}") for number in range(FLEETS)]
        self.specs: dict[Key, Json] = {}
        self.slots = [Slot(cluster, proxy.door(f"operator-{number}")) for number in range(OPERATORS)]
        self.done: list[Deed] = []
        self.ends: list[tuple[Key, float]] = []
        self._cluster, self._proxy = cluster, proxy
        self._spaces: list[str] = []
        self._open({key.namespace for key in self.keys})
        self._nodes = cluster.add_gpu_nodes(NODES, prefix="seeded")

    def live(self, deeds: Iterable[Deed]) -> None:
        """Do all of it, each at its time."""
        began = time.monotonic()
        for deed in deeds:
            while time.monotonic() < began + deed.at:
                self.tick()
                time.sleep(TICK_SECONDS)
            self._do(deed)
            self.done.append(deed)

    def tick(self) -> None:
        """What kubelets do for operators."""
        for slot in self.slots:
            slot.tick()

    def calm(self) -> None:
        """Frozen processes go on."""
        for slot in self.slots:
            slot.thaw()

    def look(self) -> dict[Key, Seen]:
        """Every fleet of these."""
        found = look(self._cluster)
        return {key: found.get(key, Seen()) for key in self.keys}

    def twins(self, prefix: str) -> dict[Key, Key]:
        """Create what every author asks for once more, in fresh namespaces; by fleet, its twin."""
        found = {key: Key(f"{prefix}{key.namespace}", key.name) for key in self.specs}
        self._open({twin.namespace for twin in found.values()})
        self._cluster.apply(*(_llama(found[key], spec) for key, spec in self.specs.items()))
        return found

    def witnesses(self) -> Witnesses:
        """Who saw what."""
        spans = [span for slot in self.slots for span in slot.spans]
        return Witnesses(spans, self._proxy.exchanges, self.ends, time.time() - time.monotonic())

    def end(self) -> None:
        """End the operators and leave no fleet, pod or node behind."""
        for slot in self.slots:
            slot.end()
        self._cluster.kubectl("delete", "namespace", "--timeout=120s", *self._spaces)
        self._cluster.kubectl("delete", "node", "--wait=false", *self._nodes)

    def _open(self, spaces: Iterable[str]) -> None:
        """Make namespaces, which :meth:`end` takes away."""
        names = sorted(spaces)
        self._cluster.apply(*map(_namespace, names))
        self._spaces += names

    def _do(self, deed: Deed) -> None:
        match deed.what:
            case "edit":
                key = self.keys[deed.whom]
                self.specs[key] = deed.spec or {}
                self._cluster.apply(_llama(key, self.specs[key]))
            case "delete":
                if self.specs.pop(self.keys[deed.whom], None) is not None:
                    self.ends.append((self.keys[deed.whom], time.monotonic()))
                self._delete(self.keys[deed.whom], "llama", self.keys[deed.whom].name)
            case "pod":
                self._delete_pod(self.keys[deed.whom])
            case "node":
                self._renew_node(self._nodes[deed.whom])
            case "kill":
                self.slots[deed.whom].kill(deed.seconds)
            case "stop":
                self.slots[deed.whom].freeze(deed.seconds)
            case "term":
                self.slots[deed.whom].term(deed.seconds)

    def _delete(self, key: Key, kind: str, name: str) -> None:
        here = f"--namespace={key.namespace}"
        self._cluster.kubectl("delete", kind, name, here, "--wait=false", "--ignore-not-found")

    def _delete_pod(self, key: Key) -> None:
        """The first pod by name, if there is one."""
        label, here = f"-l=llamafleet.io/deployment={key.name}", f"--namespace={key.namespace}"
        pods = self._cluster.kubectl("get", "pods", here, label, "-o", "name").splitlines()
        if pods:
            self._delete(key, "pod", pods[0].removeprefix("pod/"))

    def _renew_node(self, name: str) -> None:
        """A node vanishes, and another of its name comes."""
        node = json.loads(self._cluster.kubectl("get", "node", name, "-o", "json"))
        self._cluster.kubectl("delete", "node", name)
        kept = {field: node["metadata"].get(field) for field in ("name", "labels", "annotations")}
        self._cluster.apply({**node, "metadata": kept})


def _llama(key: Key, spec: Json) -> Json:
    return {**HEAD, "metadata": {"name": key.name, "namespace": key.namespace}, "spec": spec}


def _namespace(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
