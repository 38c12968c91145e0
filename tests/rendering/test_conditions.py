"""What the conditions say about a fleet: to programs by status and reason, to people by the message."""

import dataclasses
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from builders import NOW, llama, plan_of, pod, raw_llama
from llamafleet.api.ledger import Ledger
from llamafleet.api.llamadeployment import LlamaDeployment
from llamafleet.api.status import Condition, LlamaDeploymentStatus
from llamafleet.errors import Conflict, DoesNotFit, Forbidden, InvalidSpec, Rejected, Unavailable
from llamafleet.planning.diagnosis import Cause
from llamafleet.planning.plan import Plan
from llamafleet.planning.rollout import Rollout
from llamafleet.rendering.conditions import MESSAGE_LIMIT, conditions, statements
from llamafleet.rendering.fleet import Fleet
from llamafleet.rendering.status import Account, status

ONE, TWO = llama(), llama(replicas=2)
ASLEEP = llama(replicas=2, suspend=True)
READY, LOADING = pod(name="llama-1", ready=True), pod(name="llama-2")
STUCK = Cause(
    "Unschedulable",
    "1 of 1 pods: 0 of 4 nodes is open to this pod and has 2 free nvidia.com/gpu",
    failed=False,
)
BROKEN = Cause("ModelNotFound", "1 of 1 pods: vLLM said: couldn't connect.", failed=True)
ONCE = dataclasses.replace(BROKEN, passing=True)
UNKNOWN_POOL = InvalidSpec("spec.gpu.pools", "nowhere", "must be the name of a GpuPool")
TOO_LARGE = DoesNotFit("spec.model.variant", "maverick", "needs 4 GPUs")


def fleet(resource: LlamaDeployment = ONE, **changes: Any) -> Fleet:
    """A fleet that was just planned and has no pods."""
    usual: dict[str, Any] = {
        "plan": plan_of(resource),
        "failure": None,
        "pods": (),
        "cause": None,
        "ledger": Ledger(month="2026-11", at=NOW),
        "asleep": False,
        "odd": None,
        "now": NOW,
    }
    pods = changes.get("pods", ())
    settled = Rollout(
        current=True, total=len(pods), updated=len(pods), ready=sum(item.ready for item in pods)
    )
    return Fleet(resource.metadata, **{**usual, "rollout": settled, **changes})


def said(about: Fleet) -> dict[str, tuple[bool, str, str]]:
    """Status, reason and message of each condition, by type."""
    return {item.type: (item.holds, item.reason, item.message) for item in statements(about)}


PATIENCE = "A replica may take up to 16 minutes to load its weights."
FINE = (False, "AsExpected", "Nothing is known to be wrong.")


class Story(NamedTuple):
    """A fleet and what Ready, Progressing, Degraded and Stalled say of it."""

    fleet: Fleet
    ready: tuple[bool, str, str]
    progressing: tuple[bool, str, str]
    degraded: tuple[bool, str, str] = FINE
    stalled: tuple[bool, str, str] | None = None


STORIES = {
    "no pod exists yet": Story(
        fleet(),
        ready=(False, "Starting", f"0 of 1 replicas are ready. {PATIENCE}"),
        progressing=(True, "Starting", PATIENCE),
    ),
    "one of two replicas loads": Story(
        fleet(TWO, pods=(READY, LOADING)),
        ready=(False, "Starting", f"1 of 2 replicas are ready. {PATIENCE}"),
        progressing=(True, "Starting", PATIENCE),
    ),
    "all replicas are ready": Story(
        fleet(pods=(READY,)),
        ready=(True, "AllReplicasReady", "1 of 1 replicas are ready."),
        progressing=(False, "Settled", "The fleet is as it should be."),
    ),
    "the controller has not seen the edit yet": Story(
        fleet(pods=(READY,), rollout=Rollout(current=False, total=1, updated=1, ready=1)),
        ready=(False, "RollingOut", f"1 of 1 replicas are ready. 0 of 1 run the present spec. {PATIENCE}"),
        progressing=(True, "RollingOut", f"0 of 1 run the present spec. {PATIENCE}"),
    ),
    "one of two replicas still has the old template": Story(
        fleet(TWO, pods=(READY, READY), rollout=Rollout(current=True, total=2, updated=1, ready=2)),
        ready=(False, "RollingOut", f"2 of 2 replicas are ready. 1 of 2 run the present spec. {PATIENCE}"),
        progressing=(True, "RollingOut", f"1 of 2 run the present spec. {PATIENCE}"),
    ),
    "one replica too many": Story(
        fleet(pods=(READY, READY)),
        ready=(True, "AllReplicasReady", "1 of 1 replicas are ready."),
        progressing=(True, "ScalingDown", "2 replicas run, 1 are wanted."),
    ),
    "scaled to zero": Story(
        fleet(ASLEEP),
        ready=(True, "ScaledToZero", "spec.suspend is true."),
        progressing=(False, "Settled", "The fleet is as it should be."),
    ),
    "on the way to zero": Story(
        fleet(ASLEEP, pods=(READY,)),
        ready=(True, "ScaledToZero", "spec.suspend is true."),
        progressing=(True, "ScalingDown", "1 replicas run, 0 are wanted."),
    ),
    "a pod waits for a node": Story(
        fleet(pods=(LOADING,), cause=STUCK),
        ready=(False, "Unschedulable", f"0 of 1 replicas are ready. {STUCK.message}"),
        progressing=(True, "Starting", PATIENCE),
    ),
    "a server fails": Story(
        fleet(pods=(LOADING,), cause=BROKEN),
        ready=(False, "ModelNotFound", f"0 of 1 replicas are ready. {BROKEN.message}"),
        progressing=(True, "Starting", PATIENCE),
        degraded=(True, "ModelNotFound", BROKEN.message),
        stalled=(True, "ModelNotFound", BROKEN.message),
    ),
    "a server failed once": Story(
        fleet(pods=(LOADING,), cause=ONCE),
        ready=(False, "ModelNotFound", f"0 of 1 replicas are ready. {BROKEN.message}"),
        progressing=(True, "Starting", PATIENCE),
        degraded=(True, "ModelNotFound", BROKEN.message),
    ),
    "a pod that has to go to zero fails": Story(
        fleet(ASLEEP, pods=(LOADING,), cause=BROKEN),
        ready=(True, "ScaledToZero", "spec.suspend is true."),
        progressing=(True, "ScalingDown", "1 replicas run, 0 are wanted."),
        degraded=(True, "ModelNotFound", BROKEN.message),
    ),
    "a pod beyond the wanted ones fails": Story(
        fleet(pods=(READY, LOADING), cause=BROKEN),
        ready=(True, "AllReplicasReady", "1 of 1 replicas are ready."),
        progressing=(True, "ScalingDown", "2 replicas run, 1 are wanted."),
        degraded=(True, "ModelNotFound", BROKEN.message),
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_a_fleet_and_what_is_said_of_it(story: Story) -> None:
    plan = story.fleet.plan
    assert isinstance(plan, Plan)
    assert said(story.fleet) == {
        "Sized": (True, "Fits", plan.explanation),
        "Ready": story.ready,
        "Progressing": story.progressing,
        "Degraded": story.degraded,
        **({} if story.stalled is None else {"Stalled": story.stalled}),
    }


FAILURES = {
    "the name is taken": (Conflict("Service team-a/llama exists"), "NameConflict", True),
    "a permission is missing": (Forbidden("HTTP 403: may not create services"), "Forbidden", True),
    "an object is refused": (Rejected("HTTP 422: must be less than its limit"), "ApplyFailed", True),
    "the API server is busy": (Unavailable("HTTP 429: slow down"), "ApplyFailed", False),
}


@pytest.mark.parametrize(("failure", "reason", "is_lasting"), FAILURES.values(), ids=FAILURES.keys())
def test_a_write_that_failed_is_told_in_the_words_of_the_failure(
    failure: Unavailable, reason: str, *, is_lasting: bool
) -> None:
    told = said(fleet(failure=failure, cause=BROKEN))
    assert told["Ready"] == (False, reason, f"{failure}.")
    assert told["Degraded"] == (True, reason, f"{failure}.")
    assert told.get("Stalled") == ((True, reason, f"{failure}.") if is_lasting else None)
    assert told["Progressing"][0] is True


REFUSED = {
    "a field breaks a rule": (
        UNKNOWN_POOL,
        "InvalidSpec",
        "spec.gpu.pools = nowhere: must be the name of a GpuPool.",
    ),
    "nothing holds the model": (TOO_LARGE, "DoesNotFit", "spec.model.variant = maverick: needs 4 GPUs."),
}


@pytest.mark.parametrize(("refusal", "reason", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refused_spec_says_why(refusal: InvalidSpec, reason: str, message: str) -> None:
    assert said(fleet(plan=refusal)) == {
        "Sized": (False, reason, message),
        "Ready": (False, reason, message),
        "Progressing": (False, reason, "The spec has to be changed first."),
        "Degraded": (True, reason, message),
        "Stalled": (True, reason, message),
    }


def test_a_refused_edit_says_that_the_fleet_runs_on() -> None:
    kept = (
        "spec.gpu.pools = nowhere: must be the name of a GpuPool."
        " The pods of the last valid spec keep running (1 ready)."
    )
    told = said(fleet(plan=UNKNOWN_POOL, pods=(READY, LOADING)))
    assert told["Ready"] == (False, "InvalidSpec", kept)
    assert told["Degraded"] == (True, "InvalidSpec", kept)


def test_a_refused_fleet_that_sleeps_says_so_in_every_condition() -> None:
    said_before = {"status": "False", "reason": "Closed", "lastTransitionTime": "2026-11-20T04:00:00Z"}
    night = {**said_before, "type": "WindowOpen", "message": "Closed until Sat 2026-11-21 01:00 UTC (night)."}
    written = conditions(
        fleet(plan=UNKNOWN_POOL, pods=(READY,), asleep=True), (Condition.model_validate(night),)
    )
    told = {item["type"]: item for item in written}
    assert told["Ready"]["message"] == (
        "spec.gpu.pools = nowhere: must be the name of a GpuPool. Until then there are zero replicas."
    )
    assert (told["WindowOpen"]["reason"], told["WindowOpen"]["message"]) == (
        "SpecRefused",
        "Closed, and it stays so until its spec is valid again.",
    )
    assert told["WindowOpen"]["lastTransitionTime"] == "2026-11-20T04:00:00Z", "it was closed before"
    always_open = conditions(fleet(plan=UNKNOWN_POOL, asleep=True), ())
    assert "WindowOpen" not in {item["type"] for item in always_open}


def test_fields_without_effect_are_named() -> None:
    raw = raw_llama()
    raw["spec"]["model"]["adapters"] = [{"name": "law", "source": "hf://acme/law"}]
    assert said(fleet(LlamaDeployment.model_validate(raw)))["FieldsInEffect"] == (
        False,
        "NotYetInEffect",
        "These fields are valid but do nothing in this release: spec.model.adapters.",
    )


def test_a_long_message_is_cut() -> None:
    failure = Unavailable("x" * 5000)
    (ready,) = [item for item in conditions(fleet(failure=failure), ()) if item["type"] == "Ready"]
    assert ready["message"] == "x" * MESSAGE_LIMIT


def test_the_time_of_a_condition_moves_only_when_its_status_flips() -> None:
    loading = status(Account(fleet(pods=(LOADING,)), LlamaDeploymentStatus()))
    minute = timedelta(minutes=1)
    stuck = status(Account(fleet(pods=(LOADING,), cause=STUCK, now=NOW + minute), parsed(loading)))
    ready = status(Account(fleet(pods=(READY,), now=NOW + 2 * minute), parsed(stuck)))
    assert times(loading)["Ready"] == "2026-11-21T12:00:00Z"
    assert times(stuck) == times(loading), "another reason is no flip"
    assert times(ready) == {
        "Sized": "2026-11-21T12:00:00Z",
        "Ready": "2026-11-21T12:02:00Z",
        "Progressing": "2026-11-21T12:02:00Z",
        "Degraded": "2026-11-21T12:00:00Z",
    }


def test_every_condition_names_the_generation_that_it_speaks_of() -> None:
    about = dataclasses.replace(fleet(), metadata=ONE.metadata.model_copy(update={"generation": 7}))
    written = status(Account(about, LlamaDeploymentStatus()))
    assert written["observedGeneration"] == 7
    assert {item["observedGeneration"] for item in written["conditions"]} == {7}


def test_a_refused_spec_keeps_the_last_plan_and_its_cost() -> None:
    before = status(Account(fleet(TWO, pods=(READY, READY)), LlamaDeploymentStatus()))
    after = status(Account(fleet(TWO, plan=UNKNOWN_POOL, pods=(READY,)), parsed(before)))
    for field in ("desiredReplicas", "reasons", "plan", "cost"):
        assert after[field] == before[field]
    assert after["desiredReplicas"] == 2
    assert after["cost"]["hourlyRate"] == "2.38"
    assert (after["replicas"], after["readyReplicas"]) == (1, 1)


def test_a_spec_that_never_was_valid_has_no_plan() -> None:
    written = status(Account(fleet(plan=UNKNOWN_POOL), LlamaDeploymentStatus()))
    assert not {"plan", "cost"} & written.keys()
    assert written["selector"] == (
        "app.kubernetes.io/managed-by=llamafleet,app.kubernetes.io/name=vllm,llamafleet.io/deployment=llama"
    )


def parsed(written: dict[str, Any]) -> LlamaDeploymentStatus:
    """The status as the next reconcile reads it."""
    return LlamaDeploymentStatus.model_validate(written)


def times(written: dict[str, Any]) -> dict[str, str]:
    return {item["type"]: item["lastTransitionTime"] for item in written["conditions"]}
