"""The list of what the operator runs with is complete, valid, and the same every time."""

import json
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from supply import locks, sbom
from testbed.fixtures import require_operator_image


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The list, as ``make sbom`` writes it."""
    require_operator_image()
    path = tmp_path_factory.mktemp("sbom") / "llamafleet.cdx.json"
    sbom.write(path)
    return path


def test_it_is_valid(written: Path) -> None:
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(written.read_text("utf-8"))
    assert found is None, found
    spoilt = written.read_text("utf-8").replace('"library"', '"librarian"')
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(spoilt) is not None


def test_it_names_what_the_lock_names_each_with_its_licence(written: Path) -> None:
    components = json.loads(written.read_text("utf-8"))["components"]
    named = {one["purl"].removeprefix("pkg:pypi/") for one in components}
    assert named == {f"{pin.name}@{pin.version}" for pin in locks.read("runtime").values()}
    assert [one["name"] for one in components if not one.get("licenses")] == []


def test_it_says_who_needs_whom(written: Path) -> None:
    depends = json.loads(written.read_text("utf-8"))["dependencies"]
    kopf = next(one for one in depends if one["ref"].startswith("kopf=="))
    assert {name.partition("==")[0] for name in kopf["dependsOn"]} >= {"aiohttp", "click", "iso8601"}


def test_the_same_lock_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    sbom.write(again)
    assert again.read_bytes() == written.read_bytes()
    assert str(tmp_path.parent) not in again.read_text("utf-8")
