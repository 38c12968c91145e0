"""``docs/troubleshooting.md`` has every reason of a condition or an Event as a heading, and no other."""

import ast
import re
from functools import cache

from builders import ROOT
from docs.markdown import headings, words_in_code
from llamafleet import errors
from llamafleet.planning.diagnosis import PATTERNS
from llamafleet.planning.money.budget import MARKS, Kind

PAGE = ROOT / "docs" / "troubleshooting.md"
PACKAGE = ROOT / "operator" / "llamafleet"

TELLING = {
    "planning/diagnosis.py",
    "rendering/conditions.py",
    "rendering/hours.py",
    "rendering/money.py",
    "rendering/queue.py",
}
"""The modules that give reasons."""

MAKERS = {"true", "false", "unknown", "Statement", "Cause", "Notice"}
"""What a reason is given to."""

CONDITIONS = {
    *("Sized", "Ready", "Progressing", "Degraded", "Stalled", "WindowOpen", "WithinBudget"),
    *("CeilingWithinBudget", "Priced", "MetricsAvailable", "AnnotationsValid", "FieldsInEffect"),
}
REASON_TOO = {"WithinBudget"}

NO_REASONS = {
    *("True", "Unknown", "Normal", "Warning", "SafetensorError", "OOMKilled"),
    *("ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ImageInspectError"),
    *("CreateContainerConfigError", "CreateContainerError", "RunContainerError"),
}
"""States of conditions, types of Events, and words of the kubelet and of vLLM."""

IN_CAMEL_CASE = re.compile(r"[A-Z]+[a-z]\w*")


def trees() -> dict[str, ast.Module]:
    """Every module of the package, by its path."""
    return {
        path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text("utf-8"))
        for path in PACKAGE.glob("**/*.py")
    }


@cache
def words_of_modules() -> frozenset[str]:
    """The words in CamelCase that the telling modules have as text."""
    return frozenset(word for path, tree in trees().items() if path in TELLING for word in _words(tree))


def _words(tree: ast.Module) -> set[str]:
    nodes = [*ast.walk(tree)]
    pieces = {id(piece) for node in nodes if isinstance(node, ast.JoinedStr) for piece in node.values}
    constants = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in pieces]
    texts = {node.value for node in constants if isinstance(node.value, str)}
    return {text for text in texts if IN_CAMEL_CASE.fullmatch(text)}


def given() -> frozenset[str]:
    """Every reason that the code can give: words of modules, names of errors, and what the money does."""
    refusals = {"InvalidSpec", *(error.__name__ for error in errors.InvalidSpec.__subclasses__())}
    budgets = {Kind.HOURLY_LIMIT.value, Kind.PACED.value}
    marks = {f"Budget{part}PercentSpent" for part in MARKS}
    words = words_of_modules() - NO_REASONS - (CONDITIONS - REASON_TOO)
    return words | refusals | budgets | marks | {reason for reason, _ in PATTERNS}


def test_the_page_has_every_reason_as_a_heading_and_no_other() -> None:
    told = {heading for heading in headings(PAGE) if IN_CAMEL_CASE.fullmatch(heading)}
    assert told - {"Troubleshooting", "Events"} == given()


def test_the_page_speaks_of_every_condition() -> None:
    assert {*words_in_code(PAGE)} >= CONDITIONS
    assert words_of_modules() >= CONDITIONS | NO_REASONS, "a word is gone from the code"


def test_no_other_module_gives_reasons() -> None:
    makers = {path for path, tree in trees().items() if _calls(tree) & MAKERS}
    assert makers - {"rendering/statement.py"} == TELLING


def _calls(tree: ast.Module) -> set[str]:
    """The names of what a module calls."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {called.id for called in calls if isinstance(called, ast.Name)}
