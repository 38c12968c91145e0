"""Container images without a registry: the Python of this run and a few programs, as ``docker save`` writes.

The images of an archive share one layer and differ in their names and environments, but for those that bring
their own layers. Nothing is downloaded, and no image has more in it than what is copied here.
"""

import hashlib
import io
import json
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from testbed import cache

HOME = "opt/python"  # where the interpreter lies in the image
PROGRAMS = "usr/local/bin"
LIBRARIES = f"{HOME}/shared"  # the shared libraries of the interpreter and of its modules, in one folder

NEEDLESS = re.compile(
    r"^(test|tests|idlelib|tkinter|turtledemo|ensurepip|lib2to3|pydoc_data|distutils|config-.*"
    r"|site-packages|dist-packages|(_tkinter|_test.*|_xx.*|_sqlite3|_curses.*|readline|nis|_g?dbm)\..*"
    r"|.*\.opt-[12]\.pyc)$"
)
"""Parts of the standard library that no server needs; they are most of its size."""

LINKED = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x")
"""A line of ldd that names a file."""

PAUSE = "import signal\nwhile True: signal.pause()"
"""What an image runs when it is told nothing: it waits. So the pause container of a pod can use it, too."""

_WAIT = [f"/{HOME}/bin/python3", "-S", "-c", PAUSE]

COMPILED = b"\x7fELF"
"""How a program for this machine begins; what begins otherwise is Python."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image of an archive; all of these share one layer.

    Attributes:
        name: as pods name it, with a tag.
        environment: variables beyond those that Python needs.
    """

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LayeredImage:
    """One image of an archive that brings all its layers, and shares none with the others.

    Attributes:
        name: as pods name it, with a tag.
        layers: archives, the lowest first.
        config: user, command, variables and the like, as Docker keeps them.
    """

    name: str
    layers: Sequence[Path]
    config: Mapping[str, Any]


AnyImage = Image | LayeredImage


def write_archive(path: Path, programs: Mapping[str, Path], images: Sequence[AnyImage]) -> None:
    """Write the images, with these programs on the PATH of those that share the layer.

    Args:
        path: the archive to write.
        programs: the name of each program in the images, and the file that it is made of: Python, or
            compiled without shared libraries. One whose name has a folder is found by images that put this
            folder on their PATH.
        images: at least one.
    """
    with tarfile.open(path, "w") as archive:
        shared = path.with_suffix(".layer")
        with tarfile.open(shared, "w", dereference=True, format=tarfile.GNU_FORMAT) as layer:
            _fill(layer, programs)
        layers = {shared: _add_layer(archive, shared)}
        shared.unlink()
        manifest = []
        for image in images:
            layered = image if isinstance(image, LayeredImage) else _sharing(image, shared)
            layers |= {one: _add_layer(archive, one) for one in layered.layers if one not in layers}
            digests = [layers[one] for one in layered.layers]
            config = json.dumps(_description(layered.config, digests)).encode()
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            _add(archive, name, config)
            files = [f"{digest}.tar" for digest in digests]
            manifest.append({"Config": name, "RepoTags": [image.name], "Layers": files})
        _add(archive, "manifest.json", json.dumps(manifest).encode())


def _add_layer(archive: tarfile.TarFile, layer: Path) -> str:
    """Put a layer into the archive and return its digest, by which it is called there."""
    with layer.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    archive.add(layer, f"{digest}.tar")
    return digest


def _description(config: Mapping[str, Any], digests: Sequence[str]) -> dict[str, Any]:
    layers = {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]}
    return {"architecture": cache.architecture(), "os": "linux", "config": config, "rootfs": layers}


def _sharing(image: Image, layer: Path) -> LayeredImage:
    variables = {
        "PATH": f"/{PROGRAMS}:/{HOME}/bin:/usr/bin:/bin",
        "PYTHONHOME": f"/{HOME}",
        "LD_LIBRARY_PATH": f"/{LIBRARIES}",
        "PYTHONDONTWRITEBYTECODE": "1",
        **image.environment,
    }
    config = {"Env": [f"{name}={value}" for name, value in variables.items()], "Cmd": _WAIT}
    return LayeredImage(image.name, [layer], config)


def _fill(layer: tarfile.TarFile, programs: Mapping[str, Path]) -> None:
    """The layer that all images share."""
    for folder in ("tmp", "proc", "sys", "dev", "etc"):
        _add_folder(layer, folder)
    for name, file in _interpreter():
        layer.add(file, name, recursive=False, filter=_for_everybody)
    for name, source in programs.items():
        content = source.read_bytes()
        head = b"" if content.startswith(COMPILED) else f"#!/{HOME}/bin/python3\n".encode()
        _add(layer, f"{PROGRAMS}/{name}", head + content, mode=0o755)


def _interpreter() -> Iterator[tuple[str, Path]]:
    """Every file of the interpreter that runs this, and its place in the image."""
    executable = Path(sys._base_executable).resolve()  # type: ignore[attr-defined]  # noqa: SLF001  # venv knows it, too
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for name in ("python3", version):
        yield f"{HOME}/bin/{name}", executable
    modules = Path(sysconfig.get_path("stdlib"))
    binaries = [executable]
    for file in _needed(modules):
        yield f"{HOME}/lib/{version}/{file.relative_to(modules)}", file
        binaries += [file] if file.suffix == ".so" else []
    for library in _libraries(binaries):
        yield _place(library), library


def _place(library: Path) -> str:
    """Where it lies: programs know the loader by its path, and find the others by LD_LIBRARY_PATH."""
    return str(library)[1:] if library.name.startswith("ld-") else f"{LIBRARIES}/{library.name}"


def _needed(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if NEEDLESS.match(entry.name):
            continue
        if entry.is_dir():
            yield from _needed(entry)
        elif entry.is_file():
            yield entry


def _libraries(binaries: Sequence[Path]) -> list[Path]:
    """The shared libraries that these files ask for, as the loader of this machine finds them."""
    command = ["ldd", *map(str, binaries)]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)
    found = {match[1] for line in answer.stdout.splitlines() if (match := LINKED.match(line))}
    return [Path(name) for name in sorted(found)]


def _for_everybody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Owned by root, readable by all: the containers run under a user that this machine does not know."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.mode & 0o111 else 0o644
    return entry


def _add(archive: tarfile.TarFile, name: str, content: bytes, *, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = mode
    archive.addfile(entry, io.BytesIO(content))


def _add_folder(archive: tarfile.TarFile, name: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type = tarfile.DIRTYPE
    entry.mode = 0o1777 if name == "tmp" else 0o755
    archive.addfile(entry)
