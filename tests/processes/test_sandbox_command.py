"""`callpost sandbox` as a process: one line, two APIs, a clean end."""

import json
import signal
import socket

import anyio
import httpx2
import pytest

from processes.child import WAIT_S, Child, child


async def told(running: Child) -> dict[str, str]:
    """The line it prints once it serves."""
    assert running.process.stdout is not None
    line = b""
    with anyio.fail_after(WAIT_S):
        while not line.endswith(b"\n"):
            line += await running.process.stdout.receive()
    return json.loads(line)


async def test_it_prints_where_both_apis_are_and_their_keys() -> None:
    async with child("sandbox", "--plan", "pro", "--speed", "60") as running:
        box = await told(running)
        assert set(box) == {"vocobase_url", "voxburst_url", "vocobase_key", "voxburst_key"}
        async with httpx2.AsyncClient(trust_env=False) as client:
            agents = await client.get(
                f"{box['vocobase_url']}/agent",
                headers={"Authorization": f"Bearer {box['vocobase_key']}"},
            )
            me = await client.get(
                f"{box['voxburst_url']}/auth/me",
                headers={"Authorization": f"Bearer {box['voxburst_key']}"},
            )
        assert agents.status_code == 200
        assert me.headers["x-ratelimit-limit"] == "500"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    async with child("sandbox") as running:
        await told(running)
        running.process.send_signal(number)
        assert await running.ended() == 0
        assert running.stderr == ""


@pytest.mark.parametrize(
    "options",
    [("--speed", "fast"), ("--plan", "gold"), ("--speed", "-1"), ("--vocobase-port", "99999")],
)
async def test_what_it_cannot_use_is_one_line_and_status_2(options: tuple[str, str]) -> None:
    async with child("sandbox", *options) as running:
        assert await running.ended() == 2
        told = running.stderr
    assert told.startswith("callpost: ")
    assert told.count("\n") == 1


async def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with child("sandbox", "--voxburst-port", port) as running:
            assert await running.ended() == 2
            assert running.stderr.count("\n") == 1
