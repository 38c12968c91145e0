"""What the pages about printed JSON must show: a table of keys with their types, made from the record."""

from pathlib import Path
from typing import Any

import pytest

from builders import ROOT
from llamafleet.api.base import Record


def table_after(page: str, heading: str) -> list[str]:
    """The rows of the first table of three columns after a text of the page."""
    table = page[page.index(heading) :].partition("| Key | Type | Meaning |\n| --- | --- | --- |\n")[2]
    return table.partition("\n\n")[0].rstrip("\n").split("\n")


def enter_folder_of(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with the manifests that a page speaks of."""
    (folder / "manifests").symlink_to(ROOT / "manifests")
    (folder / "night.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0])
    monkeypatch.chdir(folder)
    monkeypatch.delenv("FORCE_COLOR", raising=False)


def rows(record: type[Record]) -> list[str]:
    """The rows that a record must have."""
    properties = record.model_json_schema()["properties"].items()
    return [f"| `{key}` | {word(field)} | {meaning(field)} |" for key, field in properties]


def word(schema: dict[str, Any]) -> str:
    """The type of a key as a page names it."""
    if "anyOf" in schema:
        return " or ".join(word(choice) for choice in schema["anyOf"])
    if "items" in schema:
        return f"list of {word(schema['items'])}"
    return "object" if "$ref" in schema else str(schema["type"])


def meaning(schema: dict[str, Any]) -> str:
    return " ".join(schema["description"].split())
