"""How a stdio server starts, stays clean on stdout, and ends."""

import json
import os
import signal
from pathlib import Path

import pytest

from processes.child import MODERN, child, initialize

FAKE_KEYS = {"VOCOBASE_API_KEY": "rg_live_x", "VOXBURST_API_KEY": "vb_live_x"}
NOWHERE = {
    "VOCOBASE_API_URL": "http://127.0.0.1:9/api/v2",
    "VOXBURST_API_URL": "http://127.0.0.1:9",
}


async def test_it_starts_and_lists_tools_without_keys_and_without_network() -> None:
    async with child(env=NOWHERE) as server:
        result = await server.handshake()
        listed = await server.ask("tools/list")
    assert result["serverInfo"]["name"] == "callpost"
    assert {"start_call", "create_post"} <= {t["name"] for t in listed["result"]["tools"]}


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
async def test_the_handshake_era_is_served_in_every_version(version: str) -> None:
    async with child() as server:
        result = await server.handshake(version)
        answer = await server.call("start_call", {})
    assert result["protocolVersion"] == version
    assert answer["error"]["code"] in {"invalid_arguments", "unauthorized"}


async def test_the_era_without_a_handshake_is_served_by_the_same_process() -> None:
    async with child() as server:
        discovered = await server.ask("server/discover", {"_meta": MODERN})
        listed = await server.ask("tools/list", {"_meta": MODERN})
        called = await server.ask(
            "tools/call", {"name": "list_posts", "arguments": {}, "_meta": MODERN}
        )
    assert discovered["result"]["supportedVersions"] == ["2026-07-28"]
    assert listed["result"]["ttlMs"] == 3_600_000
    assert listed["result"]["cacheScope"] == "public"
    assert called["result"]["structuredContent"]["error"]["code"] == "unauthorized"
    assert called["result"]["isError"] is True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_an_idle_server_with_its_own_status(number: signal.Signals) -> None:
    async with child() as server:
        await server.handshake()
        await server.call("list_posts")
        server.process.send_signal(number)
        assert await server.ended() == 128 + number
        assert await server.rest() == b""
        assert server.stderr == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_a_server_that_is_still_starting(number: signal.Signals) -> None:
    async with child(python=["-X", "importtime"]) as server:
        await server.says("callpost.wire.pipe")
        await server.send({"id": 1, "method": "tools/call", "params": {"name": "list_posts"}})
        server.process.send_signal(number)
        assert await server.ended() in {128 + number, -number}


async def test_the_end_of_input_ends_the_server_with_status_zero() -> None:
    async with child() as server:
        await server.handshake()
        await server.call("list_posts")
        await server.stdin.aclose()
        assert await server.ended() == 0
        assert await server.rest() == b""
        assert server.stderr == ""


async def test_a_host_that_says_nothing_and_leaves_is_no_failure() -> None:
    async with child() as server:
        await server.stdin.aclose()
        assert await server.ended() == 0
        assert server.stderr == ""


async def test_a_host_that_stops_reading_is_no_failure() -> None:
    ours, its = os.pipe()
    async with child(stdout=its) as server:
        os.close(its)
        os.close(ours)
        await server.send({"id": 1, "method": "initialize", "params": initialize()})
        assert await server.ended() == 0
        assert "Traceback" not in server.stderr


async def test_a_wrong_setting_is_one_line_on_stderr_and_status_two() -> None:
    async with child(env={"CALLPOST_TOOLSETS": "psots"}) as server:
        assert await server.ended() == 2
        assert await server.rest() == b""
        assert server.stderr.count("\n") == 1
        assert "Did you mean posts?" in server.stderr


async def test_garbage_on_stdin_harms_nothing() -> None:
    async with child() as server:
        await server.handshake()
        await server.send_raw(b"hello\n\n\xff\xfe\x00\n{\n[]\n[1,2]\nnull\n1e999\n{}\n")
        await server.send_raw(b'{"jsonrpc":"2.0","id":7}\n{"jsonrpc":"1.0","method":3}\r\n')
        await server.send_raw(b"[" * 100_000 + b"\n")
        answer = await server.call("list_posts")
    assert answer["error"]["code"] == "unauthorized"
    assert server.others == []


async def test_a_request_that_is_no_json_rpc_is_refused_under_its_id() -> None:
    async with child() as server:
        await server.handshake()
        await server.send_raw(b'{"jsonrpc":"2.0","id":7,"method":"tools/list","params":[1]}\n')
        assert (await server.answer(7))["error"]["code"] == -32600


async def test_half_a_surrogate_pair_from_a_javascript_host_is_answered() -> None:
    async with child(env=FAKE_KEYS | NOWHERE) as server:
        await server.handshake()
        arguments = '{"post_id":"\\ud83d"}'
        await server.send_raw(
            b'{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"get_post",'
            b'"arguments":' + arguments.encode() + b"}}\n"
        )
        answer = await server.answer(8)
    assert answer["result"]["structuredContent"]["error"]["code"] == "invalid_arguments"


async def test_a_huge_line_is_answered_like_any_other() -> None:
    async with child(env=FAKE_KEYS | NOWHERE) as server:
        await server.handshake()
        answer = await server.call(
            "create_post", {"content": "x" * 5_000_000, "account_ids": ["a"], "when": "draft"}
        )
    assert answer["error"]["code"] == "invalid_arguments"


async def test_requests_in_flight_at_once_are_all_answered() -> None:
    async with child() as server:
        await server.handshake()
        identifiers = list(range(1000, 1100))
        await server.send(
            *(
                {"id": n, "method": "tools/call", "params": {"name": "list_posts"}}
                for n in identifiers
            )
        )
        answers = [await server.answer(n) for n in identifiers]
    assert {a["result"]["isError"] for a in answers} == {True}


async def test_everything_sent_in_one_write_is_answered() -> None:
    async with child() as server:
        await server.send(
            {"id": 1, "method": "initialize", "params": initialize()},
            {"method": "notifications/initialized"},
            {"id": 2, "method": "tools/list"},
            {"id": 3, "method": "tools/call", "params": {"name": "list_posts"}},
            {"id": "four", "method": "ping"},
            {"id": 5, "method": "no/such"},
        )
        answers = {n: await server.answer(n) for n in (1, 2, 3, "four", 5)}
    assert answers[1]["result"]["protocolVersion"] == "2025-11-25"
    assert answers[3]["result"]["isError"] is True
    assert answers["four"]["result"] == {}
    assert answers[5]["error"]["code"] == -32601


async def test_logs_go_to_stderr_in_one_format_and_quiet_others() -> None:
    async with child(env={"CALLPOST_LOG_LEVEL": "DEBUG"}) as server:
        await server.handshake()
        await server.call("list_posts")
        await server.stdin.aclose()
        assert await server.ended() == 0
    assert not [line for line in server.stderr.splitlines() if " mcp" in line or "httpx2" in line]


async def test_a_tool_that_is_off_is_answered_with_how_to_switch_it_on() -> None:
    async with child() as server:
        await server.handshake()
        off = await server.call("delete_agent", {"agent_id": "a"})
        unknown = await server.call("creat_post", {})
    assert "CALLPOST_TOOLSETS" in off["error"]["next_step"]
    assert off["error"]["retry"] == "never"
    assert "create_post" in unknown["error"]["message"]
    assert json.dumps(unknown).count("invalid_arguments") == 1


@pytest.mark.parametrize("how", ["end of input", "SIGTERM"])
async def test_the_sandbox_leaves_nothing_behind(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    async with child(
        "serve", "--sandbox", env={"TMPDIR": str(folder), "CALLPOST_STATE": ""}
    ) as server:
        await server.handshake()
        agents = await server.call("list_agents")
        made = [path.name for path in folder.iterdir()]
        if how == "SIGTERM":
            server.process.send_signal(signal.SIGTERM)
        else:
            await server.stdin.aclose()
        assert await server.ended() in {0, 143}
    assert agents["ok"]
    assert len(made) == 1
    assert list(folder.iterdir()) == []
    assert server.stderr.count("\n") == 1
    assert "nothing real is called or posted" in server.stderr


async def test_keys_that_are_set_are_not_used_on_the_sandbox() -> None:
    real = {"VOCOBASE_API_KEY": "rg_live_real", "VOXBURST_API_KEY_FILE": "/no/such/file"}
    async with child("--sandbox", env=real) as server:
        await server.handshake()
        assert (await server.call("list_agents"))["ok"]
        assert (await server.call("list_posts"))["ok"]


async def test_on_a_terminal_it_says_who_is_waited_for() -> None:
    ours, its = os.openpty()
    async with child(stdin=its) as server:
        os.close(its)
        await server.says("callpost demo")
        os.close(ours)
        assert await server.ended() in {0, 129, -signal.SIGHUP}
