"""A Grafana dashboard: panels in rows, each in its place, and the variables of all of them.

Only what differs from Grafana's own defaults is written, so that a file can be read in a diff.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from shipping.panels import WIDTH, Json, Panel, Row, merged

SCHEMA: Final = 39
"""Of Grafana 11; later ones read it too."""

SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


def variable(name: str, query: str, *, several: bool) -> Json:
    """A variable that is asked of Prometheus."""
    every = {
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }
    return {
        "name": name,
        "type": "query",
        "datasource": SOURCE,
        "definition": query,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        **(every if several else {}),
    }


def dashboard(uid: str, title: str, says: str, variables: Sequence[Json], rows: Iterable[Row]) -> Json:
    """The whole, with a variable for the Prometheus that is asked, and links to its sisters."""
    source = {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    links = {"type": "dashboards", "title": "llamafleet", "tags": ["llamafleet"], "keepTime": True}
    return {
        "uid": uid,
        "title": title,
        "description": says,
        "tags": ["llamafleet"],
        "schemaVersion": SCHEMA,
        "editable": True,
        "timezone": "browser",
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "links": [{**links, "includeVars": True, "asDropdown": True}],
        "templating": {"list": [source, *variables]},
        "panels": list(_placed(rows)),
    }


def _placed(rows: Iterable[Row]) -> Iterable[Json]:
    """Every panel with its id and its place: from left to right, and down when a line is full."""
    number, top = 0, 0
    for row in rows:
        number += 1
        yield {"id": number, "type": "row", "title": row.title, "gridPos": _place(0, top, WIDTH, 1)}
        top, left, tallest = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > WIDTH:
                top, left, tallest = top + tallest, 0, 0
            number += 1
            yield _panel(panel, number, _place(left, top, panel.width, panel.height))
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest


def _place(left: int, top: int, width: int, height: int) -> Json:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(panel: Panel, number: int, place: Json) -> Json:
    targets = [
        _target(panel, chr(ord("A") + index), legend, query)
        for index, (legend, query) in enumerate(panel.queries.items())
    ]
    own = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": targets,
    }
    return merged(own, panel.more)


def _target(panel: Panel, letter: str, legend: str, query: str) -> Json:
    asked = {"refId": letter, "datasource": SOURCE, "expr": query}
    if panel.kind == "table":
        return {**asked, "format": "table", "instant": True}
    if panel.kind == "timeseries":
        return {**asked, "legendFormat": legend}
    return {**asked, "legendFormat": legend, "instant": True}
