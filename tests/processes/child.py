"""A real server as a child process, spoken to in raw lines: what a host does, to the byte."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import ByteSendStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

WAIT_S = 20.0
"""Bounds every wait; a child's start takes a second on a busy machine."""

MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}
"""The envelope of every request of the 2026-07-28 era."""


def initialize(version: str = "2025-11-25") -> dict[str, Any]:
    """Parameters of a handshake."""
    client = {"name": "test", "version": "1"}
    return {"protocolVersion": version, "capabilities": {}, "clientInfo": client}


class Child:
    """A running server, its two pipes and what it wrote on stderr so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._out = BufferedByteReceiveStream(process.stdout) if process.stdout else None
        self._errors = bytearray()
        self._said = anyio.Event()
        self.others: list[dict[str, Any]] = []
        """Messages that were not the answer waited for: notifications, other answers."""
        self._next_id = 100

    @property
    def stderr(self) -> str:
        return self._errors.decode()

    @property
    def stdin(self) -> ByteSendStream:
        assert self.process.stdin is not None
        return self.process.stdin

    async def collect_stderr(self) -> None:
        assert self.process.stderr is not None
        async for chunk in self.process.stderr:
            self._errors += chunk
            self._said.set()
            self._said = anyio.Event()

    async def says(self, text: str) -> str:
        """Wait until stderr holds this; the line it is in."""
        with anyio.fail_after(WAIT_S):
            while text not in self.stderr:
                await self._said.wait()
        return next(line for line in self.stderr.splitlines() if text in line)

    async def send_raw(self, data: bytes) -> None:
        await self.stdin.send(data)

    async def send(self, *messages: Mapping[str, Any]) -> None:
        lines = [json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages]
        await self.send_raw("".join(lines).encode())

    async def receive(self) -> dict[str, Any]:
        """The next line of stdout; it has to be JSON-RPC, because nothing else may be there."""
        assert self._out is not None
        with anyio.fail_after(WAIT_S):
            line = await self._out.receive_until(b"\n", 64 * 1024 * 1024)
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0", line
        return message

    async def answer(self, identifier: int | str) -> dict[str, Any]:
        """The answer to this request; what else comes is kept in `others`."""
        for message in self.others:
            if message.get("id") == identifier:
                self.others.remove(message)
                return message
        while True:
            message = await self.receive()
            if message.get("id") == identifier:
                return message
            self.others.append(message)

    async def ask(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A request and its whole answer."""
        self._next_id += 1
        given = {} if params is None else {"params": params}
        await self.send({"id": self._next_id, "method": method, **given})
        return await self.answer(self._next_id)

    async def handshake(self, version: str = "2025-11-25") -> dict[str, Any]:
        """Open the connection in the handshake era; the result."""
        result = (await self.ask("initialize", initialize(version)))["result"]
        await self.send({"method": "notifications/initialized"})
        return result

    async def call(self, tool: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One tool call after a handshake; the envelope."""
        params = {"name": tool, "arguments": arguments or {}}
        return (await self.ask("tools/call", params))["result"]["structuredContent"]

    async def rest(self) -> bytes:
        """Everything that is still on stdout, once the child is gone."""
        assert self._out is not None
        assert self.process.stdout is not None
        data = bytearray(self._out.buffer)
        with anyio.fail_after(WAIT_S):
            async for chunk in self.process.stdout:
                data += chunk
        return bytes(data)

    async def ended(self) -> int:
        """The exit status, as a shell would say it for a signal that was not handled: negative."""
        with anyio.fail_after(WAIT_S):
            return await self.process.wait()


@asynccontextmanager
async def child(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    python: Sequence[str] = (),
    stdin: int = subprocess.PIPE,
    stdout: int = subprocess.PIPE,
    program: str | None = None,
) -> AsyncGenerator[Child]:
    """`python -m callpost …` with nothing in its environment but what is given.

    Args:
        arguments: Of the command.
        env: More environment.
        python: Options of the interpreter.
        stdin: Instead of a pipe that is written to here.
        stdout: Instead of a pipe that is read here.
        program: Python, run instead of the command.
    """
    what = ["-m", "callpost", *arguments] if program is None else ["-c", program]
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            "CALLPOST_STATE": str(Path(folder) / "ledger.sqlite3"),
            "HOME": folder,
            "PATH": os.environ.get("PATH", ""),
            **{k: v for k, v in os.environ.items() if k.startswith("COVERAGE_")},
            **(env or {}),
        }
        process = await anyio.open_process(
            [sys.executable, *python, *what],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env=environ,
        )
        running = Child(process)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.collect_stderr)
            try:
                yield running
            finally:
                with anyio.CancelScope(shield=True):
                    if process.returncode is None:
                        process.send_signal(signal.SIGKILL)
                    await process.wait()
                    await process.aclose()
                tasks.cancel_scope.cancel()
