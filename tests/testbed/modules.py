"""Writes the committed pins: go.mod, go.sum and tools.go of every module.

Only a maintainer who changes a version runs this; a build reads what is committed and changes none of it.
"""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from testbed.versions import GO_MINIMUM, MODULES, STAGING, WRITTEN, Module

Environment = Mapping[str, str]


def write_all(go: Path, environment: Environment) -> None:
    """Write the pins of every module.

    Args:
        go: the Go command.
        environment: the variables to run it with.

    Raises:
        subprocess.CalledProcessError: a version does not exist, or the network does not answer.
    """
    for module in MODULES:
        print(f"{module.name}: {module.path} {module.version}")
        _write(module, go, environment)


def _write(module: Module, go: Path, environment: Environment) -> None:
    module.folder.mkdir(parents=True, exist_ok=True)
    command = [str(go), "mod", "download", "-json", f"{module.path}@{module.version}"]
    answer = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    upstream = Path(json.loads(answer.stdout)["GoMod"]).read_text("utf-8")
    (module.folder / "go.mod").write_text(go_mod(module, upstream), "utf-8")
    if module.source == WRITTEN:
        (module.folder / WRITTEN).write_text(tools_go(module), "utf-8")
    (module.folder / "go.sum").unlink(missing_ok=True)
    subprocess.run([str(go), "mod", "tidy"], cwd=module.folder, env=environment, check=True)


def go_mod(module: Module, upstream: str) -> str:
    """Return the go.mod that needs this version of the module and nothing else.

    Args:
        module: what is needed.
        upstream: the module's own go.mod. Kubernetes replaces its libraries by folders in there, which hold
            for its own tree alone; here the same libraries come from where they are published. Versions
            that it replaces count only where the module asks for it.
    """
    libraries = [line.split()[0] for line in upstream.splitlines() if STAGING in line]
    published = module.version.replace("v1.", "v0.", 1)
    language = ".".join(map(str, (*GO_MINIMUM, 0)))
    head = f"module testbed/{module.name}\n\ngo {language}\n\nrequire {module.path} {module.version}\n"
    replaced = "".join(f"\t{library} => {library} {published}\n" for library in libraries)
    if module.replaces:
        replaced += "".join(f"\t{line}\n" for line in _replaced_versions(upstream))
    return f"{head}\nreplace (\n{replaced})\n" if replaced else head


def _replaced_versions(upstream: str) -> list[str]:
    """The lines that replace a library by a version, and by no folder."""
    lines = (line.strip().removeprefix("replace ") for line in upstream.splitlines())
    return [line for line in lines if re.fullmatch(r"\S+ => \S+ v\S+", line)]


def tools_go(module: Module) -> str:
    """Return the Go file that names the programs, so that ``go mod tidy`` keeps what they need."""
    imports = "".join(f'\t_ "{package}"\n' for package in module.programs.values())
    comment = "// Package tools names the programs that are built from this module."
    return f"//go:build tools\n\n{comment}\npackage tools\n\nimport (\n{imports})\n"
