"""MCP over the process's standard streams, in place of the SDK's transport for them.

The SDK reads stdin in threads that cannot be joined while the host keeps it open, and cannot take
lines that were read before it was there.
"""

import json
import logging
import math
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import anyio
import mcp_types as types
from anyio import from_thread, to_thread
from anyio.lowlevel import current_token
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage

from callpost.assembly import Callpost
from callpost.wire.frames import message_of, refusal_of
from callpost.wire.inlet import Inlet
from callpost.wire.pipe import Pipe
from callpost.wire.server import build_server

__all__ = ["serve_stdio"]

logger = logging.getLogger(__name__)

Outgoing = MemoryObjectReceiveStream[SessionMessage]


async def serve_stdio(
    callpost: Callpost, pipe: Pipe, inlet: Inlet, on_end: Callable[[], None]
) -> None:
    """Serve until the host closes its end.

    Args:
        callpost: The parts to serve.
        pipe: Where answers go.
        inlet: Where lines come from; it may have answered some.
        on_end: Called as soon as the host closed its end, while requests may still be running.
    """
    server = build_server(callpost)
    arriving, read = anyio.create_memory_object_stream[SessionMessage | Exception](math.inf)
    write, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
    refusals = write.clone()
    token = current_token()

    def feed(line: bytes | None) -> None:
        if line is None:
            on_end()
            arriving.close()
            return
        message = message_of(line)
        if message is None:
            error = refusal_of(line)
            if error is not None:
                tasks.start_soon(_send, refusals, SessionMessage(error))
            return
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):  # leaving already
            arriving.send_nowait(message)

    def sink(line: bytes | None) -> None:
        from_thread.run_sync(feed, line, token=token)

    async with anyio.create_task_group() as tasks, refusals:
        tasks.start_soon(_write, pipe, outgoing, inlet.answered, partial(feed, None))
        tasks.start_soon(_hand_over, inlet, sink)
        await server.run(read, write, server.create_initialization_options())


async def _send(stream: MemoryObjectSendStream[SessionMessage], item: SessionMessage) -> None:
    with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):  # leaving already
        await stream.send(item)


async def _hand_over(inlet: Inlet, sink: Callable[[bytes | None], None]) -> None:
    # In a thread: the inlet may be in the middle of writing to a host that is slow to read.
    await to_thread.run_sync(inlet.hand_over, sink, abandon_on_cancel=True)


async def _write(
    pipe: Pipe, outgoing: Outgoing, answered: set[str], hang_up: Callable[[], None]
) -> None:
    limiter = anyio.CapacityLimiter(1)
    async with outgoing:
        async for item in outgoing:
            if answered and _is_answered(item.message, answered):
                continue
            line = item.message.model_dump_json(by_alias=True, exclude_unset=True).encode()
            try:
                await to_thread.run_sync(pipe.write, line, abandon_on_cancel=True, limiter=limiter)
            except OSError:  # the host does not listen any more
                hang_up()
                return


def _is_answered(message: types.JSONRPCMessage, answered: set[str]) -> bool:
    """Whether the inlet gave this answer already."""
    if not isinstance(message, types.JSONRPCResponse | types.JSONRPCError):
        return False
    identifier = json.dumps(message.id)
    if identifier not in answered:
        return False
    answered.remove(identifier)
    if isinstance(message, types.JSONRPCError):
        logger.error("the server refused what was answered at the start: %s", message.error.message)
    return True
