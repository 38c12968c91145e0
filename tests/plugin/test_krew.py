"""The plugin as krew installs it: the archive that a release would have, the manifest, and the real krew."""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from builders import ROOT
from fleet_operator import CRDS
from kubectl_plugin import Plugin
from shipping import plugin as shipped
from testbed import binaries
from testbed.control_plane import ControlPlane
from testbed.versions import KREW

MAKE_SECONDS = 500
TEMPLATE = yaml.safe_load(shipped.TEMPLATE.read_text("utf-8"))


def test_the_template_has_no_version_and_no_digest_of_its_own() -> None:
    """They are filled in when the archive is made: nothing of them can be forgotten."""
    (platform,) = TEMPLATE["spec"]["platforms"]
    assert TEMPLATE["metadata"]["name"] == shipped.TEMPLATE.stem
    assert (TEMPLATE["spec"]["version"], set(platform["sha256"])) == ("v0.0.0", {"0"})
    assert platform["selector"] == {"matchLabels": {"os": "linux", "arch": "amd64"}}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with archive and manifest."""
    folder = tmp_path_factory.mktemp("dist")
    make(folder)
    return folder


def make(folder: Path) -> None:
    path = f"{ROOT / 'operator'}{os.pathsep}{ROOT / 'tests'}"
    command = [sys.executable, "-m", "shipping.plugin", str(folder), "--address=https://example.com/v1"]
    environment = {**os.environ, "PYTHONPATH": path}
    subprocess.run(command, env=environment, check=True, timeout=MAKE_SECONDS, capture_output=True)  # noqa: S603 - ours


def archive_of(folder: Path) -> Path:
    (archive,) = folder.glob("*.tar.gz")
    return archive


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_the_manifest_names_the_archive_that_was_made(made: Path) -> None:
    manifest = yaml.safe_load((made / "llama.yaml").read_text())
    (platform,) = manifest["spec"]["platforms"]
    archive = archive_of(made)
    assert manifest["spec"]["version"] == f"v{shipped.version()}"
    assert platform["uri"] == f"https://example.com/v1/{archive.name}"
    assert platform["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()


@pytest.mark.e2e
def test_krews_own_check_accepts_the_manifest_and_not_the_one_without_a_digest(
    made: Path, tmp_path: Path
) -> None:
    assert checked(made / "llama.yaml").returncode == 0
    broken = tmp_path / "llama.yaml"
    text = (made / "llama.yaml").read_text()
    broken.write_text("\n".join(line for line in text.splitlines() if "sha256" not in line))
    refused = checked(broken)
    assert refused.returncode != 0
    assert "sha256" in refused.stderr


def checked(manifest: Path) -> subprocess.CompletedProcess[str]:
    command = [str(krews() / "validate-krew-manifest"), f"-manifest={manifest}", "-skip-install"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours


def krews() -> Path:
    folder = binaries.find(KREW)
    if folder is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("krew is not built: make setup")
    return folder


@pytest.fixture
def index(made: Path, tmp_path: Path) -> Iterator[Path]:
    """An index of krew with our manifest in it, and a server that has the archive."""
    archive, plugins = archive_of(made), tmp_path / "index" / "plugins"
    handler = partial(SimpleHTTPRequestHandler, directory=str(made))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        plugins.mkdir(parents=True)
        address = f"http://127.0.0.1:{server.server_port}"
        manifest = shipped.filled(shipped.TEMPLATE.read_text("utf-8"), archive, address)
        (plugins / "llama.yaml").write_text(manifest)
        author = ("-c", "user.name=test", "-c", "user.email=test@example.com")
        for words in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "The plugin"]):
            subprocess.run(["git", *words], cwd=plugins.parent, check=True, timeout=60)  # noqa: S603, S607 - ours
        yield plugins.parent
        server.shutdown()
        thread.join()


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_krew_installs_it_kubectl_finds_it_and_it_reads_a_cluster(index: Path, tmp_path: Path) -> None:
    krew = Krew(tmp_path, index)
    krew("update")
    assert "llama" in krew("search", "llama")
    krew("install", "llama")
    folder = tmp_path / "krew" / "bin"
    assert [one.name for one in folder.iterdir()] == ["kubectl-llama"]
    with ControlPlane() as cluster:
        use(Plugin(cluster.kubeconfig, tmp_path, folder), cluster, tmp_path)
    assert krew("list").split() == ["llama"]
    krew("uninstall", "llama")
    assert [*folder.iterdir()] == []


def use(installed: Plugin, cluster: ControlPlane, folder: Path) -> None:
    """Every command that asks the cluster, and what the program says of itself."""
    cluster.install_kinds(CRDS)
    cluster.kubectl("apply", "-f", str(ROOT / "manifests" / "samples" / "scout.yaml"))
    status = installed("status")
    assert (status.code, status.err) == (0, "")
    assert status.out.splitlines()[1].split()[:2] == ["scout", "Pending"], status.out
    for words in (
        "plan llama/scout",
        "cost scout",
        "windows scout",
        "explain scout",
        "top",
        "gpus",
        "prices",
    ):
        ended = installed(*words.split())
        assert (ended.code, ended.err) == (0, ""), words
    assert installed("--version").out == f"llamafleet {shipped.version()}\n"
    assert "usage: kubectl llama" in installed("--help").out
    drawn = installed("cost", "scout", "--plot", str(folder / "picture.svg"))
    assert (drawn.code, drawn.err.count("matplotlib")) == (1, 1)


class Krew:
    """The real krew, in a home of its own, with one index.

    Args:
        home: its home.
        index: a git repository with the index.
    """

    def __init__(self, home: Path, index: Path) -> None:
        """Run nothing yet."""
        root = {"KREW_ROOT": str(home / "krew"), "KREW_DEFAULT_INDEX_URI": str(index)}
        self._environment = {"HOME": str(home), "PATH": os.defpath, "KREW_NO_UPGRADE_CHECK": "1", **root}

    def __call__(self, *words: str) -> str:
        """Run a command of it; what it prints."""
        command = [str(krews() / "krew"), *words]
        ended = subprocess.run(  # noqa: S603 - ours
            command, env=self._environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout
