"""Causes from what a real vLLM, the kubelet and the scheduler say."""

import pytest

from builders import ended, pod
from llamafleet.api.observed import PodSeen
from llamafleet.planning.diagnosis import GATED, Cause, diagnose, needs_log

GENERIC = (
    "RuntimeError: Engine core initialization failed. See root cause above. "
    "Failed core proc(s): {'EngineCore': 1}"
)

RECORDED = {
    "unknown flag": ("vllm: error: unrecognized arguments: --no-such-flag 1", "InvalidArguments"),
    "bad integer": (
        "vllm serve: error: argument --tensor-parallel-size/-tp: invalid int value: 'two'",
        "InvalidArguments",
    ),
    "bad choice": ("vllm serve: error: argument --dtype: invalid choice: 'int4'", "InvalidArguments"),
    "path does not exist": (
        "huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name'",
        "ModelNotFound",
    ),
    "not cached and offline": (
        "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find",
        "ModelNotFound",
    ),
    "no network": ("OSError: We couldn't connect to the hub to load the files", "ModelNotFound"),
    "no config.json": (
        "Value error, Invalid repository ID or local directory specified: 'M'.",
        "ModelNotFound",
    ),
    "no weight files": ("RuntimeError: Cannot find any model weights with `M`", "ModelNotFound"),
    "truncated weights": (
        "SafetensorError: Error while deserializing header: incomplete metadata",
        "ModelCorrupt",
    ),
    "refused token": ("401 Client Error: Unauthorized for url", "ModelAccessDenied"),
    "gated model": ("Access to model x is restricted: gated repo", "ModelAccessDenied"),
    "context above the cache": (
        "ValueError: To serve at least one request with the model's max seq len (8192), (0.02 GiB KV cache",
        "ContextTooLong",
    ),
    "context above the model": (
        "Value error, User-specified max_model_len (100000) is greater than the derived",
        "ContextTooLong",
    ),
    "nothing left for the cache": (
        "No available memory for the cache blocks. Try increasing",
        "InsufficientMemory",
    ),
    "weights too large": (
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB",
        "InsufficientMemory",
    ),
    "GPU taken by others": ("Free memory on device 0 is less than desired GPU memory", "InsufficientMemory"),
    "heads not divisible": (
        "Value error, Total number of attention heads (4) must be divisible by tensor parallel size (3).",
        "InvalidParallelism",
    ),
    "more ranks than GPUs": (
        "World size (4) is larger than the number of available GPUs (2)",
        "InvalidParallelism",
    ),
    "port taken": ("OSError: [Errno 98] Address already in use", "PortConflict"),
}


@pytest.mark.parametrize(("line", "reason"), RECORDED.values(), ids=RECORDED.keys())
def test_the_termination_message_names_the_cause(line: str, reason: str) -> None:
    cause = one(pod(ended=ended("Error", 1, f"INFO starting\n{line}\n{GENERIC}")))
    assert cause.reason == reason
    assert line[:40] in cause.message
    assert cause.failed


@pytest.mark.parametrize(("line", "reason"), RECORDED.values(), ids=RECORDED.keys())
def test_the_log_names_the_cause_when_the_message_is_generic(line: str, reason: str) -> None:
    failed = pod(ended=ended("Error", 1, GENERIC))
    assert needs_log(failed)
    cause = diagnose(
        [failed], 1, "nvidia.com/gpu", {failed.uid: f"INFO\n(EngineCore pid=7) ERROR {line}\n{GENERIC}"}
    )
    assert cause is not None
    assert cause.reason == reason


def one(seen: PodSeen) -> Cause:
    cause = diagnose([seen], 2, "nvidia.com/gpu", {})
    assert cause is not None
    return cause


def test_exit_code_zero_of_a_server_is_a_failure() -> None:
    cause = one(pod(ended=ended("Completed", 0), restarts=3))
    assert cause == Cause(
        "ServerExited",
        "1 of 1 pods: the server ended with exit code 0 while it should serve, as vLLM does when its "
        "engine dies; restarted 3 times.",
        failed=True,
    )


def test_a_container_killed_for_memory_says_so() -> None:
    assert one(pod(ended=ended("OOMKilled", 137))).reason == "HostOutOfMemory"


def test_an_unknown_end_repeats_the_last_line() -> None:
    cause = one(pod(ended=ended("Error", 1, "first\nSegmentation fault\n")))
    assert (
        cause.message
        == "1 of 1 pods: the server ended with exit code 1, its last line was: Segmentation fault."
    )


def test_pending_pods_say_how_many_gpus_are_missing_where() -> None:
    said = "0/4 nodes are available: 4 Insufficient nvidia.com/gpu. preemption: 0/4 nodes are available."
    cause = one(pod(node=None, unschedulable=said))
    assert cause.reason == "Unschedulable"
    assert cause.message.startswith(
        "1 of 1 pods: 0 of 4 nodes is open to this pod and has 2 free nvidia.com/gpu (scheduler: "
    )
    assert not cause.failed, "a node may come up yet"


def test_pending_pods_for_another_reason_repeat_the_scheduler() -> None:
    cause = one(pod(node=None, unschedulable="no nodes available to schedule pods"))
    assert cause.message == "1 of 1 pods: no node fits (scheduler: no nodes available to schedule pods)."


def test_pods_behind_a_gate_are_queued() -> None:
    cause = one(pod(node=None, unschedulable=GATED))
    assert (cause.reason, cause.failed) == ("Queued", False)
    assert cause.message == f"1 of 1 pods: a queue for pods has not let it go on yet: {GATED}."


def test_an_image_that_cannot_be_pulled_names_the_kubelets_reason() -> None:
    cause = one(pod(waiting_reason="ImagePullBackOff", waiting_message="Back-off pulling image x"))
    assert (cause.reason, cause.failed) == ("ImagePullFailed", True)


def test_a_missing_secret_is_told_by_the_kubelets_words() -> None:
    cause = one(pod(waiting_reason="CreateContainerConfigError", waiting_message='secret "hf" not found'))
    assert cause.message == '1 of 1 pods: the container cannot start: secret "hf" not found.'


def test_pods_that_load_or_serve_have_no_cause() -> None:
    serving = pod(ready=True, ended=ended("Error", 1, "an end before the present start"))
    assert diagnose([pod(), serving], 2, "nvidia.com/gpu", {}) is None


def test_a_failure_outweighs_a_pending_pod() -> None:
    pending = pod(unschedulable="0/1 nodes are available: 1 Insufficient nvidia.com/gpu.", node=None)
    failed = pod(uid="b", ended=ended("OOMKilled", 137))
    cause = diagnose([pending, failed, pod(uid="c", ready=True)], 2, "nvidia.com/gpu", {})
    assert cause is not None
    assert cause.reason == "HostOutOfMemory"
    assert cause.message.startswith("2 of 3 pods: ")


@pytest.mark.parametrize(("restarts", "lasting"), [(0, False), (1, False), (2, True), (40, True)])
def test_a_server_that_was_started_again_twice_needs_a_person(restarts: int, *, lasting: bool) -> None:
    cause = one(pod(ended=ended("OOMKilled", 137), restarts=restarts))
    assert (cause.failed, cause.lasting) == (True, lasting)


def test_what_lasts_outweighs_what_may_pass() -> None:
    once = pod(ended=ended("OOMKilled", 137), restarts=1)
    stuck = pod(uid="b", waiting_reason="ErrImagePull", waiting_message="no such image")
    cause = diagnose([once, stuck], 2, "nvidia.com/gpu", {})
    assert cause is not None
    assert (cause.reason, cause.lasting) == ("ImagePullFailed", True)


def test_a_pod_that_waits_for_a_node_may_still_get_one() -> None:
    assert not one(pod(node=None, unschedulable=GATED)).lasting
