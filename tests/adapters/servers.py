"""Servers on loopback that answer as they should, or as nobody should."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from adapters.bodies import body

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""One side of a connection; whoever serves it closes it afterwards."""


GOOD = body((2.0, 15.0, 2708.0, 3129.0))


def answering(content: bytes, status: str = "200 OK", *headers: str) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = [f"HTTP/1.1 {status}", *(headers or (f"Content-Length: {len(content)}",)), "", ""]
        writer.write("\r\n".join(head).encode() + content)
        await writer.drain()

    return talk


async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def never_answer(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def end_in_the_middle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(GOOD)}\r\n\r\n".encode() + GOOD[:-100])
    writer.write_eof()
    await asyncio.Event().wait()


async def hang_in_the_middle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(GOOD) + 1}\r\n\r\n".encode() + GOOD)
    await asyncio.Event().wait()


async def never_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not writer.is_closing():
        writer.write(GOOD * 100)
        await writer.drain()


async def never_end_the_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X-Filler: x\r\n" * 1000)
        await writer.drain()


def redirecting_to(address: str, port: int) -> Talk:
    return answering(b"", "302 Found", f"Location: http://{address}:{port}/metrics", "Content-Length: 0")


@asynccontextmanager
async def serving(*talks: Talk) -> AsyncIterator[tuple[int, list[str]]]:
    """Each on an address of its own, all at one port, as pods are; the port and the addresses."""
    running: set[asyncio.Task[None]] = set()

    def on(talk: Talk) -> Talk:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(talk(reader, writer))
            running.add(task)
            try:
                await asyncio.wait([task])
                if not task.cancelled():
                    task.exception()  # a client that hangs up is what these tests are about
            finally:
                writer.close()

        return handle

    addresses = [f"127.0.0.{number}" for number in range(2, len(talks) + 2)]
    servers: list[asyncio.Server] = []
    port = 0
    try:
        for address, talk in zip(addresses, talks, strict=True):
            servers.append(await asyncio.start_server(on(talk), address, port))
            port = servers[-1].sockets[0].getsockname()[1]
        yield port, addresses
    finally:
        for task in running:
            task.cancel()
        for server in servers:
            server.close()
        await asyncio.gather(*running, return_exceptions=True)


@contextmanager
def out_of_reach(address: str, port: int) -> Iterator[None]:
    """A port whose kernel answers no connection, as a node that is gone: its queue is full."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind((address, port))
        server.listen(0)
        for client in (first, second):
            client.setblocking(False)  # noqa: FBT003 - a name of the standard library
            with suppress(BlockingIOError):
                client.connect((address, port))
        yield
