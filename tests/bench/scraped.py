"""``python -m bench.scraped FILE``: ten thousand pods in one process, at every address of 127.0.0.0/8.

It answers whoever connects with the file, and closes. It prints its port, and ends with its input. One
connection after another is enough: the answer fits into the kernel's buffer, so nobody waits for a reader.
"""

import os
import socket
import sys
import threading
from pathlib import Path
from typing import Final

BUFFER_BYTES: Final = 2**18
"""Larger than an answer."""

BACKLOG: Final = 4096


def main() -> None:
    """Serve until the input ends."""
    body = Path(sys.argv[1]).read_bytes()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        server.bind(("0.0.0.0", 0))  # noqa: S104 - for every address of loopback
        server.listen(BACKLOG)
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        threading.Thread(target=_answer, args=(server, head.encode() + body), daemon=True).start()
        sys.stdin.read()
        os._exit(0)  # the thread waits for a connection that never comes


def _answer(server: socket.socket, content: bytes) -> None:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(content)


if __name__ == "__main__":
    main()
