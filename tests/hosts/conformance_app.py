"""`python -m hosts.conformance_app`: the real HTTP application with the suite's fixtures.

It runs until killed. Settings come from the environment; its address is the first line on stdout.
"""

import socket

import anyio

from callpost.assembly import assemble
from callpost.wire.http import PATH, http_app, serve_http
from callpost.wire.server import build_server
from hosts.fixtures import add_fixtures

HOST = "127.0.0.1"


async def main() -> None:
    """Serve."""
    callpost = assemble()
    server = build_server(callpost)
    add_fixtures(server)
    with socket.create_server((HOST, 0)) as listener:
        print(f"http://{HOST}:{listener.getsockname()[1]}{PATH}", flush=True)  # noqa: T201 -- whoever started it reads the address
        await serve_http(http_app(server, HOST, None), listener, anyio.Event())
    await callpost.close()


if __name__ == "__main__":
    anyio.run(main)
