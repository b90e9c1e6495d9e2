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

from callpost.cli.departure import LAST_WORDS_S, Departure
from callpost.cli.failures import USAGE, CommandError
from callpost.wire.inlet import Inlet
from callpost.wire.pipe import Pipe

if TYPE_CHECKING:
    import anyio

    from callpost.cli import Subparsers

__all__ = ["add_parser", "run"]


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
    departure = Departure()
    departure.obey_signals()
    pipe = Pipe.taken()
    inlet = Inlet(pipe)
    inlet.start()

    import anyio  # noqa: PLC0415 -- the host's first lines are read while this is imported

    anyio.run(_serve, departure, pipe, inlet, args.sandbox)
    departure.leave()


async def _serve(departure: Departure, pipe: Pipe, inlet: Inlet, with_sandbox: bool) -> None:  # noqa: FBT001 -- anyio.run passes arguments by position
    import anyio  # noqa: PLC0415 -- as above

    from callpost.assembly import assemble  # noqa: PLC0415 -- as above
    from callpost.cli.logs import log_to_stderr  # noqa: PLC0415 -- as above
    from callpost.wire.stdio import serve_stdio  # noqa: PLC0415 -- as above

    async with contextlib.AsyncExitStack() as stack:
        environ = dict(os.environ)
        if with_sandbox:
            environ = await stack.enter_async_context(_sandbox(environ))
        callpost = assemble(environ)
        log_to_stderr(callpost.settings.log_level)
        async with anyio.create_task_group() as tasks:
            serving = anyio.CancelScope()
            await tasks.start(_end_on_signal, departure, serving)
            with serving:
                await serve_stdio(callpost, pipe, inlet, lambda: departure.begin(0))
            with anyio.move_on_after(LAST_WORDS_S):
                await callpost.close()
            tasks.cancel_scope.cancel()


async def _end_on_signal(
    departure: Departure,
    serving: "anyio.CancelScope",
    *,
    task_status: "anyio.abc.TaskStatus[None]",
) -> None:
    import anyio  # noqa: PLC0415 -- as above

    if sys.platform == "win32":  # no loop there can watch; what is on record is settled later
        task_status.started()
        return
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for number in signals:
            departure.begin(128 + number)
            serving.cancel()


@contextlib.asynccontextmanager
async def _sandbox(environ: Mapping[str, str]) -> AsyncGenerator[dict[str, str]]:
    """A sandbox in this process, and the environment that points at it."""
    from callpost_sandbox.serve import serve_sandbox  # noqa: PLC0415 -- only with --sandbox

    others = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("VOCOBASE_API_", "VOXBURST_API_"))
    }
    with tempfile.TemporaryDirectory(prefix="callpost-sandbox-") as folder:
        async with serve_sandbox() as box:
            print(
                "callpost: serving on the sandbox: nothing real is called or posted",
                file=sys.stderr,
            )
            yield {
                "CALLPOST_STATE": str(Path(folder) / "ledger.sqlite3"),
                **others,
                "VOCOBASE_API_URL": box.vocobase_url,
                "VOCOBASE_API_KEY": box.vocobase_key,
                "VOXBURST_API_URL": box.voxburst_url,
                "VOXBURST_API_KEY": box.voxburst_key,
            }
