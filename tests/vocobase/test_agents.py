import json
from typing import Any

import httpx2
import pytest

from callpost.arguments import validated
from callpost.errors import InvalidArguments
from callpost_sandbox.vocobase import DEMO_AGENT_ID, seeded_id
from callpost_vocobase import FAMILY
from callpost_vocobase.agents import CreateAgent, UpdateAgent
from harness import Harness, harness

VOICE = seeded_id("voice:Asha")
NEW = {"agent_name": "Clinic", "prompt": "You are a clinic's desk.", "voice_id": VOICE}

EVERY_OPTION: dict[str, Any] = {
    "agent_type": "inbound",
    "intro_message": "Hello",
    "voicemail_detection_enabled": True,
    "voicemail_message": "Call back",
    "project_id": seeded_id("project:Default"),
    "enable_recording": True,
    "max_call_duration_secs": 120,
    "end_call_enabled": True,
    "end_call_message": "Bye",
    "end_call_instructions": "When done",
    "transfer_enabled": True,
    "transfer_number": "+14155550111",
    "transfer_message": "One moment",
    "transfer_instructions": "When asked",
    "background_audio_volume": 0.3,
    "kb_threshold": "high",
    "kb_include_summaries": True,
    "kb_result_format": "- {{text}}",
    "kb_enable_llm_processing": True,
    "kb_llm_system_prompt": "Be brief",
}


def made(h: Harness) -> int:
    return len(h.sandbox.vocobase.journal.effects("agent"))


def bodies(h: Harness, method: str) -> list[dict[str, Any]]:
    return [
        json.loads(request.content) for request in h.vocobase.requests if request.method == method
    ]


async def test_agents_are_listed_by_what_one_chooses_by() -> None:
    async with harness(families=[FAMILY]) as h:
        first = await h.run("list_agents", {"limit": 2})
        rest = await h.run("list_agents", {"limit": 2, "cursor": first["data"]["next_cursor"]})
        rows = first["data"]["items"] + rest["data"]["items"]
        assert {row["agent_name"] for row in rows} == {
            "Appointment desk",
            "Front desk",
            "Satisfaction survey",
        }
        assert all("prompt" not in row for row in rows)
        assert first["data"]["total"] == 3


async def test_agent_is_read_whole() -> None:
    async with harness(families=[FAMILY]) as h:
        told = (await h.run("get_agent", {"agent_id": DEMO_AGENT_ID}))["data"]
        assert told["prompt"].startswith("You are")
        assert told["transfer_enabled"] is False
        assert told["variables"] == ["callee_name"]
        assert "next_text_from" not in told


async def test_long_prompt_is_read_in_parts() -> None:
    async with harness(families=[FAMILY]) as h:
        prompt = "".join(f"{n:05d} " for n in range(5000))
        changed = {"agent_id": DEMO_AGENT_ID, "prompt": prompt, "kb_llm_system_prompt": "short"}
        told = await h.run("update_agent", changed)
        assert len(told["data"]["prompt"]) == 500
        whole, start = "", 0
        while start is not None:
            part = await h.run("get_agent", {"agent_id": DEMO_AGENT_ID, "text_from": start})
            whole += part["data"]["prompt"]
            start = part["data"].get("next_text_from")
        assert whole == prompt.rstrip()


async def test_agent_is_created_with_everything_that_was_asked() -> None:
    async with harness(families=[FAMILY]) as h:
        answer = await h.run("create_agent", {**NEW, **EVERY_OPTION})
        assert answer["ok"]
        assert bodies(h, "POST") == [{**NEW, **EVERY_OPTION}]
        told = (await h.run("get_agent", {"agent_id": answer["data"]["id"]}))["data"]
        expected = {**NEW, **EVERY_OPTION}
        assert {name: told[name] for name in expected} == expected


async def test_agent_is_outbound_unless_said_otherwise() -> None:
    async with harness(families=[FAMILY]) as h:
        await h.run("create_agent", NEW)
        assert bodies(h, "POST") == [{**NEW, "agent_type": "outbound"}]


async def test_cap_is_taken_away_as_null() -> None:
    async with harness(families=[FAMILY]) as h:
        await h.run("create_agent", {**NEW, "no_duration_cap": True})
        assert bodies(h, "POST")[0]["max_call_duration_secs"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"transfer_enabled": True},
        {"no_duration_cap": True, "max_call_duration_secs": 60},
        {"max_call_duration_secs": 30},
        {"agent_name": "x" * 51},
        {"intro_message": "x" * 501},
        {"agent_name": ""},
        {"background_audio_volume": 2},
    ],
)
def test_agent_that_vocobase_would_refuse_is_not_sent(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArguments):
        validated(CreateAgent, {**NEW, **wrong})


@pytest.mark.parametrize("lost", ["lose_answers", "lose_requests"])
async def test_lost_creation_ends_in_one_agent(lost: str) -> None:
    async with harness(families=[FAMILY]) as h:
        h.vocobase.only = "POST"
        setattr(h.vocobase, lost, 1)
        answer = await h.run("create_agent", NEW)
        assert answer["data"]["agent_name"] == "Clinic"
        assert made(h) == 1


async def test_name_of_another_agent_is_a_conflict_even_after_a_lost_answer() -> None:
    async with harness(families=[FAMILY]) as h:
        h.vocobase.only = "POST"
        h.vocobase.lose_answers = 1
        answer = await h.run("create_agent", {**NEW, "agent_name": "Front desk"})
        assert answer["error"]["code"] == "conflict"
        assert made(h) == 0


@pytest.mark.parametrize(
    ("created_at", "code"), [("2999-01-01T00:00:00Z", None), ("2000-01-01T00:00:00Z", "conflict")]
)
async def test_agent_whose_prompt_is_not_listed_is_told_by_its_age(
    created_at: str, code: str | None
) -> None:
    others = [{"id": f"o{n}", "agentName": f"Other {n}"} for n in range(100)]
    ours = {"id": "ours", "agentName": NEW["agent_name"], "createdAt": created_at}
    pages = [{"success": True, "data": {"agents": rows, "total": 101}} for rows in (others, [ours])]
    async with harness(families=[FAMILY]) as h:
        h.vocobase.replies = [
            httpx2.Response(502, json={}),
            httpx2.Response(409, json={}),
            *(httpx2.Response(200, json=page) for page in pages),
        ]
        answer = await h.run("create_agent", NEW)
        assert answer.get("error", {}).get("code") == code
        assert answer.get("data", {}).get("id") == (None if code else "ours")


async def test_texts_of_an_agent_are_not_kept_in_the_ledger() -> None:
    async with harness(families=[FAMILY]) as h:
        await h.run("create_agent", {**NEW, **EVERY_OPTION})
        kept = b"".join(path.read_bytes() for path in h.state.parent.iterdir())
        assert b"clinic's desk" not in kept
        assert b"4155550111" not in kept


async def test_only_what_is_given_changes() -> None:
    async with harness(families=[FAMILY]) as h:
        changed = {
            "agent_id": DEMO_AGENT_ID,
            "variables": ["a", "b"],
            "extraction_config": {
                "prompt": "Look",
                "keys": [{"name": "score", "type": "integer"}],
                "include_tool_logs": True,
            },
        }
        answer = await h.run("update_agent", changed)
        assert bodies(h, "PUT") == [
            {
                "variables": ["a", "b"],
                "extraction_config": {
                    "prompt": "Look",
                    "keys": [{"name": "score", "type": "integer"}],
                    "includeToolLogs": True,
                },
            }
        ]
        assert answer["data"]["extraction_config"]["include_tool_logs"] is True
        assert answer["data"]["intro_message"].startswith("Hello")


async def test_fields_are_emptied_by_name() -> None:
    async with harness(families=[FAMILY]) as h:
        answer = await h.run(
            "update_agent", {"agent_id": DEMO_AGENT_ID, "clear": ["intro_message", "variables"]}
        )
        assert bodies(h, "PUT") == [{"intro_message": None, "variables": None}]
        assert "intro_message" not in answer["data"]
        await h.run("update_agent", {"agent_id": DEMO_AGENT_ID, "variables": []})
        assert bodies(h, "PUT")[1] == {"variables": None}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"clear": ["agent_name"]},
        {"clear": ["intro_message"], "intro_message": "Hi"},
        {"variables": ["no spaces"]},
    ],
)
def test_senseless_change_is_not_sent(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArguments):
        validated(UpdateAgent, {"agent_id": "a1", **wrong})


async def test_changing_there_and_back_reaches_the_agent_each_time() -> None:
    async with harness(families=[FAMILY]) as h:
        for name in ("One", "Two", "One"):
            await h.run("update_agent", {"agent_id": DEMO_AGENT_ID, "agent_name": name})
        assert len(bodies(h, "PUT")) == 3


async def test_deleted_agent_is_gone() -> None:
    async with harness(families=[FAMILY]) as h:
        answer = await h.run("delete_agent", {"agent_id": DEMO_AGENT_ID})
        assert answer["data"] == {"agent_id": DEMO_AGENT_ID, "message": "Agent deleted"}
        gone = await h.run("get_agent", {"agent_id": DEMO_AGENT_ID})
        assert gone["error"]["code"] == "not_found"


async def test_voices_are_filtered_and_paged() -> None:
    async with harness(families=[FAMILY]) as h:
        english = (await h.run("list_voices", {"language": "EN", "limit": 1}))["data"]
        assert english["total"] == 2
        rest = (await h.run("list_voices", {"language": "en", "cursor": "1"}))["data"]
        names = [voice["name"] for voice in english["items"] + rest["items"]]
        assert names == ["Asha", "Emma"]
        male = (await h.run("list_voices", {"gender": "male"}))["data"]
        assert [voice["name"] for voice in male["items"]] == ["Ravi"]


@pytest.mark.parametrize(
    "payload",
    [
        ["v1"],
        [{"id": "v1"}],
        {"voices": [{"voiceId": "v1"}]},
        {"items": [{"voice_id": "v1", "unheard_of": 1}]},
    ],
)
async def test_voices_are_read_in_any_likely_shape(payload: Any) -> None:
    async with harness(families=[FAMILY]) as h:
        h.vocobase.replies = [httpx2.Response(200, json={"success": True, "data": payload})]
        told = (await h.run("list_voices", {"language": "hi"}))["data"]
        assert told["items"] == [{"voice_id": "v1"}]
