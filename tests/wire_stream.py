"""The SDK's server on a stream of plain messages: what it would answer without a static front."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import anyio
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream
from mcp.shared.message import SessionMessage

from callpost.assembly import Callpost
from callpost.wire.frames import message_of
from callpost.wire.server import build_server

Answers = list[dict[str, Any]]


async def conversation(callpost: Callpost, messages: Sequence[Mapping[str, Any]]) -> Answers:
    """Send these in order, each after the answer to the one before; the answers."""
    server = build_server(callpost)
    sender, read = anyio.create_memory_object_stream[SessionMessage | Exception](100)
    write, receiver = anyio.create_memory_object_stream[SessionMessage](100)
    answers: Answers = []
    async with anyio.create_task_group() as tasks, receiver:
        tasks.start_soon(server.run, read, write, server.create_initialization_options())
        async with sender:
            for message in messages:
                line = json.dumps({"jsonrpc": "2.0", **message}).encode()
                parsed = message_of(line)
                assert parsed is not None
                await sender.send(parsed)
                if "id" in message:
                    answers.append(await _answer(receiver))
    return answers


async def _answer(receiver: MemoryObjectReceiveStream[SessionMessage]) -> dict[str, Any]:
    message = (await receiver.receive()).message
    assert isinstance(message, types.JSONRPCResponse | types.JSONRPCError)
    return json.loads(message.model_dump_json(by_alias=True, exclude_unset=True))
