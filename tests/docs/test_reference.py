"""The pages of the kinds have every field that we ship, and the page of commands every option."""

from typing import Any

import pytest
import yaml

from builders import ROOT
from llamafleet.cli.commands_page import PAGE, arguments_of, commands_of, with_commands
from llamafleet.cli.main import PLUGIN, command_line

CRDS = [yaml.safe_load(path.read_text("utf-8")) for path in sorted((ROOT / "crds").glob("*.yaml"))]
COMMANDS = (ROOT / "docs" / PAGE).read_text("utf-8")


def below(path: str, field: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every field below one, as the definition has it."""
    inner, prefix = field.get("items", field), f"{path}[]" if "items" in field else path
    found = [(f"{prefix}.{name}", one) for name, one in inner.get("properties", {}).items()]
    return [pair for path, one in found for pair in ((path, one), *below(path, one))]


def parts(crd: dict[str, Any]) -> dict[str, dict[str, Any]]:
    (version,) = crd["spec"]["versions"]
    properties = version["schema"]["openAPIV3Schema"]["properties"]
    return {part: properties[part] for part in ("spec", "status") if part in properties}


@pytest.mark.parametrize("crd", CRDS, ids=lambda crd: crd["spec"]["names"]["kind"])
def test_the_page_of_a_kind_has_every_field_with_its_bounds_and_its_meaning(crd: dict[str, Any]) -> None:
    page = (ROOT / "docs" / f"{crd['spec']['names']['singular']}.md").read_text("utf-8")
    rows = dict(
        line.removeprefix("| `").split("` | ", 1) for line in page.splitlines() if line.startswith("| `s")
    )
    fields = [pair for part, one in parts(crd).items() for pair in below(part, one)]
    assert [path for path, _ in fields] == [*rows]
    for path, field in fields:
        assert " ".join(field["description"].split()) in rows[path], path
        assert all(f"`{value}`" in rows[path] for value in field.get("enum", [])), path
        if field.get("maximum", 2**31) < 2**31 - 1:
            assert f"{field['minimum']} to {field['maximum']}" in rows[path]


@pytest.mark.parametrize("crd", CRDS, ids=lambda crd: crd["spec"]["names"]["kind"])
def test_the_page_of_a_kind_has_every_rule_with_its_message(crd: dict[str, Any]) -> None:
    page = (ROOT / "docs" / f"{crd['spec']['names']['singular']}.md").read_text("utf-8")
    listed = page[page.index("<!-- rules of spec -->") : page.index("<!-- end of rules -->")]
    rules = rules_of(parts(crd)["spec"])
    assert len(rules) >= 5
    assert [rule["message"] for rule in rules if rule["message"] not in listed] == []
    assert [rule["rule"] for rule in rules if f"`{rule['rule']}`" not in listed] == []


def rules_of(field: Any) -> list[dict[str, str]]:
    if isinstance(field, list):
        return [rule for one in field for rule in rules_of(one)]
    if not isinstance(field, dict):
        return []
    own: list[dict[str, str]] = field.get("x-kubernetes-validations", [])
    return own + [
        rule for word, one in field.items() if word != "x-kubernetes-validations" for rule in rules_of(one)
    ]


def test_the_page_of_commands_is_what_the_parsers_say() -> None:
    assert with_commands(COMMANDS, command_line()) == COMMANDS, "run make generate"


def test_the_page_of_commands_has_every_option() -> None:
    for name, parser in commands_of(command_line()).items():
        section = COMMANDS.partition(f"## llamafleet {name}\n")[2].partition("\n## ")[0]
        for action in arguments_of(parser):
            assert all(f"{option}" in section for option in action.option_strings), action.option_strings


def test_the_page_of_commands_says_what_the_plugin_lacks() -> None:
    lacking = [name for name in commands_of(command_line()) if name not in commands_of(command_line(PLUGIN))]
    *first, last = (f"`{name}`" for name in lacking)
    assert f"has all commands but {', '.join(first)} and {last}" in " ".join(COMMANDS.split())
