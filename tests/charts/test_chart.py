"""What the values of the chart do to the objects."""

import tomllib

import pytest

from builders import ROOT
from charts.examples import EXAMPLES, NAMESPACED
from charts.pods import container, deployments, told
from charts.rendered import KINDS_CHART, example, only, rendered
from llamafleet.api.names import CARRY_OVER_NAME, NAME_LABEL, OPERATOR_NAME, WAKER_NAME

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
GRACE_BEYOND = 30
"""Seconds of a waker's end beside the streams: to be forgotten by the nodes, and to stop."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_programs_understand_what_they_are_told(name: str) -> None:
    for deployment in deployments(example(name)):
        assert told(deployment)


def test_every_value_reaches_the_program() -> None:
    operator, waker = deployments(example("everything"))
    options = told(operator)
    assert (options["workers"], options["lease"], options["lease_duration"]) == (32, OPERATOR_NAME, 10)
    assert options["prometheus_url"] == "https://prometheus.monitoring.svc/base"
    assert options["waker"] == WAKER_NAME
    mount, volume = container(operator)["volumeMounts"][0], operator["spec"]["template"]["spec"]["volumes"][0]
    assert options["values"] == f"{mount['mountPath']}/values.yaml"
    (catalogue,) = only(example("everything"), "ConfigMap", volume["configMap"]["name"])["data"]
    assert catalogue == "values.yaml"
    held = told(waker)
    assert held["max_held_bytes"] == 2**30
    assert waker["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == held["grace"] + GRACE_BEYOND
    assert told(deployments(rendered(NAMESPACED))[0])["namespaces"] == [("team-a", "team-b")]


@pytest.mark.parametrize(
    "text",
    [
        'gpus:\n  custom-x:\n    name: "{{ no template }}"  # a comment\n\n',
        "   gpus:\n     l4: {}\nkind: Secret\n---\n",
        "\n\n\t# no line end",
    ],
)
def test_a_text_with_figures_for_the_catalogue_arrives_as_it_is(text: str) -> None:
    (data,) = [
        one["data"]["values.yaml"]
        for one in rendered({"operator": {"catalogue": text}})
        if one["metadata"]["name"] == "llamafleet-catalogue"
    ]
    assert data == text


def test_a_digest_wins_over_a_tag_and_the_tag_over_the_version() -> None:
    def image(**values: str) -> str:
        return str(container(deployments(rendered({"image": values}))[0])["image"])

    digest = f"sha256:{'0' * 64}"
    assert image() == f"llamafleet:{VERSION}"
    assert image(repository="registry.example:5000/a/b", tag="2") == "registry.example:5000/a/b:2"
    assert image(tag="2", digest=digest) == f"llamafleet@{digest}"


@pytest.mark.parametrize("name", EXAMPLES)
def test_nothing_of_a_user_comes_into_a_selector(name: str) -> None:
    for deployment in deployments(example(name)):
        selector = deployment["spec"]["selector"]["matchLabels"]
        assert set(selector) == {NAME_LABEL, "app.kubernetes.io/instance"}
        assert selector.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
        assert "helm.sh/chart" not in deployment["spec"]["template"]["metadata"]["labels"]


def test_labels_of_a_user_never_replace_ours() -> None:
    wrong = {NAME_LABEL: "other", "app.kubernetes.io/instance": "other", "team": "a"}
    (deployment,) = deployments(rendered({"commonLabels": wrong, "podLabels": wrong}))
    for labels in (deployment["metadata"]["labels"], deployment["spec"]["template"]["metadata"]["labels"]):
        assert labels[NAME_LABEL] == OPERATOR_NAME
        assert labels["app.kubernetes.io/instance"] == "llamafleet"
        assert labels["team"] == "a"


def test_every_object_has_the_common_labels() -> None:
    assert all(one["metadata"]["labels"]["team"] == "platform" for one in example("everything"))
    kinds = rendered({"commonLabels": {"team": "platform"}}, chart=KINDS_CHART)
    assert all(one["metadata"]["labels"]["team"] == "platform" for one in kinds)


def test_the_accounts_have_no_data_that_an_upgrade_could_reset_and_outlive_the_release() -> None:
    accounts = only(rendered(), "ConfigMap", CARRY_OVER_NAME)
    assert accounts.keys() == {"apiVersion", "kind", "metadata"}
    assert accounts["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert CARRY_OVER_NAME not in {one["metadata"]["name"] for one in example("second-shard")}


@pytest.mark.parametrize(
    ("release", "name"),
    [("llamafleet", "llamafleet"), ("my-llamafleet-b", "my-llamafleet-b"), ("ops", "ops-llamafleet")],
)
def test_another_release_has_another_name_everywhere(release: str, name: str) -> None:
    objects = rendered(release=release)
    names = {one["metadata"]["name"] for one in objects}
    assert names == {name, CARRY_OVER_NAME}
    assert told(deployments(objects)[0])["lease"] == name
    lease = only(objects, "Role", name)["rules"][1]
    assert (lease["resources"], lease["resourceNames"]) == (["leases"], [name])


def test_the_longest_name_of_a_release_still_gives_valid_names() -> None:
    objects = rendered({"waker": {"enabled": True}, "namespaces": ["a"]}, release="r" * 53)
    assert max(len(one["metadata"]["name"]) for one in objects) <= 63


def test_two_operators_of_one_namespace_select_no_pod_of_the_other() -> None:
    first, second = example("namespaced"), example("second-shard")
    selectors = [deployments(objects)[0]["spec"]["selector"]["matchLabels"] for objects in (first, second)]
    assert selectors[0] != selectors[1]
    assert not {(one["kind"], one["metadata"]["name"]) for one in first} & {
        (one["kind"], one["metadata"]["name"]) for one in second
    }


def test_the_account_may_be_one_that_is_there() -> None:
    objects = rendered({"serviceAccount": {"create": False, "name": "mine"}})
    assert not [one for one in objects if one["kind"] == "ServiceAccount"]
    bindings = [one for one in objects if one["kind"].endswith("Binding")]
    assert {one["subjects"][0]["name"] for one in bindings} == {"mine"}


def test_the_way_to_prometheus_is_open_where_the_operator_is_told_of_one() -> None:
    for url, port in (("http://a:9090", 9090), ("https://a/b", 443), ("http://a", 80)):
        policy = only(rendered({"operator": {"prometheusUrl": url}}), "NetworkPolicy", OPERATOR_NAME)
        assert policy["spec"]["egress"][-1] == {"ports": [{"protocol": "TCP", "port": port}]}
