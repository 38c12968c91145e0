"""The panels of a Grafana dashboard, of a few kinds, before they have a place in one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

WIDTH: Final = 24
"""Columns of Grafana's grid."""

LABEL: Final = "label"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel.

    Attributes:
        title: what it shows, unique in its dashboard.
        says: how to read it, in a sentence.
        unit: Grafana's name of the unit.
        queries: PromQL by legend; Grafana fills ``{{label}}`` in.
        kind: Grafana's name of the kind.
        width: columns.
        height: rows.
        more: further fields, laid over the panel's own.
    """

    title: str
    says: str
    unit: str
    queries: Mapping[str, str]
    kind: str = "timeseries"
    width: int = 8
    height: int = 8
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: Sequence[Panel]


def stat(title: str, says: str, unit: str, query: str, *, bad_from: float | None = None) -> Panel:
    """One large number, red from a bound on where there is one."""
    steps: list[Json] = [{"color": "text", "value": None}]
    if bad_from is not None:
        steps.append({"color": "red", "value": bad_from})
    options = {"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "none"}
    more = {
        "options": options,
        "fieldConfig": {"defaults": {"thresholds": {"mode": "absolute", "steps": steps}}},
    }
    return Panel(title, says, unit, {"": query}, kind="stat", width=4, height=4, more=more)


def stacked(panel: Panel) -> Panel:
    """The same, with the lines on top of each other."""
    custom = {"stacking": {"mode": "normal"}, "fillOpacity": 30}
    more = merged(panel.more, {"fieldConfig": {"defaults": {"custom": custom}}})
    return Panel(
        panel.title, panel.says, panel.unit, panel.queries, panel.kind, panel.width, panel.height, more
    )


def table(title: str, says: str, queries: Mapping[str, str], units: Mapping[str, str]) -> Panel:
    """One line for each fleet.

    Args:
        title: what it shows.
        says: how to read it.
        queries: PromQL by the name of the column; of a query called :data:`LABEL` only its labels are shown.
        units: Grafana's units by the name of the column; the others are plain numbers.
    """
    letters = [chr(ord("A") + number) for number in range(len(queries))]
    names = {f"Value #{letter}": name for letter, name in zip(letters, queries, strict=True)}
    hidden = ["Time", *(value for value, name in names.items() if name == LABEL)]
    overrides = [
        {"matcher": {"id": "byName", "options": name}, "properties": [{"id": "unit", "value": unit}]}
        for name, unit in units.items()
    ]
    overrides.append({"matcher": {"id": "byName", "options": "name"}, "properties": [_links_to_model()]})
    more = {
        "transformations": [
            {"id": "merge", "options": {}},
            {
                "id": "organize",
                "options": {"excludeByName": dict.fromkeys(hidden, True), "renameByName": names},
            },
        ],
        "fieldConfig": {"overrides": overrides},
    }
    return Panel(title, says, "none", queries, kind="table", width=WIDTH, height=10, more=more)


def _links_to_model() -> Json:
    fleet = "var-namespace=${__data.fields.namespace}&var-name=${__data.fields.name}"
    url = f"/d/llamafleet-model?${{datasource:queryparam}}&{fleet}&${{__url_time_range}}"
    return {"id": "links", "value": [{"title": "this fleet", "url": url}]}


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> Json:
    """Both, with the second laid over the first, object by object."""
    result = dict(first)
    for key, value in second.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = merged(below, value)
        else:
            result[key] = value
    return result
