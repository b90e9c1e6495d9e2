"""`callpost serve` as a host runs it: a child on stdio. This one can also be killed."""

import contextlib
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from types import TracebackType
from typing import IO, TypeAlias

import anyio
from anyio.abc import Process
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from anyio.streams.text import TextReceiveStream
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

__all__ = ["ServerChild"]

EXIT_S = 3.0
"""How long it may take to leave once its stdin is closed."""

Heard: TypeAlias = SessionMessage | Exception
Streams: TypeAlias = tuple[MemoryObjectReceiveStream[Heard], MemoryObjectSendStream[SessionMessage]]


class ServerChild:
    """A transport of the SDK's client, like its own for stdio, which hides the process."""

    def __init__(self, env: Mapping[str, str], errors: IO[bytes]) -> None:
        """Start nothing yet.

        Args:
            env: Of the server, besides what every host passes on.
            errors: Where its stderr goes.
        """
        self._env = get_default_environment() | dict(env)
        self._errors = errors
        self._process: Process | None = None
        self._running: contextlib.AbstractAsyncContextManager[Streams] = self._run()

    def kill(self) -> None:
        """End it as `kill -9` does: it gets to do nothing more."""
        if self._process is not None:
            self._process.kill()

    async def __aenter__(self) -> Streams:
        return await self._running.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._running.__aexit__(kind, error, trace)

    @contextlib.asynccontextmanager
    async def _run(self) -> AsyncGenerator[Streams]:
        process = self._process = await anyio.open_process(
            [sys.executable, "-m", "callpost", "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=self._env,
            start_new_session=True,  # Ctrl+C is for the demo, which ends its children itself
        )
        heard, received = anyio.create_memory_object_stream[Heard](0)
        sending, to_send = anyio.create_memory_object_stream[SessionMessage](0)
        async with anyio.create_task_group() as tasks, heard, received, sending, to_send:
            tasks.start_soon(_listen, process, heard)
            tasks.start_soon(_speak, process, to_send)
            try:
                yield received, sending
            finally:
                with anyio.CancelScope(shield=True):
                    await _stop(process)
                tasks.cancel_scope.cancel()


async def _listen(process: Process, heard: MemoryObjectSendStream[Heard]) -> None:
    assert process.stdout is not None  # noqa: S101 because it was opened with a pipe
    rest = ""
    async with heard:
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async for chunk in TextReceiveStream(process.stdout, "utf-8"):
                *lines, rest = (rest + chunk).split("\n")
                for line in lines:
                    message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                    await heard.send(SessionMessage(message))


async def _speak(process: Process, to_send: MemoryObjectReceiveStream[SessionMessage]) -> None:
    assert process.stdin is not None  # noqa: S101 because it was opened with a pipe
    with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        async for sent in to_send:
            line = sent.message.model_dump_json(by_alias=True, exclude_unset=True)
            await process.stdin.send(f"{line}\n".encode())


async def _stop(process: Process) -> None:
    """Close its stdin, which ends a healthy server; make sure of it."""
    assert process.stdin is not None  # noqa: S101 because it was opened with a pipe
    with contextlib.suppress(anyio.BrokenResourceError, OSError):
        await process.stdin.aclose()
    with anyio.move_on_after(EXIT_S):
        await process.wait()
    if process.returncode is None:
        process.kill()
    await process.aclose()
