"""What every client lives through: list, call, lose the answer, call again, read an error."""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import anyio

from callpost.assembly import assemble
from callpost_sandbox.proxy import FaultProxy
from callpost_sandbox.serve import Sandbox, serve_sandbox
from hosts.installing import Broken

__all__ = ["OURS", "World", "serving_http", "stdio_command", "tell", "world"]

LONGEST_S = 120
SERVED_AT = re.compile(r"(http://\S+/mcp)")
OURS = ("CALLPOST_", "VOCOBASE_", "VOXBURST_")
QUIET = {
    "ANONYMIZED_TELEMETRY": "false",
    "CREWAI_DISABLE_TELEMETRY": "true",
    "OTEL_SDK_DISABLED": "true",
}
"""Frameworks that report home by default do not from here."""


@dataclass(frozen=True)
class World:
    """A sandbox whose calls lose an answer, and the environment that points at it."""

    sandbox: Sandbox
    proxy: FaultProxy
    environ: Mapping[str, str]


@contextlib.asynccontextmanager
async def world(*, loses: bool = True) -> AsyncGenerator[World]:
    """A sandbox; if `loses`, the first call's answer is lost, and the first looks for it too."""
    with tempfile.TemporaryDirectory() as folder:
        async with serve_sandbox() as box:
            upstream = urlsplit(box.vocobase_url)
            async with FaultProxy("127.0.0.1", upstream.port or 0) as proxy:
                if loses:
                    proxy.script("drop_after", method="POST", path="/calls")
                    proxy.script("drop_before", method="GET", path="/calls", times=3)
                kept = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
                kept.pop("PYTHONPATH", None)
                environ = {
                    **kept,
                    **QUIET,
                    "HOME": folder,
                    "VOCOBASE_API_URL": proxy.url_base + upstream.path,
                    "VOCOBASE_API_KEY": box.vocobase_key,
                    "VOXBURST_API_URL": box.voxburst_url,
                    "VOXBURST_API_KEY": box.voxburst_key,
                    "CALLPOST_STATE": str(Path(folder) / "ledger.sqlite3"),
                }
                yield World(box, proxy, environ)


def stdio_command() -> tuple[str, ...]:
    """Starts the server, from the environment of the project."""
    return (sys.executable, "-m", "callpost", "serve")


@contextlib.asynccontextmanager
async def serving_http(
    environ: Mapping[str, str], *command: str, cwd: Path | None = None
) -> AsyncGenerator[str]:
    """A server over HTTP as a process; its address."""
    command = command or (*stdio_command(), "--http", "127.0.0.1:0")
    async with await anyio.open_process(command, env=environ, cwd=cwd) as process:
        try:
            with anyio.fail_after(30):
                yield await _address(process)
        finally:
            process.terminate()


async def _address(process: anyio.abc.Process) -> str:
    said = b""
    found: list[str] = []

    async def read(stream: anyio.abc.ByteReceiveStream | None) -> None:
        nonlocal said
        if stream is None:
            return
        async for chunk in stream:
            said += chunk
            match = SERVED_AT.search(said.decode(errors="replace"))
            if match:
                found.append(match[1])
                tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read, process.stdout)
        tasks.start_soon(read, process.stderr)
    if not found:
        raise Broken(f"the server did not start: {said.decode(errors='replace')[-500:]}")
    return found[0]


async def tell(command: list[str], there: World, cwd: Path | None = None) -> None:
    """Run a client's example against this world, and hold what it saw against what happened.

    Raises:
        Broken: It saw something else, or more than one phone rang.
    """
    with anyio.move_on_after(LONGEST_S):
        done = await anyio.run_process(command, env=there.environ, cwd=cwd, check=False)
        said = done.stdout.decode(errors="replace")
        if done.returncode != 0:
            raise Broken(f"ended with {done.returncode}: {done.stderr.decode()[-1500:]}")
        _judge(said, there)
        return
    raise Broken(f"was not done within {LONGEST_S} s")


def _judge(said: str, there: World) -> None:
    heard = {key: _plain(text) for key, text in re.findall(r"^(\w+): (.*)$", said, re.MULTILINE)}
    missing = {"tools", "first", "again", "error"} - heard.keys()
    if missing:
        raise Broken(f"did not print {', '.join(sorted(missing))}; it printed: {said[-800:]}")
    expected = len(assemble({}).tools)
    calls = [identifier for _, identifier in there.sandbox.vocobase.journal.effects("call")]
    _hold(heard["tools"] == str(expected), f"listed {heard['tools']} tools of {expected}")
    _hold(there.proxy.faults_applied > 0, "no answer was lost; the fault did not meet the call")
    _hold(
        '"code":"outcome_unknown"' in heard["first"] or '"ok":true' in heard["first"],
        f"was told of the lost answer: {heard['first'][:400]}",
    )
    rang = f"{len(calls)} phones rang; it was told: {said}; the upstream saw: {there.proxy.seen}"
    _hold(len(calls) == 1, rang)
    _hold(f'"call_id":"{calls[0]}"' in heard["again"], f"the retry got: {heard['again'][:400]}")
    _hold(
        '"ok":false' in heard["error"]
        and re.search(r'"code":"(invalid_arguments|not_found)"', heard["error"]) is not None
        and '"next_step"' in heard["error"],
        f"the error reads: {heard['error'][:400]}",
    )


def _plain(text: str) -> str:
    """The envelope inside whatever a framework wraps it in."""
    return text.replace('\\"', '"').replace('": ', '":')


def _hold(held: object, problem: str) -> None:
    if not held:
        raise Broken(problem)
