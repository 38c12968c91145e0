"""The Dockerfile, as far as it can be judged without Docker: by a linter, and beside the tested image."""

import json
import re
import tomllib
from pathlib import Path

from builders import ROOT
from supply.tools import complaint
from testbed import operator_image

TEXT = (ROOT / "Dockerfile").read_text("utf-8")
STAGES = re.split(r"^(?=FROM )", TEXT, flags=re.MULTILINE)[1:]
COMMAND = TEXT.replace("\\\n", " ")


def instruction(name: str) -> str:
    """What the last stage says by this instruction, which it has once."""
    stage = STAGES[-1].replace("\\\n", " ")
    (found,) = re.findall(rf"^{name} (.+)$", stage, re.MULTILINE)
    return str(found)


def test_the_linter_has_nothing_to_say() -> None:
    assert complaint("hadolint", "--no-color", "Dockerfile") == ""
    assert "hadolint ignore" not in TEXT


def test_the_linter_would_say_something(tmp_path: Path) -> None:
    careless = tmp_path / "Dockerfile"
    careless.write_text("FROM python\nRUN pip install llamafleet\n", "utf-8")
    said = complaint("hadolint", "--no-color", str(careless))
    assert "DL3006" in said, "an image without a version"
    assert "DL3042" in said, "a cache of pip"


def test_it_runs_what_the_tested_image_runs_as_the_same_user() -> None:
    assert json.loads(instruction("ENTRYPOINT")) == operator_image.CONFIG["Entrypoint"]
    assert json.loads(instruction("CMD")) == operator_image.CONFIG["Cmd"]
    assert instruction("USER") == operator_image.CONFIG["User"]
    variables = dict(word.split("=", 1) for word in instruction("ENV").split())
    tested = dict(word.split("=", 1) for word in operator_image.CONFIG["Env"])
    assert variables.pop("PATH").partition(":")[0] == tested.pop("PATH").partition(":")[0]
    assert variables == tested


def test_both_stages_stand_on_the_one_base_that_a_release_pins() -> None:
    assert [stage.split()[1] for stage in STAGES] == ["${BASE}", "${BASE}"]
    (default,) = re.findall(r"^ARG BASE=(\S+)$", TEXT, re.MULTILINE)
    assert default.startswith("python:3.11-slim"), (
        "the oldest Python that is tested, and no more of Debian than it needs"
    )


def test_the_version_on_its_label_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f"ARG VERSION={project['version']}\n" in STAGES[-1]
    assert f"llamafleet:{project['version']}" == operator_image.NAME
    assert 'org.opencontainers.image.version="${VERSION}"' in instruction("LABEL")
    assert f'org.opencontainers.image.licenses="{project["license"]}"' in instruction("LABEL")


def test_packages_come_from_the_locks_alone() -> None:
    """Each by its hash and as a wheel, so that no package runs code of its own while the image is built."""
    installed = re.findall(r"pip (?:--python \S+ )?install ([^&\n]+)", COMMAND)
    assert len(installed) == 3
    for arguments in installed:
        words = arguments.split()
        assert "--no-deps" in words
        if "/wheel" in words:
            assert "--no-index" in words
        else:
            assert words[words.index("-r") + 1] in {"locks/runtime.txt", "locks/build.txt"}
            assert {"--require-hashes", "--only-binary"} <= set(words)


def test_no_bytecode_has_the_time_of_its_source() -> None:
    """An option of pip's by way of the environment means its opposite here; so it stands in the command."""
    installed = re.findall(r"pip --python \S+ install ([^&\n]+)", COMMAND)
    assert all("--no-compile" in one.split() for one in installed)
    compiled = re.findall(r"-m compileall ([^&\n]+)", COMMAND)
    assert len(compiled) == 2
    assert all("-f --invalidation-mode unchecked-hash" in one for one in compiled)
