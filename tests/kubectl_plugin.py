"""``kubectl llama`` as its user has it: the real kubectl, which finds the plugin on the PATH."""

import os
import subprocess
import sys
from pathlib import Path

from cli.ended import Ended
from testbed import binaries

SECONDS = 180.0
"""No command takes so long; it ends a test that would hang."""

INSTALLED = Path(sys.executable).parent
"""Where pip has put the plugin."""


class Plugin:
    """The plugin, by one kubeconfig.

    Args:
        kubeconfig: who asks which cluster.
        home: a folder for what kubectl remembers.
        folder: where the program ``kubectl-llama`` is.
    """

    def __init__(self, kubeconfig: Path, home: Path, folder: Path = INSTALLED) -> None:
        """Start nothing yet."""
        self._kubectl = str(binaries.ensure() / "kubectl")
        self._environment = {
            "PATH": f"{folder}{os.pathsep}{os.defpath}",
            "HOME": str(home),
            "KUBECONFIG": str(kubeconfig),
            "KUBECACHEDIR": str(home / "kubectl"),
            "COLUMNS": "200",
            "LC_ALL": "C.UTF-8",
        }

    def __call__(self, *words: str, input: str | None = None) -> Ended:  # noqa: A002 - as subprocess calls it
        """``kubectl llama`` and these words, to its end."""
        ended = subprocess.run(  # noqa: S603 - a command of ours
            self.command(*words),
            input=input,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def follow(self, *words: str, output: int = subprocess.PIPE) -> subprocess.Popen[str]:
        """The same, while it goes on; whoever starts it reads it and ends it."""
        return subprocess.Popen(  # noqa: S603 - likewise
            self.command(*words), env=self._environment, stdout=output, stderr=output, text=True
        )

    def command(self, *words: str) -> list[str]:
        """What is run."""
        return [self._kubectl, "llama", *words]
