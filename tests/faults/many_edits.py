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
        self._path = path
        self._failure: BaseException | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="storm", daemon=True)
        arguments = ("config", "view", "--raw", "--minify", "--flatten", "-o", "json")
        config = json.loads(cluster.kubectl(*arguments))
        (where,), (who,) = config["clusters"], config["users"]
        self._address = urlsplit(where["cluster"]["server"])
        self._tls = ssl.create_default_context(cadata=_text(where["cluster"]["certificate-authority-data"]))
        certificate, key = (folder / name for name in ("client-certificate-data", "client-key-data"))
        for file in (certificate, key):
            file.write_text(_text(who["user"][file.name]), "ascii")
        self._tls.load_cert_chain(certificate, key)

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
        host, port = self._address.hostname or "", self._address.port
        connection = http.client.HTTPSConnection(host, port, timeout=SECONDS, context=self._tls)
        try:
            for number in itertools.count():
                if self._over.is_set():
                    return
                mark = {"storm": str(number)}
                _merge(connection, self._path, {"metadata": {"labels": mark, "annotations": mark}})
                self.edits += 1
        except BaseException as error:  # noqa: BLE001 - it is raised where the block ends
            self._failure = error
        finally:
            connection.close()


def _merge(connection: http.client.HTTPSConnection, path: str, change: dict[str, Any]) -> None:
    connection.request("PATCH", path, json.dumps(change), MERGE)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body[:300]


def _text(data: str) -> str:
    return base64.b64decode(data).decode("ascii")
