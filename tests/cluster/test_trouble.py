"""What goes wrong on a real control plane is said where people look, and stops nobody else."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fleet_operator import CRDS, OperatorProcess, install_rights
from llamas import SETTLE_SECONDS, Llama, pool, pools
from testbed.control_plane import ControlPlane
from testbed.errors import TestbedError
from testbed.wait import until

pytestmark = pytest.mark.cluster


class Impossible(NamedTuple):
    """What does not fit where, all of it in GPU memory, and the arithmetic that says so."""

    model: dict[str, str]
    pool: dict[str, Any]
    arithmetic: tuple[str, ...]


IMPOSSIBLE = {
    "scout in INT4 on one L40S": Impossible(
        {"variant": "scout", "quantization": "INT4"},
        pool("l40s", "0.90", "l40s", gpusPerNode=1),
        (
            "INT4 on 1 x l40s (pool l40s) needs 62.83 of 40.84 GiB per GPU: 58.79 weights + 0.03 rope table",
            "on 2 GPUs, 29.40 GiB of weights each, it fits, but the pool's nodes have 1",
        ),
    ),
    "maverick in FP8 on nodes of four A100": Impossible(
        {"variant": "maverick", "quantization": "FP8"},
        pool("four", "1.19", gpusPerNode=4),
        (
            "FP8 on 4 x a100-80gb (pool four) needs 100.53 of 72.82 GiB per GPU: 96.62 weights",
            "on 8 GPUs, 48.32 GiB of weights each, it fits, but the pool's nodes have 4",
        ),
    ),
    "maverick in BF16 on eight A100": Impossible(
        {"variant": "maverick", "quantization": "BF16"},
        pool("eight", "1.19"),
        (
            "BF16 on 8 x a100-80gb (pool eight) needs 97.04 of 72.82 GiB per GPU: 93.32 weights",
            "on 16 GPUs, 46.68 GiB of weights each, it fits, but the pool's nodes have 8",
        ),
    ),
}


@pytest.fixture
def small(installed: ControlPlane, namespace: str) -> Llama:
    return Llama(installed, namespace, "small")


@pytest.mark.usefixtures("operator")
class TestBadInput:
    """The author reads field, value and rule; other resources go on."""

    @pytest.mark.parametrize("name", IMPOSSIBLE)
    def test_an_impossible_shape_is_refused_with_its_arithmetic_before_any_pod_exists(
        self, installed: ControlPlane, namespace: str, name: str
    ) -> None:
        case = IMPOSSIBLE[name]
        bad, good = Llama(installed, namespace, "bad"), Llama(installed, namespace, "good")
        with pools(installed, case.pool, pool("enough", "1.00")):
            gpu = {"pools": [case.pool["metadata"]["name"]], "hostOffload": "Never"}
            bad.apply(model=case.model, gpu=gpu)
            good.apply(gpu={"pools": ["enough"]})
            message = bad.wait_for("Sized", "False", "DoesNotFit")
            assert [words for words in case.arithmetic if words not in message] == []
            assert bad.condition("Ready")["status"] == "False"
            good.wait_for("Ready", "True")
            assert bad.pods() == []
            assert bad.left() == [], "nor a Deployment that would make pods"
            assert "plan" not in bad.get()["status"]

    def test_an_unknown_pool_is_named(self, small: Llama) -> None:
        small.apply(gpu={"pools": ["nowhere"]})
        message = small.wait_for("Sized", "False", "InvalidSpec")
        assert message.startswith("spec.gpu.pools = nowhere: must be the name of a GpuPool")

    def test_a_bad_edit_keeps_the_running_fleet_and_says_so(self, small: Llama) -> None:
        small.apply()
        small.wait_for("Ready", "True")
        before = small.get("deployment")["spec"]
        small.apply(serving={"contextLength": 1_000_000})
        message = small.wait_for("Ready", "False", "InvalidSpec")
        assert "spec.serving.contextLength = 1000000" in message
        assert "The pods of the last valid spec keep running (1 ready)." in message
        assert small.get("deployment")["spec"] == before
        assert len(small.pods()) == 1
        assert small.get()["status"]["cost"]["hourlyRate"] == "1.19"

    def test_fields_without_effect_are_named(self, small: Llama) -> None:
        small.apply(model={"adapters": [{"name": "law", "source": "hf://acme/law"}]})
        message = small.wait_for("FieldsInEffect", "False", "NotYetInEffect")
        assert "spec.model.adapters" in message

    def test_a_quota_that_forbids_the_pods_is_told_and_mends_itself(self, small: Llama) -> None:
        quota = {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "none", "namespace": small.namespace},
            "spec": {"hard": {"requests.nvidia.com/gpu": "0"}},
        }
        small.cluster.apply(quota)
        there = ("resourcequota", "none", f"--namespace={small.namespace}")
        until(  # of a quota without a status, the API server knows no limit
            lambda: small.cluster.get(*there).get("status", {}).get("hard"),
            SETTLE_SECONDS,
            "the quota to hold",
        )
        small.apply()
        message = small.wait_for("Ready", "False", "PodsNotCreated")
        assert "exceeded quota: none" in message


@pytest.mark.usefixtures("operator")
class TestPods:
    """Pods that cannot run say what is missing; containers that end say why."""

    def test_a_generic_last_line_is_explained_by_the_log(self, small: Llama) -> None:
        small.apply()
        small.wait_for("Ready", "True")
        (pod,) = small.pods()
        name = pod["metadata"]["name"]
        small.cluster.set_pod_log(
            small.namespace,
            name,
            "INFO\n(EngineCore pid=9) ERROR torch.OutOfMemoryError: CUDA out of memory.\nlast",
        )
        until(lambda: self.has_log(small, name), SETTLE_SECONDS, "kwok to know the log: it is read only once")
        generic = "RuntimeError: Engine core initialization failed. See root cause above."
        small.cluster.annotate_pod(small.namespace, name, exit_code="1", message=generic)
        assert "CUDA out of memory" in small.wait_for("Ready", "False", "InsufficientMemory")

    def has_log(self, llama: Llama, pod: str) -> bool:
        """Whether a pod has a log."""
        try:
            return bool(llama.cluster.kubectl("logs", pod, f"--namespace={llama.namespace}"))
        except TestbedError:
            return False

    def test_a_last_line_that_is_hardly_text_is_told_all_the_same(self, small: Llama) -> None:
        """An apply is YAML to the API server, which has no such characters."""
        small.apply()
        small.wait_for("Ready", "True")
        (pod,) = small.pods()
        (container,) = pod["status"]["containerStatuses"]
        ended = {
            "exitCode": 1,
            "reason": "Error",
            "message": "Fehler \x1b[31m\x7f\x9b\uffff: größer als \U0001f999",
        }
        failed = {**container, "ready": False, "lastState": {"terminated": ended}}
        status = {"containerStatuses": [failed], "conditions": [{"type": "Ready", "status": "False"}]}
        small.cluster.set_pod_status(small.namespace, pod["metadata"]["name"], status)
        assert small.wait_for("Ready", "False", "ServerFailed").endswith(
            "its last line was: Fehler \x1b[31m\x7f\x9b\uffff: größer als \U0001f999."
        )

    def test_an_evicted_pod_is_replaced_and_not_counted(self, small: Llama) -> None:
        small.apply()
        small.wait_for("Ready", "True")
        (pod,) = small.pods()
        gone = {
            "phase": "Failed",
            "reason": "Evicted",
            "message": "The node was low on resource: ephemeral-storage.",
        }
        small.cluster.set_pod_status(small.namespace, pod["metadata"]["name"], gone)
        small.wait_for("Progressing", "False", "Settled")

        def replaced() -> bool:
            status = small.get()["status"]
            return len(small.pods()) == 2 and (status["replicas"], status["readyReplicas"]) == (1, 1)

        until(replaced, SETTLE_SECONDS, "another pod to take its place, and to be the only one that counts")

    def test_a_pod_of_a_stranger_with_our_labels_is_not_counted(self, small: Llama) -> None:
        small.apply()
        small.wait_for("Ready", "True")
        labels = small.pods()[0]["metadata"]["labels"]
        ours = {key: value for key, value in labels.items() if key != "pod-template-hash"}
        metadata = {"name": "stranger", "namespace": small.namespace, "labels": ours}
        container = {"name": "vllm", "image": "stranger:1"}
        small.cluster.apply(
            {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}
        )
        small.apply(replicas=2)
        small.wait_for("Ready", "True", "AllReplicasReady")
        assert len(small.pods()) == 3
        assert small.get()["status"]["replicas"] == 2

    def test_a_slow_load_is_patience_not_failure(self, small: Llama) -> None:
        small.cluster.annotate_new_pods(small.namespace, load_time="600s")
        small.apply()
        message = small.wait_for("Ready", "False", "Starting")
        assert message.startswith("0 of 1 replicas are ready. A replica may take up to ")
        assert small.condition("Degraded")["status"] == "False"
        small.cluster.annotate_new_pods(small.namespace)


@pytest.mark.usefixtures("operator")
class TestMoney:
    """Prices follow the pools; pods do not, unless their author wants it."""

    def test_a_new_price_reaches_a_running_fleet_and_a_cheaper_pool_does_not_move_it(
        self, small: Llama
    ) -> None:
        with pools(small.cluster, pool("ours", "2.00")):
            small.apply(replicas=2)
            small.wait_for("Ready", "True")
            status = small.get()["status"]
            assert (status["plan"]["hourlyUsdPerReplica"], status["cost"]["hourlyRate"]) == ("2.00", "4.00")
            before = small.uids()
            small.cluster.apply(pool("ours", "1.50"))
            with pools(small.cluster, pool("cheaper", "1.00")):
                until(
                    lambda: small.get()["status"]["cost"]["hourlyRate"] == "3.00",
                    SETTLE_SECONDS,
                    "the new price",
                )
                until(
                    lambda: "cheaper" in small.get()["status"]["plan"]["explanation"],
                    SETTLE_SECONDS,
                    "a look at both pools",
                )
                plan = small.get()["status"]["plan"]
                assert (plan["pool"], plan["hourlyUsdPerReplica"]) == ("ours", "1.50")
                assert small.uids() == before
        until(
            lambda: small.get()["status"]["plan"]["pool"] == "a100-80gb",
            SETTLE_SECONDS,
            "the pool to be left",
        )
        assert small.get()["status"]["cost"]["hourlyRate"] == "2.38"

    def test_a_refused_resource_runs_once_there_is_a_pool_for_it_and_is_refused_again_without_it(
        self, small: Llama, operator: OperatorProcess
    ) -> None:
        """By its name or by its size, and without a restart of the operator. What runs keeps running."""
        model = {"variant": "scout", "quantization": "INT4"}
        named = Llama(small.cluster, small.namespace, "named")
        with pools(small.cluster, pool("tight", "0.90", "l40s", gpusPerNode=1)):
            small.apply(model=model)
            named.apply(gpu={"pools": ["later"]})
            assert "l40s" in small.wait_for("Sized", "False", "DoesNotFit")
            assert "must be the name of a GpuPool" in named.wait_for("Sized", "False", "InvalidSpec")
            assert small.left() == named.left() == []
            with pools(small.cluster, pool("later", "1.75")):
                small.wait_for("Ready", "True", "AllReplicasReady")
                named.wait_for("Ready", "True", "AllReplicasReady")
                plan = small.get()["status"]["plan"]
        assert (plan["pool"], plan["hourlyUsdPerReplica"]) == ("later", "1.75")
        message = named.wait_for("Ready", "False", "InvalidSpec")
        assert "The pods of the last valid spec keep running (1 ready)." in message
        assert operator.alive()

    def test_a_refused_spec_can_still_be_put_to_sleep(self, small: Llama) -> None:
        small.apply()
        small.wait_for("Ready", "True")
        small.apply(gpu={"pools": ["nowhere"]}, suspend=True)
        small.wait_for("Sized", "False", "InvalidSpec")
        until(lambda: not small.pods(), SETTLE_SECONDS, "every pod to be gone")
        until(
            lambda: small.get()["status"]["cost"]["hourlyRate"] == "0.00", SETTLE_SECONDS, "the price to be 0"
        )


def test_the_operator_waits_for_its_kinds_and_says_so(tmp_path: Path) -> None:
    """Started before the custom resource definitions are there, it names them and goes on once they are."""
    with ControlPlane() as bare:
        install_rights(bare)
        process = OperatorProcess(bare, tmp_path)
        try:
            said = "install the files in crds/ first"
            until(
                lambda: said in process.log.read_text(),
                SETTLE_SECONDS,
                "the operator to name what is missing",
            )
            bare.install_kinds(CRDS)
            until(process.alive, SETTLE_SECONDS, "the operator to go on")
        finally:
            process.stop()
