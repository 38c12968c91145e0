"""The dashboards ask for what there is, and look alike from one release to the next."""

import json
from pathlib import Path
from typing import Any

import pytest

from monitoring.promtool import parsed
from monitoring.shipped import DASHBOARDS, FOLDER, labels_of_vllm, names_in, own, queries
from shipping.monitoring import files

EVERY = pytest.mark.parametrize("board", DASHBOARDS.values(), ids=DASHBOARDS.keys())


@EVERY
def test_prometheus_can_read_every_query(board: dict[str, Any], tmp_path: Path) -> None:
    assert not any("$" in query for query in queries(board)), "a variable that nobody fills in"
    assert parsed(queries(board), tmp_path) > 10


@EVERY
def test_every_metric_is_one_of_ours_or_one_that_a_real_vllm_has(board: dict[str, Any]) -> None:
    known = {name for _, names in own() for name in names} | labels_of_vllm().keys()
    for query in queries(board):
        assert names_in(query), query
        assert names_in(query) <= known, query


def test_what_is_told_apart_by_a_label_of_vllm_has_that_label() -> None:
    labels = labels_of_vllm()
    asked = {
        "vllm:num_requests_waiting_by_reason": "reason",
        "vllm:admission_rejections_total": "reason",
        "vllm:request_success_total": "finished_reason",
    }
    text = " ".join(queries(DASHBOARDS["llamafleet-model"]))
    for metric, label in asked.items():
        assert metric in text
        assert label in labels[metric]


@EVERY
def test_panels_have_ids_titles_units_and_the_chosen_data_source(board: dict[str, Any]) -> None:
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert len({panel["title"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["title"]
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        for asks in (panel, *panel["targets"]):
            assert asks["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        letters = [target["refId"] for target in panel["targets"]]
        assert len({*letters}) == len(letters)
    names = [variable["name"] for variable in board["templating"]["list"]]
    assert names == ["datasource", "namespace", "name"]


@EVERY
def test_no_panel_lies_on_another_or_beside_the_grid(board: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_uids_and_titles_are_unique_and_a_link_leads_to_a_dashboard_that_there_is() -> None:
    uids = {board["uid"] for board in DASHBOARDS.values()}
    assert uids == DASHBOARDS.keys()
    assert len({board["title"] for board in DASHBOARDS.values()}) == len(DASHBOARDS)
    links = [part.partition("?")[0] for part in json.dumps(DASHBOARDS).split("/d/")[1:]]
    assert links
    assert {*links} <= uids


def test_the_files_are_what_the_generator_makes_and_the_charts_copies_are_the_same() -> None:
    made = files()
    assert {path for path in made if path.is_relative_to(FOLDER)} == {*FOLDER.glob("dashboards/*.json")}
    for path, text in made.items():
        assert path.read_text("utf-8") == text, f"{path.name}: make generate"
