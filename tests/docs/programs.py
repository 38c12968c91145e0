"""What can be checked of a command without a cluster, program by program.

Each check raises AssertionError with what is wrong. A program that is not here has to stand in ``UNCHECKED``.
"""

import importlib.util
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from builders import ROOT
from docs import kubectl, llamafleet_commands
from docs.charts import check_helm
from docs.running import run
from docs.shell import Command
from testbed import binaries
from testbed.versions import GITOPS

Check = Callable[[Command, Path], None]

UNCHECKED: Final[Mapping[str, str]] = {
    ".": "the shell's own word for an environment of Python",
    "cat": "writes a file whose text is checked where it is used",
    "cosign": "asks the log of signatures; the tests have no network",
    "docker": "is where images are built; the tests have none",
    "export": "the shell's own",
    "head": "cuts an output that is checked",
    "hf": "the model hub's own program",
    "jq": "reads an output whose keys are checked; the tests have none",
    "kind": "needs Docker",
    "mkdir": "makes a folder that is checked where it is used",
    "sha256sum": "reads the files of a release, which the tests have none of",
    "tail": "cuts an output that is checked",
}
"""Programs that the tests cannot ask, each with the reason."""

MAKEFILE: Final = (ROOT / "Makefile").read_text("utf-8")


def _make(command: Command, _folder: Path) -> None:
    for word in command.words[1:]:
        name, is_variable, _ = word.partition("=")
        pattern = rf"\$\({name}[),:]" if is_variable else rf"^{name}:.*## "
        assert re.search(pattern, MAKEFILE, re.MULTILINE), f"the Makefile knows no {word}"


def _python(command: Command, folder: Path) -> None:
    assert command.words[1] == "-m", "a page runs modules"
    module, rest = command.words[2], command.words[3:]
    assert module == "venv" or importlib.util.find_spec(module), f"there is no module {module}"
    if "--" in rest:
        _pytest(Command(command.block, rest[rest.index("--") + 1 :]), folder)


def _pip(command: Command, _folder: Path) -> None:
    assert command.words[1] == "install"
    for word in command.words[2:]:
        extra = re.fullmatch(r"\.(?:\[(\w+)\])?", word)
        assert extra, f"pip would install {word}"
        assert not extra[1] or f"\n{extra[1]} = [" in (ROOT / "pyproject.toml").read_text("utf-8")


def _pytest(command: Command, folder: Path) -> None:
    paths = [word for word in command.words[1:] if word.startswith("tests")]
    assert all((folder / path).exists() for path in paths), paths


def _argocd(command: Command, _folder: Path) -> None:
    result = run(binaries.ensure(GITOPS) / "argocd", *command.words[1:], "--help")
    assert result.returncode == 0, result.stderr


CHECKS: Final[Mapping[str, Check]] = {
    "argocd": _argocd,
    "helm": check_helm,
    "kubectl": kubectl.check,
    "llamafleet": llamafleet_commands.check,
    "make": _make,
    "pip": _pip,
    "pytest": _pytest,
    "python": _python,
    "python3": _python,
}
