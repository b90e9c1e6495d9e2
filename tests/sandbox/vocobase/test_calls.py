from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from callpost_sandbox.vocobase import DEMO_AGENT_ID, VocobaseWorld, seeded_id

Ask = Callable[..., Awaitable[Any]]
SURVEY = seeded_id("agent:Satisfaction survey")
NOBODY = "00000000-0000-4000-8000-000000000000"


def start_body(to_number: str = "+12025550199", **fields: Any) -> dict[str, Any]:
    return {"agent_id": DEMO_AGENT_ID, "to_number": to_number, **fields}


async def test_a_call_lives_from_pending_to_processed(ask: Ask, world: VocobaseWorld) -> None:
    started = await ask(
        "POST", "/calls/start", start_body(variables={"callee_name": "Asha", "visit": 3})
    )
    assert started["status"] == "pending"
    assert started["provider"] == "mcube"
    path = f"/calls/{started['call_id']}"
    assert (await ask("GET", path))["session"] is None
    seen = ["pending"]
    for seconds in (1, 5, 42):
        world.clock.advance(seconds)
        seen.append((await ask("GET", path))["status"])
    assert seen == ["pending", "ringing", "in_progress", "completed"]
    ended = await ask("GET", path)
    assert ended["duration_seconds"] == 42
    assert ended["session"]["credits_used"] == pytest.approx(2.7)
    assert ended["session"]["processing_complete"] is False
    assert ended["session"]["recording_url"] is None
    assert world.balance == pytest.approx(497.3)
    world.clock.advance(5)
    session = (await ask("GET", path))["session"]
    assert session["processing_complete"] is True
    assert session["transcript"][0]["role"] == "bot"
    assert session["transcript"][0]["content"].startswith("Hello Asha, ")
    assert world.calls[started["call_id"]].variables == {"callee_name": "Asha", "visit": "3"}


async def test_a_transcript_grows_while_people_talk(ask: Ask, world: VocobaseWorld) -> None:
    started = await ask("POST", "/calls/start", start_body())
    lengths: list[int] = []
    for seconds in (6, 20, 40):
        world.clock.advance(seconds)
        call = await ask("GET", f"/calls/{started['call_id']}")
        lengths.append(len(call["session"]["transcript"]))
    assert lengths == [1, 3, 5]


@pytest.mark.parametrize(
    ("digits", "status", "disposition"),
    [
        ("01", "no_answer", "no_answer"),
        ("02", "busy", "busy"),
        ("03", "failed", "failed"),
        ("04", "completed", "voicemail"),
        ("05", "canceled", "canceled"),
        ("06", "completed", "user_hangup_no_speech"),
        ("07", "failed", "blocked"),
        ("09", "completed", "completed"),
    ],
)
async def test_the_last_digits_choose_the_end(
    ask: Ask, world: VocobaseWorld, digits: str, status: str, disposition: str
) -> None:
    started = await ask("POST", "/calls/start", start_body(f"+120255501{digits}"))
    world.clock.advance(4000)
    call = await ask("GET", f"/calls/{started['call_id']}")
    assert call["status"] == status
    assert (call["error_message"] is not None) == (status == "failed")
    assert world.calls[call["call_id"]].script.disposition == disposition
    if status != "completed":
        assert world.balance == 500


async def test_a_long_call_ends_at_the_agents_cap(ask: Ask, world: VocobaseWorld) -> None:
    await ask("PUT", f"/agent/{DEMO_AGENT_ID}", {"max_call_duration_secs": 60})
    started = await ask("POST", "/calls/start", start_body("+12025550109"))
    world.clock.advance(66)
    assert (await ask("GET", f"/calls/{started['call_id']}"))["duration_seconds"] == 60


async def test_a_failing_carrier_answers_502_and_nothing_rings(
    client: httpx2.AsyncClient, world: VocobaseWorld
) -> None:
    answer = await client.post("/calls/start", json=start_body("+12025550108"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "INTERNAL_ERROR")
    assert world.journal.effects("call") == []


async def test_the_same_start_twice_rings_twice(ask: Ask, world: VocobaseWorld) -> None:
    first = await ask("POST", "/calls/start", start_body())
    second = await ask("POST", "/calls/start", start_body())
    ids = [("call", first["call_id"]), ("call", second["call_id"])]
    assert world.journal.effects("call") == ids


async def test_active_calls_are_counted_in_upper_case_and_limited(
    ask: Ask, client: httpx2.AsyncClient, world: VocobaseWorld
) -> None:
    for _ in range(5):
        await ask("POST", "/calls/start", start_body())
    concurrency = await ask("GET", "/calls/concurrency")
    assert concurrency == {
        "limit": 5,
        "limit_source": "partner",
        "active": 5,
        "remaining": 0,
        "statuses_counted": ["PENDING", "RINGING", "IN_PROGRESS"],
    }
    refused = await client.post("/calls/start", json=start_body())
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "LIMIT_REACHED")
    world.clock.advance(48)
    assert (await ask("GET", "/calls/concurrency"))["remaining"] == 5
    await ask("POST", "/calls/start", start_body())


async def test_money_and_standing_are_needed_to_dial(
    client: httpx2.AsyncClient, world: VocobaseWorld
) -> None:
    world.balance = 0
    broke = await client.post("/calls/start", json=start_body())
    world.balance, world.account_status = 500, "suspended"
    suspended = await client.post("/calls/start", json=start_body())
    assert [broke.status_code, suspended.status_code] == [403, 403]
    assert broke.json()["error"]["code"] == suspended.json()["error"]["code"] == "FORBIDDEN"
    assert broke.json()["error"]["message"] != suspended.json()["error"]["message"]
    assert world.calls == {}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"to_number": "12025550199"}, 400),
        ({"to_number": "+1 202 555 0199"}, 400),
        ({"to_number": "+12025550199\n"}, 400),
        ({"to_number": 12025550199}, 400),
        ({"provider": "pigeon"}, 400),
        ({"provider": "exotel"}, 400),
        ({"connection_id": NOBODY}, 400),
        ({"variables": ["a"]}, 400),
        ({"agent_id": NOBODY}, 404),
    ],
)
async def test_a_wrong_start_dials_nobody(
    client: httpx2.AsyncClient, world: VocobaseWorld, fields: dict[str, Any], status: int
) -> None:
    answer = await client.post("/calls/start", json=start_body() | fields)
    assert answer.status_code == status
    assert world.calls == {}


async def test_an_allowed_carrier_needs_credentials(
    client: httpx2.AsyncClient, world: VocobaseWorld
) -> None:
    world.allowed_providers.append("SIP")
    answer = await client.post("/calls/start", json=start_body(provider="sip"))
    assert answer.status_code == 400
    assert "not configured" in answer.json()["error"]["message"]


async def test_an_unknown_field_of_a_start_is_ignored(ask: Ask) -> None:
    assert (await ask("POST", "/calls/start", start_body(from_number="+12025550100")))[
        "from_number"
    ] == "+918048000001"


async def test_calls_are_listed_newest_first_in_pages_and_by_state(
    ask: Ask, client: httpx2.AsyncClient, world: VocobaseWorld
) -> None:
    ids = [(await ask("POST", "/calls/start", start_body()))["call_id"]]
    world.clock.advance(60)
    ids += [(await ask("POST", "/calls/start", start_body()))["call_id"] for _ in range(2)]
    page = await ask("GET", "/calls", limit=2, offset=1)
    assert [call["call_id"] for call in page["calls"]] == [ids[1], ids[0]]
    assert (page["total"], page["limit"], page["offset"]) == (3, 2, 1)
    done = await ask("GET", "/calls", status="COMPLETED")
    assert [call["call_id"] for call in done["calls"]] == ids[:1]
    for query in ({"limit": "0"}, {"limit": "101"}, {"offset": "-1"}, {"status": "gone"}):
        assert (await client.get("/calls", params=query)).status_code == 400


async def test_a_recording_is_made_when_the_agent_records_and_can_be_fetched(
    ask: Ask, client: httpx2.AsyncClient, world: VocobaseWorld
) -> None:
    recorded = await ask("POST", "/calls/start", start_body())
    silent = await ask("POST", "/calls/start", start_body() | {"agent_id": SURVEY})
    path = f"/calls/{recorded['call_id']}/recording-url"
    assert (await client.get(path)).status_code == 404
    world.clock.advance(60)
    url = (await ask("GET", path))["recording_url"]
    sound = await client.get(url)
    assert sound.content[:4] == b"RIFF"
    assert (await client.get(f"/calls/{silent['call_id']}/recording-url")).status_code == 404
    world.clock.advance(7 * 24 * 3600)
    assert (await client.get(url)).status_code == 403


async def test_extraction_finds_a_value_for_every_key_and_can_be_tried_dry(
    ask: Ask, client: httpx2.AsyncClient, world: VocobaseWorld
) -> None:
    started = await ask("POST", "/calls/start", start_body() | {"agent_id": SURVEY})
    world.clock.advance(60)
    path = f"/calls/{started['call_id']}"
    found = (await ask("GET", path))["session"]["extraction"]
    assert found["status"] == "success"
    assert found["values"].keys() == {"score", "would_recommend", "remark"}
    config = {"keys": [{"name": "unknown_thing", "type": "date"}, {"name": "day", "type": "date"}]}
    await ask("PUT", f"/agent/{SURVEY}", {"extraction_config": config})
    dry = await ask("POST", f"{path}/extract", {"dry_run": True})
    assert dry["extraction"]["values"]["unknown_thing"] is None
    assert (await ask("GET", path))["session"]["extraction"] == found
    await ask("POST", f"{path}/extract")
    stored = (await ask("GET", path))["session"]["extraction"]["values"]
    assert stored == dry["extraction"]["values"]
    await ask("PUT", f"/agent/{SURVEY}", {"extraction_config": None})
    assert (await client.post(f"{path}/extract")).status_code == 400


async def test_a_browser_session_takes_a_slot_until_it_ends(
    ask: Ask, client: httpx2.AsyncClient, world: VocobaseWorld
) -> None:
    opened = await ask("POST", "/sessions/webrtc", {"agent_id": DEMO_AGENT_ID})
    assert opened["daily_token"]
    for _ in range(4):
        await ask("POST", "/calls/start", start_body())
    body = {"agent_id": DEMO_AGENT_ID}
    assert (await client.post("/sessions/webrtc", json=body)).status_code == 429
    world.clock.advance(60)
    await ask("POST", "/sessions/webrtc", body)
    assert len(world.journal.effects("session")) == 2


async def test_a_number_bound_to_the_agent_is_its_caller_id_where_the_carrier_prefers_it(
    ask: Ask, world: VocobaseWorld
) -> None:
    world.allowed_providers.append("voicelink")
    body = {"did_number": "+918047000003", "client_id": 101, "agent_id": DEMO_AGENT_ID}
    await ask("POST", "/voicelink/call-ready", body)
    started = await ask("POST", "/calls/start", start_body(provider="voicelink"))
    assert started["from_number"] == "+918047000003"
