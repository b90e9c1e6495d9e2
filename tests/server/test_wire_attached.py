"""Resources, prompts and completions, through the official client, in both eras."""

import json
import re
from typing import Any, cast

import mcp_types as types
import pytest
from mcp.shared.exceptions import MCPError

from callpost.assembly import assemble
from callpost.know_how import TOPICS
from callpost.wire.choices import KEPT_S
from callpost_sandbox.vocobase import DEMO_AGENT_ID
from callpost_vocobase import FAMILY as VOCOBASE
from callpost_voxburst import FAMILY as VOXBURST
from wire_client import ERAS, Mode, connected

START = {"agent_id": DEMO_AGENT_ID, "to_number": "+14155550111", "provider": "twilio"}


def text_of(result: types.ReadResourceResult) -> str:
    (contents,) = result.contents
    assert isinstance(contents, types.TextResourceContents)
    return contents.text


def data_of(result: types.CallToolResult) -> dict[str, Any]:
    return cast("dict[str, Any]", result.structured_content)["data"]


def prompt(name: str) -> types.PromptReference:
    return types.PromptReference(name=name)


@ERAS
async def test_what_can_be_attached_is_listed(mode: Mode) -> None:
    async with connected(mode) as (_, client):
        single = (await client.list_resources()).resources
        many = (await client.list_resource_templates()).resource_templates
    assert [r.uri for r in single] == [
        "callpost://status",
        *(f"callpost://guide/{topic}" for topic in TOPICS),
    ]
    assert [t.uri_template for t in many] == [
        "callpost://calls/{id}",
        "callpost://posts/{id}",
        "callpost://guide/{topic}",
    ]


@ERAS
async def test_a_call_is_attached_as_its_tool_tells_it(mode: Mode) -> None:
    async with connected(mode) as (_, client):
        call_id = data_of(await client.call_tool("start_call", START))["call_id"]
        told = data_of(await client.call_tool("get_call", {"call_id": call_id}))
        attached = text_of(await client.read_resource(f"callpost://calls/{call_id}"))
    assert json.loads(attached) == told


async def test_the_status_is_attached() -> None:
    async with connected() as (_, client):
        status = json.loads(text_of(await client.read_resource("callpost://status")))
    assert {api["api"] for api in status["apis"]} == {"vocobase", "voxburst"}


@ERAS
@pytest.mark.parametrize(
    "uri",
    [
        "callpost://calls/no-such-call",
        "callpost://calls/",
        "callpost://calls",
        "callpost://calls/../agent",
        "callpost://status/1",
        "callpost://guide/nothing",
        "callpost://agents/1",
        "file:///etc/passwd",
    ],
)
async def test_what_is_not_there_is_a_protocol_error_that_names_it(mode: Mode, uri: str) -> None:
    async with connected(mode) as (_, client):
        with pytest.raises(MCPError) as refused:
            await client.read_resource(uri)
    assert refused.value.error.code == types.INVALID_PARAMS
    assert refused.value.error.data == {"uri": uri}


async def test_a_resource_that_cannot_be_read_now_says_why_and_what_to_do() -> None:
    async with connected() as (h, client):
        h.vocobase.refuse_connections = 100
        with pytest.raises(MCPError) as refused:
            await client.read_resource("callpost://calls/c1")
    assert refused.value.error.code == types.INTERNAL_ERROR
    assert refused.value.error.data["code"] in {"unreachable", "upstream_error"}
    assert refused.value.error.data["next_step"] in refused.value.error.message


@pytest.mark.parametrize("topic", TOPICS)
async def test_a_guide_is_short_and_has_a_part_of_everybody_concerned(topic: str) -> None:
    async with connected() as (_, client):
        text = text_of(await client.read_resource(f"callpost://guide/{topic}"))
    assert text.startswith(f"# {TOPICS[topic]}\n\n## Callpost\n\n")
    assert ("## VoxBurst" in text) is (topic != "retries")
    assert len(text) < 3500


async def test_a_guide_leaves_out_an_api_that_is_off() -> None:
    async with connected(VOCOBASE_API_KEY="") as (_, client):
        text = text_of(await client.read_resource("callpost://guide/money"))
        many = (await client.list_resource_templates()).resource_templates
    assert "rupees" not in text
    assert "credits" in text
    assert "callpost://calls/{id}" not in {t.uri_template for t in many}


def test_know_how_names_only_tools_and_arguments_that_exist() -> None:
    catalog = assemble({}).catalog
    for family in (VOCOBASE, VOXBURST):
        know_how = family.know_how
        named = {r.tool for r in know_how.resources} | {c.tool for c in know_how.choices}
        named |= {tool for p in know_how.prompts for tool in p.tools}
        assert {name for name in named if catalog.find(name) is None} == set()
        for resource in know_how.resources:
            tool = catalog.find(resource.tool)
            assert tool is not None
            assert resource.argument in tool.args.model_fields
        texts = [p.text for p in know_how.prompts] + [g.text for g in know_how.guides]
        words = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", " ".join(texts)))
        verbs = ("list_", "get_", "create_", "start_", "wait_", "retry_", "fix_", "validate_")
        assert {w for w in words if w.startswith(verbs) and catalog.find(w) is None} == set()
        for p in know_how.prompts:
            assert set(re.findall(r"\{(\w+)\}", p.text)) == {a.name for a in p.arguments}
        assert {g.topic for g in know_how.guides} <= TOPICS.keys()


@ERAS
async def test_prompts_are_offered_where_their_tools_are_on(mode: Mode) -> None:
    async with connected(mode) as (_, client):
        default = {p.name for p in (await client.list_prompts()).prompts}
    async with connected(mode, CALLPOST_TOOLSETS="+agents") as (_, client):
        more = {p.name for p in (await client.list_prompts()).prompts}
    async with connected(mode, CALLPOST_READ_ONLY="1") as (_, client):
        fewer = {p.name for p in (await client.list_prompts()).prompts}
    assert default == {"run_call_list", "plan_week_of_posts", "follow_up_failed_posts"}
    assert more == default | {"set_up_call_agent"}
    assert fewer == {"follow_up_failed_posts"}


@ERAS
async def test_a_prompt_is_filled_with_what_is_given_and_says_what_stands_for_the_rest(
    mode: Mode,
) -> None:
    given = {"people": "Asha +1 415 555 0111, {purpose}", "purpose": "a reminder"}
    async with connected(mode) as (_, client):
        result = await client.get_prompt("run_call_list", given)
    (message,) = result.messages
    assert isinstance(message.content, types.TextContent)
    assert "Asha +1 415 555 0111" in message.content.text
    assert "What the calls are for: a reminder" in message.content.text
    assert "choose with list_agents" in message.content.text


async def test_a_value_is_not_filled_in_turn() -> None:
    async with connected() as (_, client):
        given = {"people": "{purpose}", "purpose": "SECRET"}
        result = await client.get_prompt("run_call_list", given)
    content = result.messages[0].content
    assert isinstance(content, types.TextContent)
    assert "People (name and number): {purpose}" in content.text


@ERAS
async def test_a_prompt_without_what_it_needs_is_refused(mode: Mode) -> None:
    async with connected(mode) as (_, client):
        with pytest.raises(MCPError, match="needs people"):
            await client.get_prompt("run_call_list", {"people": " ", "purpose": "x"})
        with pytest.raises(MCPError, match="there are: run_call_list"):
            await client.get_prompt("run_calls", {})


@ERAS
async def test_ids_are_completed_by_id_or_by_name(mode: Mode) -> None:
    async with connected(mode) as (_, client):
        ref = prompt("run_call_list")
        every = await client.complete(ref, {"name": "agent_id", "value": ""})
        by_id = await client.complete(ref, {"name": "agent_id", "value": DEMO_AGENT_ID[:6]})
        by_name = await client.complete(ref, {"name": "agent_id", "value": "appointment"})
        none = await client.complete(ref, {"name": "people", "value": "A"})
    assert DEMO_AGENT_ID in every.completion.values
    assert by_id.completion.values == [DEMO_AGENT_ID]
    assert by_name.completion.values == [DEMO_AGENT_ID]
    assert none.completion.values == []


async def test_the_last_of_several_ids_is_completed() -> None:
    async with connected() as (_, client):
        ref = prompt("plan_week_of_posts")
        one = (await client.complete(ref, {"name": "account_ids", "value": ""})).completion.values
        two = await client.complete(ref, {"name": "account_ids", "value": f"{one[0]},{one[1][:8]}"})
    assert f"{one[0]},{one[1]}" in two.completion.values


async def test_voices_topics_and_calls_are_completed_too() -> None:
    async with connected(CALLPOST_TOOLSETS="+agents") as (_, client):
        voices = await client.complete(
            prompt("set_up_call_agent"), {"name": "voice_id", "value": ""}
        )
        topics = await client.complete(
            types.ResourceTemplateReference(uri="callpost://guide/{topic}"),
            {"name": "topic", "value": "re"},
        )
        call_id = data_of(await client.call_tool("start_call", START))["call_id"]
        calls = await client.complete(
            types.ResourceTemplateReference(uri="callpost://calls/{id}"),
            {"name": "id", "value": "+14155550111"},
        )
    assert voices.completion.values
    assert topics.completion.values == ["retries"]
    assert calls.completion.values == [call_id]


async def test_completion_asks_the_api_once_a_minute() -> None:
    async with connected() as (h, client):
        for typed in ("", "a", "ap"):
            await client.complete(prompt("run_call_list"), {"name": "agent_id", "value": typed})
        assert len(h.vocobase.requests) == 1
        h.clock.advance(KEPT_S)
        await client.complete(prompt("run_call_list"), {"name": "agent_id", "value": ""})
        assert len(h.vocobase.requests) == 2


async def test_completion_of_an_api_that_does_not_answer_is_empty() -> None:
    async with connected() as (h, client):
        h.vocobase.refuse_connections = 100
        found = await client.complete(prompt("run_call_list"), {"name": "agent_id", "value": ""})
    assert found.completion.values == []


@ERAS
async def test_a_page_that_does_not_exist_is_refused(mode: Mode) -> None:
    async with connected(mode) as (_, client):
        for listing in (
            client.list_tools,
            client.list_prompts,
            client.list_resources,
            client.list_resource_templates,
        ):
            with pytest.raises(MCPError):
                await listing(cursor="2")
