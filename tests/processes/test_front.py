"""The static front in a real process: nobody can tell it from the server it stands for."""

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from processes.child import MODERN, Child, child, initialize

WITHOUT = {"CALLPOST_TEST_NO_FRONT": "1"}
GATED = """
import sys

class Gate:
    def find_spec(self, name, path=None, target=None):
        if name == "mcp":
            sys.stderr.write("at the gate\\n")
            sys.stderr.flush()
            with open({fifo!r}) as gate:
                gate.read()
            sys.meta_path.remove(self)

sys.meta_path.insert(0, Gate())
from callpost.cli import main
sys.exit(main(["serve"]))
"""


class Gate:
    """Holds up the import of the SDK in a child until it is opened."""

    def __init__(self, fifo: Path) -> None:
        self.fifo = fifo

    async def open(self) -> None:
        """Let it through; returns once the child is there to pass."""
        with anyio.fail_after(20):
            await anyio.to_thread.run_sync(self.fifo.write_bytes, b"", abandon_on_cancel=True)


@asynccontextmanager
async def gated(tmp_path: Path) -> AsyncGenerator[tuple[Child, Gate]]:
    """A server whose import of the SDK waits at a gate."""
    fifo = tmp_path / "gate"
    os.mkfifo(fifo)
    async with child(program=GATED.format(fifo=str(fifo))) as server:
        await server.says("at the gate")
        yield server, Gate(fifo)


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"CALLPOST_TOOLSETS": "all"},
        {"CALLPOST_TOOLSETS": "posts,-posts,+telephony", "CALLPOST_TOOLS": "create_agent"},
        {"VOXBURST_API_KEY": "vb_live_x", "CALLPOST_READ_ONLY": "yes"},
    ],
)
async def test_it_answers_exactly_what_the_server_answers(env: dict[str, str]) -> None:
    old: list[tuple[str, dict[str, Any]]] = [
        ("initialize", initialize("2025-06-18")),
        ("tools/list", {}),
        ("ping", {}),
        ("prompts/list", {}),
    ]
    new = [(name, {"_meta": MODERN}) for name in ("server/discover", "tools/list", "prompts/list")]
    for requests in (old, new):
        async with child(env=env) as with_front, child(env=env | WITHOUT) as without:
            for method, params in requests:
                assert await with_front.ask(method, params) == await without.ask(method, params)


async def test_openings_and_lists_are_answered_before_the_server_is_there(tmp_path: Path) -> None:
    async with gated(tmp_path) as (server, gate):
        assert (await server.handshake())["serverInfo"]["name"] == "callpost"
        tools = (await server.ask("tools/list"))["result"]["tools"]
        assert (await server.ask("ping"))["result"] == {}
        await server.send({"id": 1, "method": "tools/call", "params": {"name": "list_posts"}})
        await server.send({"id": 2, "method": "prompts/list"})
        assert (await server.ask("ping"))["result"] == {}
        await gate.open()
        called, listed = await server.answer(1), await server.answer(2)
        again = (await server.ask("tools/list"))["result"]["tools"]
    assert called["result"]["structuredContent"]["error"]["code"] == "unauthorized"
    assert listed["result"]["prompts"]
    assert again == tools
    assert server.others == []


async def test_without_handshake_too(tmp_path: Path) -> None:
    async with gated(tmp_path) as (server, gate):
        assert (await server.ask("server/discover", {"_meta": MODERN}))["result"]["capabilities"]
        tools = (await server.ask("tools/list", {"_meta": MODERN}))["result"]["tools"]
        params = {"name": "list_posts", "_meta": MODERN}
        await server.send({"id": 1, "method": "tools/call", "params": params})
        await gate.open()
        called = await server.answer(1)
        again = (await server.ask("tools/list", {"_meta": MODERN}))["result"]["tools"]
    assert called["result"]["structuredContent"]["error"]["code"] == "unauthorized"
    assert again == tools
    assert server.others == []


async def test_what_is_not_known_beforehand_waits_for_the_server(tmp_path: Path) -> None:
    async with gated(tmp_path) as (server, gate):
        await server.send(
            {"id": 1, "method": "tools/list"},
            {"id": 2, "method": "no/such"},
            {"id": 3, "method": "initialize", "params": {}},
            {"id": 4, "method": "initialize", "params": initialize("1999-01-01")},
            {"id": 5, "method": "tools/list"},
        )
        await gate.open()
        answers = [await server.answer(n) for n in range(1, 6)]
    assert [a.get("error", {}).get("code") for a in answers] == [-32602, -32601, -32602, None, None]
    assert answers[3]["result"]["protocolVersion"] == "2025-11-25"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_before_the_server_is_there(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with gated(tmp_path) as (server, _):
        await server.handshake()
        await server.send({"id": 1, "method": "tools/call", "params": {"name": "list_posts"}})
        server.process.send_signal(number)
        assert await server.ended() == 128 + number
        assert await server.rest() == b""


async def test_the_end_of_input_ends_it_before_the_server_is_there(tmp_path: Path) -> None:
    async with gated(tmp_path) as (server, _):
        await server.handshake()
        await server.ask("tools/list")
        await server.stdin.aclose()
        assert await server.ended() == 0
        assert await server.rest() == b""


async def test_the_end_of_input_with_a_request_open_ends_it_as_soon_as_the_server_is_there(
    tmp_path: Path,
) -> None:
    async with gated(tmp_path) as (server, gate):
        await server.handshake()
        await server.send({"id": 1, "method": "tools/call", "params": {"name": "list_posts"}})
        await server.stdin.aclose()
        await gate.open()
        assert await server.ended() == 0
    assert "Traceback" not in server.stderr
