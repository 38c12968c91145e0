"""The programs of Argo CD, and its kinds: they are there before a test runs, which has no network."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from testbed import binaries, cache, debian, go
from testbed.errors import TestbedError
from testbed.versions import ARGO_CD, GITOPS

KINDS: Final = "application*-crd.yaml", "appproject-crd.yaml"
MISSING: Final = "Argo CD is not built: make setup"


def find() -> dict[str, Path] | None:
    """Return the programs, and the folder of the kinds as ``crds``; None while something is missing."""
    folder, redis = binaries.find(GITOPS), debian.find(debian.REDIS)
    if folder is None or redis is None or not (folder / "crds").is_dir():
        return None
    return {"argocd": folder / "argocd", "crds": folder / "crds", **redis}


def ensure() -> dict[str, Path]:
    """Return the same, after fetching and building what is missing.

    Raises:
        TestbedError: something cannot be built or fetched.
    """
    folder = binaries.ensure(GITOPS)
    debian.ensure(debian.REDIS)
    with cache.locked("argocd-crds"):
        if not (folder / "crds").is_dir():
            _copy_kinds(folder / "crds")
    found = find()
    if found is None:
        raise TestbedError(MISSING)
    return found


def _copy_kinds(target: Path) -> None:
    """Take the kinds out of the module, for a test has no network."""
    log = cache.root() / "argocd-crds.log"
    log.write_bytes(b"")
    command = [str(go.find_or_install(log)), "mod", "download", "-json", f"{ARGO_CD.path}@{ARGO_CD.version}"]
    query = [command[0], "list", "-m", "-f", "{{.Dir}}", ARGO_CD.path]
    for step in (command, query):
        answer = subprocess.run(
            step, cwd=ARGO_CD.folder, env=go.environment(), check=False, capture_output=True, text=True
        )
        if answer.returncode:
            message = f"The kinds of Argo CD cannot be fetched: {answer.stderr.strip()}"
            raise TestbedError(message)
    source = Path(answer.stdout.strip()) / "manifests" / "crds"
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(exist_ok=True)
    for pattern in KINDS:
        for path in source.glob(pattern):
            shutil.copyfile(path, partial / path.name)
    partial.rename(target)
