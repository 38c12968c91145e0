"""What each released version has rendered. A change of a pod template is made on purpose, or not at all."""

import json
from pathlib import Path

import pytest

from llamafleet.rendering import environment
from upgrade import templates

REMEDY = (
    "the pod templates of these resources are no longer those of {version}: {names}. Running pods keep their "
    "template until their author changes something, but every pod that starts from now on gets the new one. "
    "If that is meant: raise the version in pyproject.toml (unless {version} is not released yet), say it in "
    "CHANGELOG.md, and record it: PYTHONPATH=operator:tests python -m upgrade.templates"
)


def test_the_pod_templates_are_those_of_the_newest_recorded_version() -> None:
    known = templates.recorded()
    newest = [*known][-1]
    assert newest == templates.version(), "a new version is recorded by: python -m upgrade.templates"
    now = templates.hashes()
    others = sorted(name for name in now.keys() | known[newest] if now.get(name) != known[newest].get(name))
    assert not others, REMEDY.format(version=newest, names=", ".join(others))


def test_the_resources_differ_from_each_other() -> None:
    now = templates.hashes()
    assert len(set(now.values())) == len(now), "two of them say nothing that one does not say"


def test_one_more_variable_in_every_pod_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(environment.FIXED, "NEWER", "1")
    (known,) = [templates.recorded()[templates.version()]]
    assert not set(templates.hashes().values()) & set(known.values())


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A record and a changelog that may be changed."""
    monkeypatch.setattr(templates, "RECORD", tmp_path / "templates.json")
    monkeypatch.setattr(templates, "CHANGELOG", tmp_path / "CHANGELOG.md")
    (tmp_path / "CHANGELOG.md").write_text(
        "## Unreleased\n\nTo be released as 0.1.0.\n\n## 0.0.9 - 2026-01-01\n"
    )
    return tmp_path


def test_what_was_released_is_never_recorded_again(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("0.0.8", "0.0.9"):
        monkeypatch.setattr(templates, "version", lambda version=version: version)
        assert templates.record() == f"recorded {version}"
    before = (elsewhere / "templates.json").read_text()
    monkeypatch.setitem(environment.FIXED, "NEWER", "1")
    assert templates.record().startswith("0.0.9 is released")
    assert (elsewhere / "templates.json").read_text() == before
    monkeypatch.setattr(templates, "version", lambda: "0.1.0")
    assert templates.record() == "recorded 0.1.0"
    known = json.loads((elsewhere / "templates.json").read_text())
    assert [*known] == ["0.0.8", "0.0.9", "0.1.0"]
    assert known["0.0.9"] != known["0.1.0"]
    monkeypatch.delitem(environment.FIXED, "NEWER")
    assert templates.record() == "recorded 0.1.0", "it is not released yet"
    assert templates.recorded()["0.1.0"] == known["0.0.9"]
