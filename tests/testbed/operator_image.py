"""The operator's image, with the wheel that is built from this checkout when a test asks for it.

Layout, user and command are those of the Dockerfile.
"""

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from testbed import rootfs
from testbed.errors import TestbedError
from testbed.images import LayeredImage
from testbed.layers import write_layer
from testbed.rootfs import HOME, Base

NAME = "llamafleet:0.1.0"
"""As the chart and the manifests call it."""

CONFIG = {
    "User": "65532:65532",
    "Env": [f"PATH=/{HOME}/bin:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"],
    "Entrypoint": ["llamafleet"],
    "Cmd": ["run"],
}
LAUNCHER = """\
#!/{home}/bin/python
import sys
from {module} import {function}
sys.exit({function}())
"""


def operator_image(folder: Path) -> LayeredImage:
    """The image, with the wheel that is built of this checkout; its last layer is written into the folder.

    Raises:
        TestbedError: what it stands on is missing: ``make setup`` makes it.
    """
    base = rootfs.find()
    if base is None:
        raise TestbedError(rootfs.MISSING)
    layer = folder / "llamafleet.tar"
    write_wheel_layer(base, build_wheel(rootfs.ROOT, folder), layer)
    return LayeredImage(NAME, layers=[*base.layers, layer], config=CONFIG)


def build_wheel(project: Path, folder: Path) -> Path:
    """Build the wheel of a checkout, by the same command as the Dockerfile."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    (wheel,) = folder.glob("llamafleet-*.whl")
    return wheel


def write_wheel_layer(base: Base, wheel: Path, layer: Path) -> None:
    """Write the layer that has this wheel, its commands and nothing else."""
    stage = layer.with_suffix(".stage")
    packages = stage / base.packages
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (points,) = packages.glob("llamafleet-*.dist-info/entry_points.txt")
    commands = configparser.ConfigParser()
    commands.read(points)
    for name, where in commands["console_scripts"].items():
        module, _, function = where.partition(":")
        program = stage / HOME / "bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(LAUNCHER.format(home=HOME, module=module, function=function), "utf-8")
        program.chmod(0o755)
    base.python.compile(stage, base.packages)
    write_layer(layer, stage)
    shutil.rmtree(stage)
