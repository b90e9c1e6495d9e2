"""`callpost serve`: MCP on stdio, or over Streamable HTTP.

What this module imports is imported before the host's first line is read, so it is little.
"""

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING

from callpost.cli.departure import LAST_WORDS_S, Departure
from callpost.cli.failures import FAILED, USAGE, CommandError
from callpost.wire.front import Front
from callpost.wire.inlet import Inlet
from callpost.wire.lean import import_lean
from callpost.wire.pipe import Pipe

if TYPE_CHECKING:
    import socket

    import anyio

    from callpost.assembly import Callpost
    from callpost.cli import Subparsers

__all__ = ["add_parser", "run"]

HINT = (
    "callpost: waiting for MCP on stdin, which a host writes; a person may try «callpost demo» "
    "or «callpost --help»."
)


def add_parser(subparsers: "Subparsers") -> None:
    """Add `serve`."""
    parser = subparsers.add_parser(
        "serve",
        help="serve MCP on stdio, or over HTTP (the default)",
        description="Serve MCP on stdio; settings come from the environment.",
    )
    parser.add_argument(
        "--http",
        metavar="HOST:PORT",
        type=_address,
        help="serve Streamable HTTP at /mcp instead, with /health; beyond loopback only with "
        "CALLPOST_HTTP_TOKEN (or _FILE) set, which every client then brings as a bearer token",
    )
    parser.add_argument(
        "--sandbox",
        action="store_true",
        help="run the sandbox of both APIs in the background and use it; no keys needed",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until the host closes stdin, or a signal says stop."""
    departure = Departure()
    departure.obey_signals()
    if args.http:
        import_lean()
        import anyio  # noqa: PLC0415 -- start-up cost

        anyio.run(_over_http, departure, args.http, args.sandbox)
        departure.leave()
    if os.isatty(0):
        print(HINT, file=sys.stderr)
    pipe = Pipe.taken()
    inlet = Inlet(pipe, Front(sandbox=args.sandbox))
    inlet.start()
    import_lean()
    import anyio  # noqa: PLC0415 -- the host's first lines are read while this is imported

    anyio.run(_on_stdio, departure, pipe, inlet, args.sandbox)
    departure.leave()


async def _on_stdio(departure: Departure, pipe: Pipe, inlet: Inlet, sandbox: bool) -> None:  # noqa: FBT001 -- anyio.run passes by position
    import anyio  # noqa: PLC0415 -- start-up cost

    from callpost.wire.stdio import serve_stdio  # noqa: PLC0415 -- start-up cost

    async with _assembled(sandbox=sandbox) as callpost, anyio.create_task_group() as tasks:
        serving = anyio.CancelScope()
        await tasks.start(_watch_signals, departure, serving.cancel)
        with serving:
            await serve_stdio(callpost, pipe, inlet, lambda: departure.begin(0))
        tasks.cancel_scope.cancel()


async def _over_http(departure: Departure, address: tuple[str, int], sandbox: bool) -> None:  # noqa: FBT001 -- anyio.run passes by position
    import anyio  # noqa: PLC0415 -- start-up cost

    from callpost.wire.http import PATH, http_app, is_loopback, serve_http  # noqa: PLC0415 -- start-up cost
    from callpost.wire.server import build_server  # noqa: PLC0415 -- start-up cost

    host = address[0]
    async with _assembled(sandbox=sandbox) as callpost, anyio.create_task_group() as tasks:
        token = callpost.settings.http_token
        if token is None and not is_loopback(host):
            raise CommandError(
                f"{host} is reachable from other machines: set CALLPOST_HTTP_TOKEN (or "
                "CALLPOST_HTTP_TOKEN_FILE) to a secret that clients bring, or use 127.0.0.1.",
                USAGE,
            )
        with _listening(*address) as listener:
            stop = anyio.Event()
            await tasks.start(_watch_signals, departure, stop.set)
            at, port = listener.getsockname()[:2]
            shown = f"[{at}]" if ":" in at else at
            print(f"callpost: serving MCP at http://{shown}:{port}{PATH}", file=sys.stderr)
            await serve_http(http_app(build_server(callpost), host, token), listener, stop)
        tasks.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def _assembled(*, sandbox: bool) -> AsyncGenerator["Callpost"]:
    import anyio  # noqa: PLC0415 -- start-up cost

    from callpost.assembly import assemble  # noqa: PLC0415 -- start-up cost
    from callpost.cli.logs import log_to_stderr  # noqa: PLC0415 -- start-up cost

    async with contextlib.AsyncExitStack() as stack:
        environ = dict(os.environ)
        if sandbox:
            from callpost.cli.boxed import boxed  # noqa: PLC0415 -- only with --sandbox

            environ = await stack.enter_async_context(boxed(environ))
        log_to_stderr("WARNING")  # until the settings say otherwise
        callpost = assemble(environ)
        log_to_stderr(callpost.settings.log_level)
        yield callpost
        with anyio.move_on_after(LAST_WORDS_S):
            await callpost.close()


async def _watch_signals(
    departure: Departure,
    stop: Callable[[], object],
    *,
    task_status: "anyio.abc.TaskStatus[None]",
) -> None:
    import anyio  # noqa: PLC0415 -- start-up cost

    if sys.platform == "win32":  # no loop there can watch; what is on record is settled later
        task_status.started()
        return
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for number in signals:
            departure.begin(128 + number)
            stop()


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) < 1 << 16):
        raise argparse.ArgumentTypeError("give HOST:PORT, such as 127.0.0.1:8765")
    return host, int(port)


@contextlib.contextmanager
def _listening(host: str, port: int) -> "Generator[socket.socket]":
    import socket  # noqa: PLC0415 -- start-up cost

    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise CommandError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another address.", FAILED
        ) from None
    with listener:
        yield listener
