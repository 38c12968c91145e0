"""Edits of one object, one right after another, by an admin, past everything that we test."""

import base64
import http.client
import itertools
import json
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from testbed.cluster import Cluster

MERGE = {"Content-Type": "application/merge-patch+json"}
SECONDS = 60.0


class Editor:
    """Changes one object over one connection: a program for each edit would take most of a second here.

    Args:
        cluster: with an admin's kubeconfig that holds a client certificate.
        folder: where the certificate is put.
        path: of the object.
    """

    def __init__(self, cluster: Cluster, folder: Path, path: str) -> None:
        """Read the credentials."""
        self._path = path
        arguments = ("config", "view", "--raw", "--minify", "--flatten", "-o", "json")
        config = json.loads(cluster.kubectl(*arguments))
        (where,), (who,) = config["clusters"], config["users"]
        address = urlsplit(where["cluster"]["server"])
        tls = ssl.create_default_context(cadata=_text(where["cluster"]["certificate-authority-data"]))
        certificate, key = (folder / name for name in ("client-certificate-data", "client-key-data"))
        for file in (certificate, key):
            file.write_text(_text(who["user"][file.name]), "ascii")
        tls.load_cert_chain(certificate, key)
        host = address.hostname or ""
        self._connection = http.client.HTTPSConnection(host, address.port, timeout=SECONDS, context=tls)

    def merge(self, change: dict[str, Any]) -> None:
        """Merge this into the object."""
        self._connection.request("PATCH", self._path, json.dumps(change), MERGE)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body[:300]

    def close(self) -> None:
        """Edit no more."""
        self._connection.close()


class Storm:
    """Labels and annotates an object again and again, in a thread, for the length of a block.

    Args:
        cluster: with an admin's kubeconfig that holds a client certificate.
        folder: where the certificate is put.
        path: of the object.

    Attributes:
        edits: how many there were so far.
    """

    def __init__(self, cluster: Cluster, folder: Path, path: str) -> None:
        """Read the credentials."""
        self.edits = 0
        self._editor = Editor(cluster, folder, path)
        self._failure: BaseException | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="storm", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; what went wrong in the thread is raised here, if nothing else is."""
        self._over.set()
        self._thread.join(SECONDS)
        if self._failure is not None and error is None:
            raise self._failure

    def _run(self) -> None:
        try:
            for number in itertools.count():
                if self._over.is_set():
                    return
                mark = {"storm": str(number)}
                self._editor.merge({"metadata": {"labels": mark, "annotations": mark}})
                self.edits += 1
        except BaseException as error:  # noqa: BLE001 - it is raised where the block ends
            self._failure = error
        finally:
            self._editor.close()


def _text(data: str) -> str:
    return base64.b64decode(data).decode("ascii")
