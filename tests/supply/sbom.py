"""Writes the list of what the operator runs with, as CycloneDX: ``python -m supply.sbom FILE``.

It is made of the packages that the lock names, as they lie in the operator's image: their licences, and who
needs whom, come from themselves. The same lock gives the same bytes.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from builders import ROOT
from testbed import debian_python, rootfs
from testbed.errors import TestbedError

SPECIFICATION = "1.6"
# A test holds the outcome against the schema, which takes longer than writing it.
FLAGS = ("--output-reproducible", "--spec-version", SPECIFICATION, "--output-format", "JSON", "--no-validate")


def write(path: Path) -> None:
    """Write the list.

    Raises:
        TestbedError: the packages are missing, and cannot be fetched.
    """
    base = rootfs.ensure()
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder)
        with tarfile.open(base.layers[-1]) as layer:
            about = [entry for entry in layer if ".dist-info/" in entry.name]
            layer.extractall(environment, about, filter="data")
        python = environment / "python"
        # An interpreter that knows these packages and no others, which is all that the program asks of it.
        start = f'PYTHONPATH="{environment / base.packages}" exec "{base.python.program}" "$@"'
        python.write_text(f"#!/bin/sh\n{start}\n", "utf-8")
        python.chmod(0o755)
        program = str(Path(sys.executable).with_name("cyclonedx-py"))
        files = ("--pyproject", str(ROOT / "pyproject.toml"), "--output-file", str(path))
        subprocess.run(  # noqa: S603 - a program of this environment, on files of ours
            [program, "environment", *FLAGS, *files, str(python)],
            check=True,
            env=debian_python.environment(),
        )


if __name__ == "__main__":
    try:
        write(Path(sys.argv[1]))
    except TestbedError as error:
        sys.exit(f"error: {error}")
