"""The gate before the HTTP transport, and the transport behind it, without sockets."""

from collections.abc import Mapping
from typing import Any

import anyio
import httpx2
import pytest
from pydantic import SecretStr
from starlette.responses import PlainTextResponse

from callpost.wire.http import Gate, http_app, is_loopback
from callpost.wire.server import build_server
from harness import harness
from processes.child import MODERN, initialize

TOKEN = "a-token-for-tests-only"


async def status(
    headers: Mapping[str, str],
    *,
    only_loopback: bool = True,
    token: str | None = None,
    path: str = "/mcp",
    host: str = "127.0.0.1:8765",
) -> int:
    """What the gate answers; 200 is the app's."""
    secret = SecretStr(token) if token else None
    gate = Gate(PlainTextResponse("through"), only_loopback=only_loopback, token=secret)
    transport = httpx2.ASGITransport(app=gate)
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        with anyio.fail_after(5):
            answer = await client.post(path, headers={"host": host, **headers})
    return answer.status_code


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8765", "localhost", "localhost:1", "[::1]:8765", "LOCALHOST:80"]
)
async def test_a_host_of_this_machine_is_let_through(host: str) -> None:
    assert await status({}, host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "evil.example@127.0.0.1.evil.example",
        "127.0.0.2",
        "[::1",
        "",
    ],
)
async def test_a_host_that_is_not_ours_is_refused(host: str) -> None:
    assert await status({}, host=host) == 421


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://localhost.evil.example",
        "http://127.0.0.1.evil.example:8765",
        "null",
        "file://",
        "http://[::1",
        "",
    ],
)
async def test_a_page_from_elsewhere_is_refused(origin: str) -> None:
    assert await status({"origin": origin}) == 403
    assert await status({"origin": origin}, only_loopback=False, host="calls.example") == 403


@pytest.mark.parametrize("origin", ["http://localhost:5173", "https://127.0.0.1", "http://[::1]:1"])
async def test_a_page_of_this_machine_is_let_through(origin: str) -> None:
    assert await status({"origin": origin}) == 200


async def test_beyond_loopback_the_name_is_the_operators_and_a_page_has_to_be_of_it() -> None:
    async def elsewhere(origin: Mapping[str, str]) -> int:
        headers = {"authorization": f"Bearer {TOKEN}", **origin}
        return await status(headers, only_loopback=False, token=TOKEN, host="calls.example:8443")

    assert await elsewhere({}) == 200
    assert await elsewhere({"origin": "https://calls.example:8443"}) == 200
    assert await elsewhere({"origin": "https://calls.example"}) == 403


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x"],
)
async def test_without_the_token_nothing_is_served(authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    assert await status(headers, token=TOKEN) == 401
    assert await status(headers, token=TOKEN, path="/other") == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_with_the_token_everything_is(scheme: str) -> None:
    assert await status({"authorization": f"{scheme} {TOKEN}"}, token=TOKEN) == 200


async def test_health_needs_no_token() -> None:
    assert await status({}, token=TOKEN, path="/health") == 200
    assert await status({}, token=TOKEN, path="/health", host="evil.example") == 421


@pytest.mark.parametrize(
    ("host", "is_so"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("calls.example", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, *, is_so: bool) -> None:
    assert is_loopback(host) is is_so


@pytest.mark.parametrize("era", ["handshake", "modern"])
async def test_both_eras_are_served_at_one_path(era: str) -> None:
    headers = {"accept": "application/json, text/event-stream"}
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": 1}
    if era == "handshake":
        message |= {"method": "initialize", "params": initialize()}
    else:
        message |= {"method": "tools/list", "params": {"_meta": MODERN}}
        headers |= {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list"}
    async with harness() as h:
        server = build_server(h.callpost)
        app = http_app(server, "127.0.0.1", None)
        transport = httpx2.ASGITransport(app=app)
        async with (
            server.session_manager.run(),
            httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
        ):
            with anyio.fail_after(10):
                answer = await client.post("/mcp", json=message, headers=headers)
                health = await client.get("/health")
    assert answer.status_code == 200
    assert ("mcp-session-id" in answer.headers) is (era == "handshake")
    assert health.json() == {"ok": True}
