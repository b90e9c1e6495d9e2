"""The server over Streamable HTTP: both eras, and the checks before it."""

import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx2
import pytest
from mcp import Client

from processes.child import Child, child, initialize

TOKEN = "a-token-for-tests-only"


@asynccontextmanager
async def serving(
    host: str = "127.0.0.1", *more: str, **env: str
) -> AsyncGenerator[tuple[Child, str]]:
    """A child that serves HTTP, and its base address."""
    async with child("serve", "--http", f"{host}:0", *more, env=env) as server:
        line = await server.says("/mcp")
        port = line.rpartition(":")[2].removesuffix("/mcp")
        yield server, f"http://127.0.0.1:{port}"


async def post(
    base: str, message: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> httpx2.Response:
    accepted = {"accept": "application/json, text/event-stream"}
    async with httpx2.AsyncClient() as client:
        with anyio.fail_after(10):
            return await client.post(
                f"{base}/mcp",
                json={"jsonrpc": "2.0", "id": 1, **message},
                headers=accepted | dict(headers or {}),
            )


def opening(**_: Any) -> dict[str, Any]:
    return {"method": "initialize", "params": initialize()}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_both_eras_are_served_over_http(mode: Literal["auto", "legacy"]) -> None:
    async with serving("127.0.0.1", "--sandbox") as (_, base):
        with anyio.fail_after(20):
            async with Client(f"{base}/mcp", mode=mode) as client:
                listed = await client.list_tools()
                called = await client.call_tool("list_agents", {})
    assert {"start_call", "create_post"} <= {tool.name for tool in listed.tools}
    assert called.structured_content["ok"] is True


async def test_health_answers_without_a_token_and_says_nothing_else() -> None:
    async with serving(CALLPOST_HTTP_TOKEN=TOKEN) as (_, base), httpx2.AsyncClient() as client:
        answer = await client.get(f"{base}/health")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


async def test_beyond_loopback_it_refuses_to_listen_without_a_token() -> None:
    async with child("--http", "0.0.0.0:0") as server:
        assert await server.ended() == 2
    assert "CALLPOST_HTTP_TOKEN" in server.stderr
    assert server.stderr.count("\n") == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_with_a_token_every_request_has_to_bring_it(host: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n", encoding="utf-8")
    async with serving(host, CALLPOST_HTTP_TOKEN_FILE=str(file)) as (server, base):
        without = await post(base, opening())
        wrong = await post(base, opening(), {"authorization": "Bearer wrong"})
        other = await post(base, opening(), {"authorization": f"Basic {TOKEN}"})
        right = await post(base, opening(), {"authorization": f"Bearer {TOKEN}"})
        assert TOKEN not in server.stderr
    assert (without.status_code, wrong.status_code, other.status_code) == (401, 401, 401)
    assert without.headers["www-authenticate"] == "Bearer"
    assert right.status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_with_its_own_status(number: signal.Signals) -> None:
    async with serving() as (server, _):
        server.process.send_signal(number)
        assert await server.ended() == 128 + number


async def test_an_address_in_use_is_one_line_with_a_remedy() -> None:
    async with serving() as (_, base), child("--http", base.removeprefix("http://")) as second:
        assert await second.ended() == 1
    assert "choose another address" in second.stderr
    assert second.stderr.count("\n") == 1
