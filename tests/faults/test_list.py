"""The fault list of the docs: no row without a test or a reason, and no test of a fault without a row."""

import ast
import re
from typing import Final, NamedTuple

import pytest

from builders import ROOT

TESTS: Final = ROOT / "tests"
PAGE: Final = ROOT / "docs" / "faults.md"

OF_THE_TOOLS: Final = frozenset({"test_list", "test_proxy"})
"""They test what the others are made of."""

FEWEST_ROWS: Final = 45
"""Rows of the list that the project began with, and of the malicious inputs that it names one by one."""

_NAMED: Final = re.compile(r"`(?:([\w/]+)/)?(test_\w+)::(test_\w+)`")
_NO_TEST: Final = "None here: "


class Row(NamedTuple):
    """A row of the page.

    Attributes:
        fault: what goes wrong.
        answer: what the operator does.
        tests: the cell with the names of the tests, or why there is none.
    """

    fault: str
    answer: str
    tests: str

    @property
    def named(self) -> list[tuple[str, str]]:
        """The tests: the path of each module below ``tests``, and the function."""
        return [
            (f"{folder or 'faults'}/{module}", name) for folder, module, name in _NAMED.findall(self.tests)
        ]


def rows() -> list[Row]:
    """Every row of every table of the page."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [Row(*row) for row in cells if row[0] not in {"Fault", "Input", "---"}]


def functions(module: str) -> set[str]:
    """The tests of a module, those in classes among them."""
    tree = ast.parse((TESTS / f"{module}.py").read_text("utf-8"))
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node.name for node in found if node.name.startswith("test_")}


def test_the_list_is_whole() -> None:
    found = rows()
    assert len(found) >= FEWEST_ROWS
    names = [row.fault for row in found]
    assert sorted(names) == sorted(set(names)), "each fault has one row"


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.fault[:60])
def test_a_row_has_a_test_or_a_reason(row: Row) -> None:
    assert row.answer
    assert row.named or row.tests.startswith(_NO_TEST)
    missing = [
        f"{module}::{name}"
        for module, name in row.named
        if not (TESTS / f"{module}.py").exists() or name not in functions(module)
    ]
    assert missing == []


def test_every_test_of_a_fault_is_in_a_row() -> None:
    named = {test for row in rows() for test in row.named}
    there = {
        (f"faults/{file.stem}", name)
        for file in (TESTS / "faults").glob("test_*.py")
        if file.stem not in OF_THE_TOOLS
        for name in functions(f"faults/{file.stem}")
    }
    assert sorted(there - named) == []
