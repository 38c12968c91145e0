"""Whatever is turned on or off together, what is rendered holds together."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from charts.examples import EVERYTHING
from charts.pods import deployments, told
from charts.rendered import NAMESPACE, Object, named, rendered

EXAMPLES = 25
"""Two processes of Helm each: some seconds in all."""

SWITCHES = (
    *("networkPolicy.enabled", "podDisruptionBudget.enabled", "carryOver.create", "flowSchema.enabled"),
    *("waker.enabled", "waker.podDisruptionBudget.enabled", "admissionPolicy.enabled"),
    *("monitoring.podMonitor.enabled", "monitoring.rules.enabled", "monitoring.dashboards.enabled"),
)
CHOICES: dict[str, st.SearchStrategy[Any]] = {
    "namespaces": st.sampled_from([[], ["team-a"], ["team-a", "team-b"]]),
    "topologySpreadConstraints": st.just([]),
    "runAsUser": st.just(None),
    "serviceAccount": st.sampled_from([{"create": False, "name": "mine"}, {"name": "mine"}]),
    "fullnameOverride": st.sampled_from(["l", "llama" * 10]),
    "imagePullSecrets": st.just([{"name": "registry"}]),
    **{key: st.just(EVERYTHING[key]) for key in ("affinity", "tolerations", "nodeSelector", "commonLabels")},
    **{
        key: st.just(EVERYTHING[key])
        for key in ("podAnnotations", "podLabels", "gpuPools", "operator", "image")
    },
}


@st.composite
def values(draw: st.DrawFn) -> Object:
    """Some switches set, and some of the other values."""
    chosen: Object = draw(st.fixed_dictionaries({}, optional=CHOICES))
    for name, on in draw(st.dictionaries(st.sampled_from(SWITCHES), st.booleans())).items():
        *above, last = name.split(".")
        here = chosen
        for key in above:
            here[key] = dict(here.get(key, {}))
            here = here[key]
        here[last] = on
    return chosen


def accounts_of(objects: list[Object]) -> set[str]:
    return {one["metadata"]["name"] for one in objects if one["kind"] == "ServiceAccount"}


def check_rights(objects: list[Object], given_account: set[str]) -> None:
    """Each binding is of a role that is there, for an account that is there or was named."""
    found = named(objects).keys()
    for one in objects:
        if one["kind"] in {"RoleBinding", "ClusterRoleBinding"}:
            role = (one["roleRef"]["kind"], one["metadata"].get("namespace", ""), one["roleRef"]["name"])
            assert role in found
            (subject,) = one["subjects"]
            assert subject["namespace"] == NAMESPACE
            assert subject["name"] in accounts_of(objects) | given_account


def check_pods(objects: list[Object]) -> None:
    """Each volume, each Service that is named, and each budget leads to something."""
    found = named(objects).keys()
    for one in deployments(objects):
        pod = one["spec"]["template"]
        for volume in pod["spec"].get("volumes", []):
            assert ("ConfigMap", NAMESPACE, volume["configMap"]["name"]) in found
        waker = told(one).get("waker")
        assert waker is None or ("Service", NAMESPACE, waker) in found
        assert (waker is not None) == (len(deployments(objects)) == 2) or told(one).get("max_held")
    labels = [one["spec"]["template"]["metadata"]["labels"].items() for one in deployments(objects)]
    for one in objects:
        if one["kind"] == "PodDisruptionBudget":
            assert any(one["spec"]["selector"]["matchLabels"].items() <= of_pod for of_pod in labels)


def check_namespaces(objects: list[Object], works_in: list[str]) -> None:
    """With namespaces, nothing in any other; and what has none is only read."""
    where = {one["metadata"].get("namespace", "") for one in objects}
    assert where <= {"", NAMESPACE, *works_in}
    verbs = {
        verb
        for one in objects
        if one["kind"] == "ClusterRole" and works_in
        for rule in one["rules"]
        for verb in rule["verbs"]
    }
    assert verbs <= {"get", "list", "watch"}


@settings(max_examples=EXAMPLES)
@given(chosen=values())
def test_any_choice_of_values_gives_objects_that_hold_together(chosen: Object) -> None:
    objects = rendered(chosen)
    assert named(objects) == named(rendered(chosen, major=4))
    account = chosen.get("serviceAccount", {})
    check_rights(objects, {account["name"]} if account else set())
    check_pods(objects)
    check_namespaces(objects, chosen.get("namespaces", []))
    assert all({"apiVersion", "kind", "metadata"} <= one.keys() for one in objects)
