"""What must hold at the end of a seeded run, whatever happened."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from faults.faults import Exchange
from faults.story_seen import Json, Seen, differences, left
from llamafleet.api.names import FIELD_MANAGER, MANAGED_BY_LABEL
from llamafleet.api.observed import Key
from testbed.cluster import Cluster

OURS = "deployment,replicaset,service,serviceaccount,networkpolicy,poddisruptionbudget,endpointslice,pod"


@dataclass(frozen=True, slots=True)
class Term:
    """When a door had the lease.

    Attributes:
        door: whose it was.
        begin: when the API server took its first write to the lease, monotonic.
        end: when somebody else's name came into it.
    """

    door: str
    begin: float
    end: float


def terms(exchanges: Sequence[Exchange]) -> list[Term]:
    """Who had the lease when, by the writes to it that the API server took, in their order there."""
    found: list[Term] = []
    door, begin = "", 0.0
    for one in sorted(_of_lease(exchanges), key=lambda one: one.answered or 0.0):
        assert one.forwarded is not None
        named = _named(one)
        holder = door if named is None else one.door if named else ""
        if holder == door:
            continue
        if door:
            found.append(Term(door, begin, one.answered or one.forwarded))
        door, begin = holder, one.forwarded
    return [*found, Term(door, begin, float("inf"))] if door else found


def zombies(exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Writes that were sent by somebody who did not have the lease then.

    When it was sent counts, not when a slow network let it arrive: nobody can call back what is on its way.
    """
    known = terms(exchanges)
    for one in exchanges:
        if not one.writes or one.kind == "leases":
            continue
        if not any(term.door == one.door and term.begin <= one.at <= term.end for term in known):
            yield f"{one.at:.3f} {one.door} wrote {one.kind} {one.namespace}/{one.name}, HTTP {one.status}"


def orphans(cluster: Cluster) -> Iterator[str]:
    """Objects of ours whose owner is gone, or who never had one."""
    owners = {one["metadata"]["uid"] for one in cluster.get(f"llama,{OURS}", "--all-namespaces")["items"]}
    label = f"--selector={MANAGED_BY_LABEL}={FIELD_MANAGER}"
    for one in cluster.get(OURS, "--all-namespaces", label)["items"]:
        metadata = one["metadata"]
        references = metadata.get("ownerReferences", [])
        if metadata["namespace"] == "llamafleet-system":
            continue
        if not any(reference["uid"] in owners for reference in references):
            yield f"{one['kind']} {metadata['namespace']}/{metadata['name']} has no living owner"


def strays(seen: dict[Key, Seen], specs: dict[Key, Json]) -> Iterator[str]:
    """Fleets that are there although nobody asks for them, or not there although somebody does."""
    for key, mine in seen.items():
        there = mine.llama is not None or mine.pods or mine.children
        if key not in specs and there:
            yield f"{key} was deleted, and there are {list(mine.children)} and {len(mine.pods)} pods"
        if key in specs and mine.llama is None:
            yield f"{key} is not there"


def unsettled(seen: Seen, key: Key) -> Iterator[str]:
    """Whether a fleet is still on its way to what its author asks for."""
    if refused(seen):
        return
    generation = (seen.llama or {}).get("metadata", {}).get("generation")
    conditions = {one["type"]: one for one in seen.status.get("conditions", [])}
    current = conditions and all(one.get("observedGeneration") == generation for one in conditions.values())
    if not current or conditions.get("Progressing", {}).get("status") != "False":
        words = [(one["type"], one["status"], one["reason"]) for one in conditions.values()]
        yield f"{key} is not settled: {len(seen.pods)} pods, {words}"


def refused(seen: Seen) -> bool:
    """Whether its author asks for what cannot be had: then it stays as it was, and says so."""
    return seen.holds("Sized", "InvalidSpec")


def unlike(seen: Seen, key: Key, twin: Seen, other: Key) -> Iterator[str]:
    """Where a fleet differs from a twin that was made from the same spec when all was calm.

    Its generation is its own, its events and the marks of its pods tell its own story.
    """
    if refused(seen) and refused(twin):
        return
    mine, its = (_comparable(one, name.namespace) for one, name in ((seen, key), (twin, other)))
    for line in differences(its, mine):
        yield f"{key}{line}"


def _comparable(seen: Seen, namespace: str) -> Json:
    found = left(seen, namespace)
    status = found["status"]
    generation = (seen.llama or {}).get("metadata", {}).get("generation")
    conditions = [
        {**one, "observedGeneration": generation - one.get("observedGeneration", 0)}
        for one in status.get("conditions", [])
    ]
    status = {
        **status,
        "observedGeneration": generation - status.get("observedGeneration", 0),
        "conditions": conditions,
        "cost": status["cost"][2:],
        "reasons": [],
    }
    return {"children": found["children"], "status": status, "pods": [pod[2:] for pod in found["pods"]]}


def _of_lease(exchanges: Sequence[Exchange]) -> Iterator[Exchange]:
    return (one for one in exchanges if one.kind == "leases" and one.landed)


def _named(exchange: Exchange) -> str | None:
    """The holder that a write to the lease names; empty: nobody; None: it leaves that as it is."""
    spec = json.loads(exchange.body).get("spec", {})
    return str(spec["holderIdentity"] or "") if "holderIdentity" in spec else None
