"""Servers that publish metrics, each at an address of its own, as pods do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Said = dict[str, bytes | None]
"""What the server at an address says now; None: it answers with an error."""


@contextmanager
def serving(said: Said) -> Iterator[int]:
    """A server on each address, all at one port, as pods are."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = said[self.server.server_address[0]]  # type: ignore[index]
            self.send_response(200 if content is not None else 503)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    servers: list[ThreadingHTTPServer] = []
    port = 0
    for address in said:
        servers.append(ThreadingHTTPServer((address, port), Handler))
        port = servers[0].server_address[1]
    threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield port
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()
