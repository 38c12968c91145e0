"""Each alert fires when it should, says what is wrong with which fleet, and is quiet when it should be."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.case import Case
from monitoring.cases_fleets import FLEETS, MONEY, WAKERS
from monitoring.cases_operator import OPERATORS
from monitoring.promtool import judged
from monitoring.shipped import ALERTS, GROUPS
from monitoring.well import WELL, Series

MINUTES = {"m": 1, "h": 60}
CASES = {
    "llamafleet-operator": OPERATORS,
    "llamafleet-fleets": FLEETS,
    "llamafleet-money": MONEY,
    "llamafleet-waker": WAKERS,
}
EVERY = pytest.mark.parametrize("group", CASES)


def test_every_alert_has_a_case() -> None:
    told = {group["name"]: {rule["alert"] for rule in group["rules"]} for group in GROUPS}
    assert {name: {case.alert for case in cases} for name, cases in CASES.items()} == told


def test_in_a_cluster_that_is_well_no_alert_fires(tmp_path: Path) -> None:
    looks = [quiet(alert, minute) for alert in ALERTS for minute in (10, 100, 400)]
    judge(GROUPS, tmp_path, [story(WELL, looks)])


@EVERY
def test_every_alert_fires_with_its_words_and_not_before_its_time(group: str, tmp_path: Path) -> None:
    stories = []
    for case in CASES[group]:
        looks = [loud(case)]
        if (patience := minutes(case)) > 0:
            looks.append(quiet(case.alert, patience - 1))
        stories.append(story({**WELL, **case.wrong}, looks))
    judge(named(group), tmp_path, stories)


@EVERY
def test_every_alert_is_quiet_where_it_nearly_fires(group: str, tmp_path: Path) -> None:
    stories = [story({**WELL, **case.nearly}, [quiet(case.alert, case.minute)]) for case in CASES[group]]
    judge(named(group), tmp_path, stories)


def named(group: str) -> list[dict[str, Any]]:
    """The group alone: Prometheus need not evaluate the others for it."""
    return [one for one in GROUPS if one["name"] == group]


def minutes(case: Case) -> int:
    """For how long it waits before it fires."""
    length = re.fullmatch(r"(\d+)([mh])", ALERTS[case.alert].get("for", "0m"))
    assert length
    return int(length[1]) * MINUTES[length[2]]


def loud(case: Case) -> dict[str, Any]:
    """It fires once, with these labels and words."""
    rule = ALERTS[case.alert]
    said = {
        "summary": filled(rule["annotations"]["summary"], case),
        "description": case.text,
        "runbook_url": rule["annotations"]["runbook_url"],
    }
    labels = {**case.labels, **rule["labels"]}
    alert = {"exp_labels": labels, "exp_annotations": said}
    return {"alertname": case.alert, "eval_time": f"{case.minute}m", "exp_alerts": [alert]}


def filled(text: str, case: Case) -> str:
    """A summary has labels at most, no values: so that it stays the same while the alert lasts."""
    for name, value in case.labels.items():
        text = text.replace("{{ $labels.%s }}" % name, value)  # noqa: UP031 - braces of its own
    assert "{{" not in text
    return text


def quiet(alert: str, minute: int) -> dict[str, Any]:
    """It does not fire."""
    return {"alertname": alert, "eval_time": f"{minute}m", "exp_alerts": []}


def story(series: Series, looks: list[dict[str, Any]]) -> dict[str, Any]:
    """One cluster, and what must be seen in it."""
    given = [{"series": name, "values": values} for name, values in series.items()]
    return {"interval": "1m", "input_series": given, "alert_rule_test": looks}


def judge(groups: list[dict[str, Any]], folder: Path, stories: list[dict[str, Any]]) -> None:
    """Have Prometheus' own judge play all of them."""
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}), "utf-8")
    tests = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": stories}
    (path := folder / "tests.yml").write_text(yaml.safe_dump(tests), "utf-8")
    judged("test", "rules", str(path))
