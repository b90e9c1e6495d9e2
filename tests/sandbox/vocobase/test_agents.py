from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from callpost_sandbox.vocobase import DEMO_AGENT_ID, VocobaseWorld, seeded_id

Ask = Callable[..., Awaitable[Any]]
SURVEY = seeded_id("agent:Satisfaction survey")
VOICE = seeded_id("voice:Asha")
NOBODY = "00000000-0000-4000-8000-000000000000"


async def test_an_agent_is_created_read_changed_and_deleted(
    ask: Ask, client: httpx2.AsyncClient
) -> None:
    body = {"agent_name": "Nurse", "prompt": "Ask.", "voice_id": VOICE, "agent_type": "outbound"}
    made = await ask("POST", "/agent", body | {"intro_message": ""})
    assert (made["agent_name"], made["language"], made["intro_message"]) == ("Nurse", "en", None)
    listed = await ask("GET", "/agent", limit=1)
    assert listed["agents"] == [made]
    assert listed["total"] == 4
    change = {"transfer_enabled": True, "transfer_number": "+12025550101"}
    changed = await ask("PUT", f"/agent/{made['id']}", change)
    assert (changed["transferEnabled"], changed["transferNumber"]) == (True, "+12025550101")
    assert changed["prompt"] == "Ask."
    assert await ask("GET", f"/agent/{made['id']}") == changed
    assert await ask("DELETE", f"/agent/{made['id']}") == {"message": "Agent deleted"}
    assert (await client.get(f"/agent/{made['id']}")).status_code == 404


async def test_transfer_fields_are_taken_in_both_spellings_and_cleared_together(ask: Ask) -> None:
    path = f"/agent/{DEMO_AGENT_ID}"
    set_up = {"transferEnabled": True, "transferNumber": "+12025550101", "transferMessage": "One"}
    changed = await ask("PUT", path, set_up)
    assert {name: changed[name] for name in set_up} == set_up
    cleared = await ask("PUT", path, {"transfer_enabled": False})
    assert (cleared["transferNumber"], cleared["transferMessage"]) == (None, None)


async def test_voices_carry_what_an_agent_needs(ask: Ask) -> None:
    voices = (await ask("GET", "/agent/voices"))["voices"]
    assert {"id", "language", "gender"} <= voices[0].keys()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"agent_name": "x" * 51}, "agent_name"),
        ({"max_call_duration_secs": 59}, "max_call_duration_secs"),
        ({"kb_threshold": "none"}, "kb_threshold"),
        ({"enable_recording": "yes"}, "enable_recording"),
        ({"enable_recording": None}, "enable_recording"),
        ({"transfer_enabled": True}, "transfer_number"),
        ({"voice_id": "no such"}, "voice_id"),
        ({"project_id": NOBODY}, "project_id"),
        ({"background_audio_id": NOBODY}, "background_audio_id"),
        ({"variables": ["two words"]}, "variables.0"),
        ({}, "at least one"),
    ],
)
async def test_a_wrong_field_of_an_agent_is_named(
    client: httpx2.AsyncClient, fields: dict[str, Any], named: str
) -> None:
    answer = await client.put(f"/agent/{DEMO_AGENT_ID}", json=fields)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]


async def test_a_taken_agent_name_is_a_conflict_and_the_limit_is_forbidden(
    client: httpx2.AsyncClient, world: VocobaseWorld
) -> None:
    body = {"agent_name": "Front desk", "prompt": "p", "voice_id": VOICE}
    assert (await client.post("/agent", json=body)).status_code == 409
    taken = {"agent_name": "Front desk"}
    assert (await client.put(f"/agent/{SURVEY}", json=taken)).status_code == 409
    world.agent_limit = 3
    answer = await client.post("/agent", json=body | {"agent_name": "Another"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")


async def test_nulls_reset_what_they_are_documented_to_reset(ask: Ask) -> None:
    nulls = {"kb_threshold": None, "variables": None, "extraction_config": None}
    changed = await ask("PUT", f"/agent/{SURVEY}", nulls | {"max_call_duration_secs": None})
    assert changed["kb_threshold"] == "medium"
    assert changed["variables"] == []
    assert (changed["extraction_config"], changed["max_call_duration_secs"]) == (None, None)


async def test_dictionaries_are_normalised_attached_as_a_set_and_limited(
    ask: Ask, client: httpx2.AsyncClient
) -> None:
    body = {"name": "Drugs", "terms": [" ibu  profen ", "ibu profen", " "], "description": ""}
    made = await ask("POST", "/dictionaries", body)
    assert (made["terms"], made["term_count"], made["description"]) == (["ibu profen"], 1, None)
    assert (await client.post("/dictionaries", json=body)).status_code == 409
    path = f"/agent/{DEMO_AGENT_ID}/dictionaries"
    attached = await ask("PUT", path, {"dictionary_ids": [made["id"], made["id"]]})
    assert [row["attached_agent_count"] for row in attached["dictionaries"]] == [1]
    assert await ask("GET", path) == attached
    renamed = await ask("PATCH", f"/dictionaries/{made['id']}", {"name": "Medicines"})
    assert (renamed["name"], renamed["terms"]) == ("Medicines", ["ibu profen"])
    long = await client.patch(f"/dictionaries/{made['id']}", json={"terms": ["x" * 10_001]})
    assert long.json()["error"]["code"] == "DICTIONARY_CHAR_LIMIT_EXCEEDED"
    unknown = await client.put(path, json={"dictionary_ids": [NOBODY]})
    assert unknown.status_code == 400
    assert await ask("PUT", path, {"dictionary_ids": []}) == {"dictionaries": []}


async def test_attached_dictionaries_are_limited_together(
    ask: Ask, client: httpx2.AsyncClient
) -> None:
    ids = [
        (await ask("POST", "/dictionaries", {"name": name, "terms": [name * 6000]}))["id"]
        for name in "ab"
    ]
    path = f"/agent/{DEMO_AGENT_ID}/dictionaries"
    answer = await client.put(path, json={"dictionary_ids": ids})
    assert answer.json()["error"]["code"] == "DICTIONARY_CHAR_LIMIT_EXCEEDED"
    assert await ask("GET", path) == {"dictionaries": []}
