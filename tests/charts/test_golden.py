"""What the charts render, as files that a person can read and review in a diff.

A change on purpose: ``pytest tests/charts --update-golden``, then read the diff.
"""

import hashlib
from pathlib import Path

import pytest

from charts.examples import EXAMPLES
from charts.rendered import KINDS_CHART, Object, example, named, rendered
from goldens import compare, readable

GOLDEN = Path(__file__).parent / "golden"
LONG = 2000
"""Characters of a text beyond which the file has its digest: dashboards, which have tests of their own."""


def condensed(one: Object) -> Object:
    """The object as the golden file has it."""
    for key, text in one.get("data", {}).items():
        if len(text) > LONG:
            one["data"][key] = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    if one["kind"] == "PrometheusRule":
        one["spec"]["groups"] = {
            group["name"]: [rule["alert"] for rule in group["rules"]] for group in one["spec"]["groups"]
        }
    return one


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_objects_are_those_of_the_golden_file(name: str, *, update_golden: bool) -> None:
    text = readable([condensed(one) for one in example(name)])
    compare(GOLDEN / f"{name}.yaml", text, update=update_golden)


@pytest.mark.parametrize("name", EXAMPLES)
def test_helm_4_makes_the_same_of_it_as_helm_3(name: str) -> None:
    assert named(example(name, major=4)) == named(example(name, major=3))


def test_helm_4_makes_the_same_of_the_kinds_as_helm_3() -> None:
    assert named(rendered(chart=KINDS_CHART, major=4)) == named(rendered(chart=KINDS_CHART, major=3))


def test_every_golden_file_has_an_example() -> None:
    assert {path.stem for path in GOLDEN.glob("*.yaml")} == EXAMPLES.keys()
