"""`callpost demo`, as somebody runs it first."""

import io
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import anyio
import httpx2
import pytest
from mcp import Client
from mcp_types import CallToolResult

from callpost.cli.demo import scenes
from callpost.cli.demo.agent import Agent
from callpost.cli.demo.plain import Plain
from callpost.cli.demo.stage import Promise, Stage
from callpost.cli.demo.world import World, world
from processes.child import WAIT_S, child

README = Path(__file__).parents[2] / "README.md"


def masked(table: str) -> str:
    """Without what differs between runs."""
    return re.sub(r"wait \d\d s", "wait .. s", table)


class Careless:
    """A server as they are: it asks again when an answer is lost, and knows of no replay."""

    def __init__(self, there: World) -> None:
        self._there = there

    async def call_tool(self, name: str, arguments: dict[str, Any], **_: object) -> CallToolResult:
        assert name == "start_call"
        headers = {"Authorization": f"Bearer {self._there.sandbox.vocobase_key}"}
        body = {**arguments, "to_number": "+14155550111"}
        async with httpx2.AsyncClient(headers=headers, trust_env=False) as client:
            while True:
                try:
                    url = f"{self._there.vocobase_url}/calls/start"
                    answer = await client.post(url, json=body)
                except httpx2.RemoteProtocolError:
                    continue
                content = {"ok": True, "data": answer.json()["data"]}
                return CallToolResult(content=[], structured_content=content)


def test_every_promise_holds_and_the_pipe_gets_no_colour(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "callpost", "demo"],
        env={"HOME": str(tmp_path), "PATH": "", "CALLPOST_TOOLSETS": "none of the demo's business"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    *_, table, last = done.stdout.strip().split("\n\n")
    assert last.startswith("Every promise held")
    _, *rows = table.splitlines()
    assert [row.split("  ")[0] for row in rows] == [
        "call, answer lost",
        "post, answer lost",
        "call followed",
        "call, server killed",
        "limit reached",
    ]
    assert all(row.endswith("yes") for row in rows)
    shown = re.search(r"(?m)^what happened .*(?:\n.+)*?(?=\n```)", README.read_text())
    assert shown is not None
    assert masked(shown[0]) == masked(table), "README.md shows the demo of another day"
    assert not list(tmp_path.iterdir()), "it leaves nothing behind at home"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_with_its_servers(number: signal.Signals) -> None:
    async with child("demo") as running:
        assert running.process.stdout is not None
        shown = b""
        with anyio.fail_after(WAIT_S):
            while b"start_call" not in shown:
                shown += await running.process.stdout.receive()
        running.process.send_signal(number)
        assert await running.ended() == 128 + number
        assert running.stderr == ""
    assert b"promise was broken" not in shown


def test_one_broken_promise_is_told_and_fails_the_demo() -> None:
    stage = Stage(out=io.StringIO())
    stage.promise(Promise("call, answer lost", "ok", "1 phone rang", "2 phones rang", held=True))
    assert stage.verdict()
    stage.promise(Promise("post, answer lost", "ok", "2 posts", "2 posts", held=False))
    assert not stage.verdict()
    assert isinstance(stage.out, io.StringIO)
    assert stage.out.getvalue().splitlines()[-1].endswith("NO")


def test_a_demo_that_shows_nothing_has_not_held() -> None:
    assert not Stage(out=io.StringIO()).verdict()


async def test_a_server_that_dials_again_is_caught() -> None:
    stage = Stage(out=io.StringIO())
    with anyio.fail_after(20):
        async with world() as there:
            voice = next(iter(there.sandbox.vocobase.agents))
            agent = Agent(cast("Client", Careless(there)), stage)
            cast_ = scenes.Cast(voice=voice, account="", plain=Plain(2, 2, 4))
            await scenes.lost_call(agent, there, cast_)
    assert [promise.held for promise in stage.promises] == [False]
    assert stage.promises[0].upstream_did == "3 phones rang"
