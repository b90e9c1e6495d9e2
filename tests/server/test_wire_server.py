"""The MCP server over the real engine, through the official client, in both eras."""

import json
from dataclasses import replace
from typing import Any, cast

import anyio
import jsonschema
import mcp_types as types
import pytest
from mcp import Client
from mcp_types import RequestParamsMeta

from callpost import __version__
from callpost.engine import Engine, Turn
from callpost.envelope import Answer
from callpost.toolset import Args, Call, Effect, Family, Result, Tool
from callpost.wire.server import CLIENT_KEY, build_server
from callpost_sandbox.vocobase import DEMO_AGENT_ID
from callpost_vocobase import FAMILY as VOCOBASE
from harness import harness
from wire_client import ERAS, Mode, connected

START = {"agent_id": DEMO_AGENT_ID, "to_number": "+14155550111", "provider": "twilio"}


def envelope(result: types.CallToolResult) -> dict[str, Any]:
    """The structured content; the text has to say the same, compactly."""
    content = cast("dict[str, Any]", result.structured_content)
    (text,) = result.content
    assert isinstance(text, types.TextContent)
    assert text.text == json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    assert content["ok"] is not result.is_error
    return content


def with_key(key: Any) -> RequestParamsMeta:
    """Request metadata with the client's own key."""
    return cast("RequestParamsMeta", {CLIENT_KEY: key})


@ERAS
async def test_the_server_says_who_it_is_and_how_it_wants_to_be_used(mode: Mode) -> None:
    async with connected(mode) as (_, client):
        info, instructions = client.server_info, client.instructions
    assert info is not None
    assert (info.name, info.title, info.version) == ("callpost", "Callpost", __version__)
    assert info.website_url is not None
    assert info.icons is None
    assert instructions is not None
    assert "exactly the same arguments" in instructions
    assert len(instructions) < 1500


@ERAS
async def test_tools_are_listed_whole_and_in_the_order_of_the_table(mode: Mode) -> None:
    async with connected(mode, CALLPOST_TOOLSETS="all") as (h, client):
        listed = (await client.list_tools()).tools
        expected = list(h.callpost.tools)
    assert [tool.name for tool in listed] == expected
    for tool in listed:
        hints = tool.annotations
        assert hints is not None
        assert None not in {
            hints.read_only_hint,
            hints.destructive_hint,
            hints.idempotent_hint,
            hints.open_world_hint,
        }
        assert tool.title
        assert tool.description
        assert tool.output_schema is not None
        assert tool.icons is None


async def test_the_listing_may_be_kept_by_anybody_for_an_hour() -> None:
    async with connected("auto") as (_, client):
        listed = await client.list_tools()
    assert (listed.ttl_ms, listed.cache_scope) == (3_600_000, "public")


@ERAS
async def test_an_answer_is_the_same_in_structure_and_in_text(mode: Mode) -> None:
    async with connected(mode) as (h, client):
        answer = envelope(await client.call_tool("start_call", START))
        assert answer["ok"]
        assert len(h.sandbox.vocobase.journal.effects("call")) == 1


@ERAS
async def test_wrong_arguments_are_an_answer_that_keeps_to_the_output_schema(mode: Mode) -> None:
    async with connected(mode) as (_, client):
        schemas = {tool.name: tool.output_schema for tool in (await client.list_tools()).tools}
        answer = envelope(await client.call_tool("start_call", {"to": "+14155550111"}))
    jsonschema.validate(answer, cast("dict[str, Any]", schemas["start_call"]))
    assert answer["error"]["code"] == "invalid_arguments"


@ERAS
async def test_no_arguments_at_all_are_no_arguments(mode: Mode) -> None:
    async with connected(mode) as (_, client):
        answer = envelope(await client.call_tool("list_agents"))
    assert answer["ok"]


@ERAS
async def test_an_unknown_tool_is_answered_with_the_nearest(mode: Mode) -> None:
    async with connected(mode) as (_, client):
        near = envelope(await client.call_tool("create_posts", {}))
        far = envelope(await client.call_tool("zzz", {}))
        off = envelope(await client.call_tool("delete_agents", {}))
    assert "create_post" in near["error"]["next_step"]
    assert far["error"]["next_step"] == "Use a tool of tools/list."
    assert "delete_agent, which is switched off here" in off["error"]["message"]


@pytest.mark.parametrize(
    ("environ", "remedy"),
    [
        ({}, "CALLPOST_TOOLSETS=+agents"),
        ({"CALLPOST_TOOLSETS": "posts,calls"}, "CALLPOST_TOOLSETS=posts,calls,+agents"),
        ({"CALLPOST_TOOLSETS": "all", "CALLPOST_READ_ONLY": "1"}, "CALLPOST_READ_ONLY"),
        (
            {"CALLPOST_TOOLSETS": "all", "CALLPOST_EXCLUDE_TOOLS": "delete_agent"},
            "CALLPOST_EXCLUDE_TOOLS",
        ),
        ({"CALLPOST_TOOLSETS": "all", "VOCOBASE_API_KEY": ""}, "VOCOBASE_API_KEY"),
    ],
)
async def test_a_tool_that_is_off_is_answered_with_what_would_switch_it_on(
    environ: dict[str, Any], remedy: str
) -> None:
    async with connected("auto", **environ) as (h, client):
        answer = envelope(await client.call_tool("delete_agent", {"agent_id": DEMO_AGENT_ID}))
        assert h.vocobase.requests == []
    assert remedy in answer["error"]["next_step"]
    assert answer["error"]["retry"] == "never"


@ERAS
async def test_the_clients_own_key_names_the_intent(mode: Mode) -> None:
    async with connected(mode) as (h, client):
        first = envelope(await client.call_tool("start_call", START, meta=with_key("k1")))
        again = envelope(await client.call_tool("start_call", START, meta=with_key("k1")))
        other = envelope(
            await client.call_tool(
                "start_call", START | {"to_number": "+14155550122"}, meta=with_key("k1")
            )
        )
        assert len(h.sandbox.vocobase.journal.effects("call")) == 1
    assert first["receipt"]["replayed"] is False
    assert again["receipt"]["replayed"] is True
    assert other["error"]["code"] == "idempotency_conflict"


@ERAS
async def test_a_client_key_that_is_no_text_is_refused_before_anything_is_sent(mode: Mode) -> None:
    async with connected(mode) as (h, client):
        answer = envelope(await client.call_tool("start_call", START, meta=with_key(7)))
        assert h.vocobase.requests == []
    assert answer["error"]["fields"][0]["path"] == f"_meta.{CLIENT_KEY}"


class NoArgs(Args):
    pass


class Note(Result):
    text: str


def family(**handlers: Any) -> list[Family]:
    """A family of reads with these handlers, on Vocobase's facts."""
    made = Family(VOCOBASE.api)
    probes = made.toolset("probes", title="Probes", default=True)
    for handler in handlers.values():
        probes.tool(effect=Effect.READS)(handler)
    return [made]


@ERAS
async def test_progress_reaches_a_client_that_asked_for_it(mode: Mode) -> None:
    async def get_note(args: NoArgs, call: Call) -> Note:
        """Tell how far it is."""
        await call.progress("halfway", done=1, total=2)
        return Note(text="done")

    told: list[tuple[float, float | None, str | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async with connected(mode, family(get_note=get_note)) as (_, client):
        result = await client.call_tool("get_note", {}, progress_callback=on_progress)
        silent = await client.call_tool("get_note", {})
    assert told == [(1.0, 2.0, "halfway")]
    assert envelope(result)["ok"]
    assert envelope(silent)["ok"]


@ERAS
async def test_a_cancelled_request_cancels_what_it_started(mode: Mode) -> None:
    started, cancelled = anyio.Event(), anyio.Event()

    async def get_note(args: NoArgs, call: Call) -> Note:
        """Wait for ever."""
        started.set()
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()
        return Note(text="never")

    async with connected(mode, family(get_note=get_note)) as (_, client):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "get_note")
            await started.wait()
            tasks.cancel_scope.cancel()
        await cancelled.wait()


@ERAS
async def test_half_a_character_from_an_upstream_does_not_end_the_connection(mode: Mode) -> None:
    async def get_note(args: NoArgs, call: Call) -> Note:
        """Pass on what came."""
        return Note.model_construct(text="half \ud83d")

    async with connected(mode, family(get_note=get_note)) as (_, client):
        first = envelope(await client.call_tool("get_note", {}))
        second = envelope(await client.call_tool("get_note", {}))
    assert first == second


class Defective(Engine):
    async def run(self, tool: Tool, arguments: Any, turn: Turn | None = None) -> Answer:  # noqa: ARG002 -- the engine's own signature
        raise RuntimeError("rg_live_secret in the text of an exception")


@ERAS
async def test_the_text_of_a_defect_stays_with_us(
    mode: Mode, caplog: pytest.LogCaptureFixture
) -> None:
    async with harness() as h:
        engine = h.callpost.engine
        broken = Defective(
            engine.ledger, engine.upstream, engine.clock, engine.access, engine.bounds
        )
        server = build_server(replace(h.callpost, engine=broken))
        with anyio.fail_after(20):
            async with Client(server, mode=mode) as client:
                answer = envelope(await client.call_tool("list_posts", {}))
    assert answer["error"]["code"] == "internal"
    assert "secret" not in json.dumps(answer)
    assert "a tool call failed by a defect" in caplog.text
