"""What a stop, a cancellation or a lost host does to a write that has left already."""

import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest

from callpost_sandbox.proxy import FaultProxy
from callpost_sandbox.serve import Sandbox, serve_sandbox
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.vocobase import DEMO_AGENT_ID
from processes.child import Child, child

START = {"agent_id": DEMO_AGENT_ID, "to_number": "+14155550111", "provider": "twilio"}


@dataclass
class World:
    box: Sandbox
    proxy: FaultProxy
    env: dict[str, str]

    @property
    def calls(self) -> int:
        return len(self.box.vocobase.journal.effects("call"))

    @property
    def starts(self) -> int:
        return sum(seen.target.endswith("/calls/start") for seen in self.proxy.seen)

    def hold_the_answer(self) -> tuple[anyio.Event, anyio.Event]:
        """Hold the answer to the next start; (the call was made, set this to let it through)."""
        release = anyio.Event()
        fault = self.proxy.script(
            "delay", method="POST", path="/calls/start", delay_s=60.0, release=release
        )
        return fault.reached, release


@asynccontextmanager
async def world(folder: Path) -> AsyncGenerator[World]:
    async with serve_sandbox(SandboxSettings(speed=0)) as box:
        parts = urlsplit(box.vocobase_url)
        async with FaultProxy(parts.hostname or "", parts.port or 0) as proxy:
            env = {
                "VOCOBASE_API_KEY": box.vocobase_key,
                "VOCOBASE_API_URL": f"{proxy.url_base}/api/v2",
                "CALLPOST_STATE": str(folder / "ledger.sqlite3"),
                "CALLPOST_LOG_LEVEL": "INFO",
            }
            yield World(box, proxy, env)


async def start_call(server: Child, identifier: int = 1) -> None:
    await server.handshake()
    params: dict[str, Any] = {"name": "start_call", "arguments": START}
    await server.send({"id": identifier, "method": "tools/call", "params": params})


async def leave(server: Child, how: str) -> int:
    """Tell the server to stop; once it heard, the status it will end with."""
    if how == "end of input":
        await server.stdin.aclose()
        await server.says("leaving with status 0")
        return 0
    number = signal.Signals[how]
    server.process.send_signal(number)
    await server.says(f"leaving with status {128 + number}")
    return 128 + number


@pytest.mark.parametrize("how", ["end of input", "SIGTERM", "SIGINT"])
async def test_the_outcome_of_a_write_in_flight_is_recorded(tmp_path: Path, how: str) -> None:
    async with world(tmp_path) as w:
        called, release = w.hold_the_answer()
        async with child(env=w.env) as server:
            await start_call(server)
            with anyio.fail_after(20):
                await called.wait()
            status = await leave(server, how)
            release.set()
            assert await server.ended() == status
        async with child(env=w.env) as server:
            await server.handshake()
            again = await server.call("start_call", START)
        assert again["receipt"]["replayed"] is True
        assert (w.calls, w.starts) == (1, 1)


async def test_an_answer_that_never_comes_does_not_hold_up_the_end(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        called, _ = w.hold_the_answer()
        async with child(env=w.env) as server:
            await start_call(server)
            with anyio.fail_after(20):
                await called.wait()
            status = await leave(server, "SIGTERM")
            assert await server.ended() == status
        async with child(env=w.env) as server:
            await server.handshake()
            again = await server.call("start_call", START)
        assert again["ok"]
        assert (w.calls, w.starts) == (1, 1)


async def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        called, _ = w.hold_the_answer()
        async with child(env=w.env) as server:
            await start_call(server)
            with anyio.fail_after(20):
                await called.wait()
            status = await leave(server, "SIGTERM")
            server.process.send_signal(signal.SIGTERM)
            assert await server.ended() == status


async def test_a_cancelled_write_is_finished_and_recorded(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        called, release = w.hold_the_answer()
        async with child(env=w.env) as server:
            await start_call(server, 7)
            with anyio.fail_after(20):
                await called.wait()
            await server.send({"method": "notifications/cancelled", "params": {"requestId": 7}})
            assert (await server.ask("ping"))["result"] == {}
            release.set()
            again = await server.call("start_call", START)
            assert all(message.get("id") != 7 for message in server.others)
        assert again["receipt"]["replayed"] is True
        assert (w.calls, w.starts) == (1, 1)


async def test_a_cancelled_read_is_given_up(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        release = anyio.Event()
        held = w.proxy.script("delay", method="GET", path="/agent", delay_s=60.0, release=release)
        async with child(env=w.env) as server:
            await server.handshake()
            params = {"name": "list_agents", "arguments": dict[str, str]()}
            await server.send({"id": 7, "method": "tools/call", "params": params})
            with anyio.fail_after(20):
                await held.reached.wait()
            await server.send({"method": "notifications/cancelled", "params": {"requestId": 7}})
            assert (await server.call("list_agents"))["ok"]
            assert all(message.get("id") != 7 for message in server.others)
