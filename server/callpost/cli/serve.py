"""`callpost serve`: MCP on stdio, or over Streamable HTTP."""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from callpost.cli.failures import USAGE, CommandError
from callpost.cli.logs import log_to_stderr

if TYPE_CHECKING:
    from callpost.assembly import Callpost
    from callpost.cli import Subparsers

__all__ = ["add_parser", "run"]

LAST_WORDS_S = 2.0
"""How long a write in flight may still record its outcome when the server is told to stop."""


def add_parser(subparsers: "Subparsers") -> None:
    """Add `serve`."""
    parser = subparsers.add_parser(
        "serve",
        help="serve MCP on stdio, or over HTTP (the default)",
        description="Serve MCP on stdio; settings come from the environment.",
    )
    parser.add_argument(
        "--http", metavar="HOST:PORT", help="serve Streamable HTTP at /mcp instead of stdio"
    )
    parser.add_argument(
        "--sandbox",
        action="store_true",
        help="run the sandbox of both APIs in the background and use it; no keys needed",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until the host closes stdin, or a signal says stop."""
    if args.http:
        raise CommandError("--http is not in this version; serve on stdio.", USAGE)
    return anyio.run(_serve, args.sandbox)


async def _serve(with_sandbox: bool) -> int:  # noqa: FBT001 -- anyio.run passes arguments by position
    from callpost.assembly import assemble  # noqa: PLC0415 -- start-up cost
    from callpost.wire.stdio import serve_stdio  # noqa: PLC0415 -- start-up cost

    async with contextlib.AsyncExitStack() as stack:
        environ = dict(os.environ)
        if with_sandbox:
            environ |= await stack.enter_async_context(_sandbox())
        callpost = assemble(environ)
        log_to_stderr(callpost.settings.log_level)
        async with anyio.create_task_group() as tasks:
            scope = anyio.CancelScope()
            stopped = anyio.Event()
            tasks.start_soon(_stop_on_signal, callpost, scope, stopped)
            with scope:
                await serve_stdio(callpost)
            stopped.set()
            await _leave(callpost, 0)
    return 0


async def _stop_on_signal(
    callpost: "Callpost", scope: anyio.CancelScope, stopped: anyio.Event
) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            scope.cancel()
            with anyio.move_on_after(LAST_WORDS_S):
                await stopped.wait()
            await _leave(callpost, 128 + number)


async def _leave(callpost: "Callpost", status: int) -> None:
    """Close what is ours and end the process; the thread that reads stdin cannot be joined."""
    with anyio.move_on_after(LAST_WORDS_S, shield=True):
        await callpost.close()
    sys.stderr.flush()
    os._exit(status)


@contextlib.asynccontextmanager
async def _sandbox() -> AsyncGenerator[Mapping[str, str]]:
    """A sandbox in this process, and the environment that points at it."""
    from callpost_sandbox.serve import serve_sandbox  # noqa: PLC0415 -- only with --sandbox

    with tempfile.TemporaryDirectory(prefix="callpost-sandbox-") as folder:
        async with serve_sandbox() as box:
            environ = {
                "VOCOBASE_API_URL": box.vocobase_url,
                "VOCOBASE_API_KEY": box.vocobase_key,
                "VOXBURST_API_URL": box.voxburst_url,
                "VOXBURST_API_KEY": box.voxburst_key,
                "CALLPOST_STATE": os.environ.get("CALLPOST_STATE")
                or str(Path(folder) / "ledger.sqlite3"),
            }
            print(
                "callpost: sandbox of both APIs, nothing real is called or posted", file=sys.stderr
            )
            yield environ
