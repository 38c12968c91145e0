"""Finds the programs of the control plane and of the real node, or builds them from their pinned Go modules.

The order is: the folder in KUBEBUILDER_ASSETS (the control plane alone), the user's cache, a build into that
cache. No cluster is started here.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

from testbed import cache, go
from testbed.errors import TestbedError
from testbed.processes import end_group, spawn
from testbed.versions import CONTROL_PLANE, Module, Suite

ASSETS = "KUBEBUILDER_ASSETS"
HEARTBEAT_SECONDS = {
    True: 1.0,
    False: 60.0,
}  # how often to say that a build goes on: at a terminal, and elsewhere
NETWORK_TROUBLE = re.compile(
    r"dial tcp|no such host|i/o timeout|connection refused|handshake|proxyconnect|EOF$"
)


def find(suite: Suite = CONTROL_PLANE) -> Path | None:
    """Return the folder that holds every program of the suite, or None when they have to be built.

    Raises:
        TestbedError: KUBEBUILDER_ASSETS is set, and a program is missing there.
    """
    assets = os.environ.get(ASSETS)
    if assets and suite is CONTROL_PLANE:
        return _complete(Path(assets))
    folder = cache.root() / "bin" / cache.key(suite)
    return folder if folder.is_dir() else None


def ensure(suite: Suite = CONTROL_PLANE) -> Path:
    """Return the folder that holds every program of the suite, after building them when there is none.

    Raises:
        TestbedError: KUBEBUILDER_ASSETS lacks a program, or the build failed.
    """
    found = find(suite)
    if found:
        return found
    with cache.locked("build"):
        return find(suite) or _build(suite, cache.root() / "bin" / cache.key(suite))


def _complete(folder: Path) -> Path:
    missing = [name for name in CONTROL_PLANE.programs if not os.access(folder / name, os.X_OK)]
    if missing:
        lacks = f"{ASSETS} = {folder}: the folder lacks {', '.join(missing)}."
        message = f"{lacks} Add what is missing, or unset {ASSETS} to have everything built from source."
        raise TestbedError(message)
    return folder


def _build(suite: Suite, folder: Path) -> Path:
    print(f"Building {suite.title} from source: {len(suite.programs)} programs, once.", flush=True)
    print(f"On 2 cores this takes about {suite.minutes} minutes; later starts take seconds.", flush=True)
    log = cache.root() / "build.log"
    log.write_bytes(b"")
    environment = go.environment()
    command = go.find_or_install(log)
    cache.check_space(cache.root(), *_go_caches(command, environment))
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with log.open("ab") as output:
        for number, program in enumerate(suite.programs, 1):
            label = f"[{number}/{len(suite.programs)}] {program}"
            _build_one(suite.programs[program], partial / program, command, label, output)
    partial.rename(folder)
    print(f"The programs are in {folder}.", flush=True)
    return folder


def _go_caches(command: Path, environment: dict[str, str]) -> list[Path]:
    query = [str(command), "env", "GOCACHE", "GOMODCACHE"]
    answer = subprocess.run(query, env=environment, check=True, capture_output=True, text=True)
    return [Path(line) for line in answer.stdout.split()]


def _build_one(module: Module, target: Path, command: Path, label: str, log: BinaryIO) -> None:
    """Build the program of the target's name, with progress for whoever watches."""
    arguments = ["build", "-mod=readonly", "-trimpath", "-ldflags", module.linker_flags]
    arguments += ["-tags", ",".join(module.tags), "-o", str(target), module.programs[target.name]]
    build = spawn([str(command), *arguments], environment=go.environment(), output=log, folder=module.folder)
    try:
        _watch(build, f"{label} {module.version}")
    finally:
        end_group(build)
    if build.returncode:
        raise TestbedError(_explanation(target.name, Path(log.name)))


def _watch(build: subprocess.Popen[bytes], label: str) -> None:
    terminal = sys.stdout.isatty()
    start = time.monotonic()
    line = "{clear}{label}: {word} {seconds:.0f} s".format
    while True:
        try:
            build.wait(HEARTBEAT_SECONDS[terminal])
        except subprocess.TimeoutExpired:
            said = line(
                clear="\r" * terminal, label=label, word="building,", seconds=time.monotonic() - start
            )
            print(said, end="" if terminal else "\n", flush=True)
            continue
        word = "failed after" if build.returncode else "built in"
        said = line(clear="\r\033[K" * terminal, label=label, word=word, seconds=time.monotonic() - start)
        print(said, flush=True)
        return


def _explanation(program: str, log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").strip().splitlines() or ["the compiler said nothing"]
    if any(NETWORK_TROUBLE.search(line) for line in lines[-5:]):
        cause = "its Go modules cannot be downloaded; is there a network?"
    else:
        cause = lines[-1].strip()
    return f"{program} could not be built: {cause} The log is {log}."
