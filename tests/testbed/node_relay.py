"""The way from pods to the API server, which listens on loopback alone: a relay at the node's own address.

A pod finds it as everywhere: by the Service "kubernetes", to which the slice here belongs. As a program it
takes the port of the API server. It passes bytes on and looks at none; TLS is between the two ends.
"""

import asyncio
import sys
from typing import Any

ADDRESS = "10.246.0.1"  # of the node, see real_node_files: this file also runs by itself
PORT = 6443

ENDPOINT: dict[str, Any] = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {
        "name": "kubernetes",
        "namespace": "default",
        "labels": {"kubernetes.io/service-name": "kubernetes"},
    },
    "addressType": "IPv4",
    "endpoints": [{"addresses": [ADDRESS], "conditions": {"ready": True}}],
    "ports": [{"name": "https", "port": PORT, "protocol": "TCP"}],
}


def arguments(port: int) -> list[str]:
    """The arguments of the program, for an API server at this port of loopback."""
    return [str(port)]


async def relay(port: int) -> None:
    """Serve for ever."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pass(reader, there[1]), _pass(there[0], writer))

    server = await asyncio.start_server(connection, ADDRESS, PORT)
    await server.serve_forever()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until either side ends."""
    try:
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(relay(int(sys.argv[1])))
