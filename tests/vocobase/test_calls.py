import json
from typing import Any

import httpx2
import pytest

from callpost.arguments import validated
from callpost.intent import canonical
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.vocobase import DEMO_AGENT_ID
from callpost_vocobase import FAMILY
from callpost_vocobase.calls import StartCall
from harness import VOCOBASE, Harness, harness

NUMBER = "+14155550111"
START = {"agent_id": DEMO_AGENT_ID, "to_number": NUMBER, "provider": "twilio"}


def placed(h: Harness) -> int:
    return len(h.sandbox.vocobase.journal.effects("call"))


def starts(h: Harness) -> list[dict[str, Any]]:
    return [json.loads(request.content) for request in h.vocobase.sent("POST", "/calls/start")]


async def test_call_is_started_with_exactly_what_was_asked() -> None:
    async with harness(families=[FAMILY]) as h:
        wanted = {**START, "to_number": "+1 (415) 555-0111", "variables": {"callee_name": "Asha"}}
        answer = await h.run("start_call", wanted)
        assert answer["ok"]
        assert answer["data"]["status"] == "pending"
        assert starts(h) == [{**START, "variables": {"callee_name": "Asha"}}]
        assert placed(h) == 1


async def test_same_start_again_is_answered_without_dialling() -> None:
    async with harness(families=[FAMILY]) as h:
        first = await h.run("start_call", START)
        again = await h.run("start_call", {**START, "to_number": "tel:+1-415-555-0111"})
        assert again["receipt"]["replayed"]
        assert again["data"]["call_id"] == first["data"]["call_id"]
        assert placed(h) == 1


async def test_naming_the_carrier_on_a_retry_does_not_dial_again() -> None:
    async with harness(families=[FAMILY], VOCOBASE_PROVIDER="twilio") as h:
        without = {name: value for name, value in START.items() if name != "provider"}
        await h.run("start_call", without)
        again = await h.run("start_call", START)
        assert again["receipt"]["replayed"]
        assert placed(h) == 1


async def test_next_occurrence_dials_again() -> None:
    async with harness(families=[FAMILY]) as h:
        await h.run("start_call", START)
        again = await h.run("start_call", {**START, "occurrence": 2})
        assert not again["receipt"]["replayed"]
        assert placed(h) == 2


async def test_number_is_not_kept_in_the_ledger() -> None:
    async with harness(families=[FAMILY]) as h:
        await h.run("start_call", START)
        kept = b"".join(path.read_bytes() for path in h.state.parent.iterdir())
        assert NUMBER[1:].encode() not in kept


async def test_carrier_comes_from_the_setting_where_none_is_given() -> None:
    async with harness(families=[FAMILY], VOCOBASE_PROVIDER="MCube") as h:
        await h.run("start_call", {"agent_id": DEMO_AGENT_ID, "to_number": NUMBER})
        assert starts(h)[0]["provider"] == "mcube"
        assert h.vocobase.sent("GET", "/config") == []


async def test_only_allowed_carrier_needs_no_naming() -> None:
    async with harness(families=[FAMILY]) as h:
        h.vocobase.only = "/config"
        h.vocobase.replies = [config(["TWILIO", "twilio"])]
        await h.run("start_call", {"agent_id": DEMO_AGENT_ID, "to_number": NUMBER})
        assert starts(h)[0]["provider"] == "twilio"


@pytest.mark.parametrize(
    ("replies", "named"),
    [
        ([], "mcube, twilio"),
        (["config"], "tata_smartflo"),
        (["absent"], "tata_smartflo"),
    ],
)
async def test_undecided_carrier_is_asked_for_by_its_choices(
    replies: list[str], named: str
) -> None:
    async with harness(families=[FAMILY]) as h:
        h.vocobase.only = "/config"
        made = {"config": config([]), "absent": httpx2.Response(404, json={})}
        h.vocobase.replies = [made[reply] for reply in replies]
        answer = await h.run("start_call", {"agent_id": DEMO_AGENT_ID, "to_number": NUMBER})
        assert answer["error"]["code"] == "invalid_arguments"
        assert named in answer["error"]["next_step"]
        assert answer["error"]["fields"][0]["path"] == "provider"
        assert placed(h) == 0


async def test_unknown_carrier_in_the_setting_is_told() -> None:
    async with harness(families=[FAMILY], VOCOBASE_PROVIDER="twillio") as h:
        answer = await h.run("start_call", {"agent_id": DEMO_AGENT_ID, "to_number": NUMBER})
        assert "VOCOBASE_PROVIDER" in answer["error"]["message"]
        assert placed(h) == 0


async def test_config_that_fails_for_now_is_told_as_such() -> None:
    async with harness(families=[FAMILY]) as h:
        h.vocobase.only = "/config"
        h.vocobase.refuse_connections = 99
        answer = await h.run("start_call", {"agent_id": DEMO_AGENT_ID, "to_number": NUMBER})
        assert answer["error"]["code"] == "unreachable"
        assert placed(h) == 0


def config(providers: list[str]) -> httpx2.Response:
    return httpx2.Response(
        200, json={"success": True, "data": {"allowed_telephony_providers": providers}}
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 5, "b": True, "c": 2.0, "d": None}, {"a": "5", "b": "true", "c": "2"}),
        ({"a": 2.5}, '{"a": "2.5"}'),
        ({}, None),
        ({"a": "x  "}, {"a": "x"}),
    ],
)
def test_variables_that_become_the_same_texts_are_the_same_intent(one: Any, other: Any) -> None:
    first = validated(StartCall, {**START, "variables": one})
    second = validated(StartCall, {**START, "variables": other})
    assert canonical(first) == canonical(second)
    assert first.body("twilio") == second.body("twilio")


async def test_lost_answer_is_settled_by_finding_the_call() -> None:
    async with harness(families=[FAMILY]) as h:
        h.vocobase.only = "/calls/start"
        h.vocobase.lose_answers = 1
        answer = await h.run("start_call", START)
        assert answer["ok"]
        assert answer["data"]["call_id"] == h.sandbox.vocobase.journal.effects("call")[0][1]
        assert placed(h) == 1


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("lag_s", [0.0, 20.0])
async def test_lost_answer_ends_in_one_call_whatever_the_list_is_like(
    order: Any, lag_s: float
) -> None:
    settings = SandboxSettings(speed=0, list_order=order, list_lag_s=lag_s)
    async with harness(families=[FAMILY], sandbox=settings) as h:
        for other in ("+14155550112", "+14155550102"):
            assert (await h.run("start_call", {**START, "to_number": other}))["ok"]
        h.vocobase.only = "/calls/start"
        h.vocobase.lose_answers = 1
        answer = await h.run("start_call", START)
        for _ in range(10):
            if answer["ok"]:
                break
            assert answer["error"]["side_effect"] == "unknown"
            h.clock.advance(answer["error"]["retry_after_s"])
            answer = await h.run("start_call", START)
        assert answer["ok"]
        assert placed(h) == 3


@pytest.mark.parametrize("offset_s", [-240.0, 0.0, 240.0])
async def test_lost_answer_is_settled_although_the_clocks_differ(offset_s: float) -> None:
    settings = SandboxSettings(speed=0, clock_offset_s=offset_s)
    async with harness(families=[FAMILY], sandbox=settings) as h:
        h.vocobase.only = "/calls/start"
        h.vocobase.lose_answers = 1
        answer = await h.run("start_call", START)
        assert answer["ok"]
        assert placed(h) == 1


async def test_lost_request_is_sent_again_once_it_surely_never_arrived() -> None:
    async with harness(families=[FAMILY]) as h:
        h.vocobase.only = "/calls/start"
        h.vocobase.lose_requests = 1
        answer = await h.run("start_call", START)
        for _ in range(10):
            if answer["ok"]:
                break
            h.clock.advance(answer["error"]["retry_after_s"])
            answer = await h.run("start_call", START)
        assert answer["ok"]
        assert placed(h) == 1


async def test_failing_carrier_is_looked_for_and_never_dialled_twice_at_once() -> None:
    async with harness(families=[FAMILY]) as h:
        answer = await h.run("start_call", {**START, "to_number": "+14155550108"})
        assert answer["error"]["code"] == "outcome_unknown"
        assert len(starts(h)) == 1


async def elsewhere(h: Harness, to_number: str) -> str:
    """A call that another program starts with the same key."""
    transport = httpx2.ASGITransport(app=h.sandbox.vocobase.app)
    headers = {"Authorization": f"Bearer {h.sandbox.vocobase_key}"}
    async with httpx2.AsyncClient(transport=transport, base_url=VOCOBASE) as client:
        reply = await client.post(
            "/api/v2/calls/start", json={**START, "to_number": to_number}, headers=headers
        )
    return reply.json()["data"]["call_id"]


async def test_call_of_another_program_that_may_be_ours_is_left_to_a_person() -> None:
    async with harness(families=[FAMILY]) as h:
        talk = {**START, "to_number": "+14155550109"}
        call_id = await elsewhere(h, talk["to_number"])
        h.clock.advance(100)
        h.vocobase.only = "/calls/start"
        h.vocobase.lose_requests = 1
        answer = await h.run("start_call", talk)
        assert answer["error"]["code"] == "outcome_unknown"
        assert call_id in answer["error"]["message"]
        assert "occurrence" in answer["error"]["next_step"]
        assert "14155550109" not in json.dumps(answer)
        h.clock.advance(60)
        assert (await h.run("start_call", talk))["error"]["code"] == "outcome_unknown"
        assert placed(h) == 1
        assert (await h.run("start_call", {**talk, "occurrence": 2}))["ok"]
        assert placed(h) == 2


async def test_call_of_another_program_that_lasted_longer_than_since_the_send_is_not_ours() -> None:
    async with harness(families=[FAMILY]) as h:
        busy = {**START, "to_number": "+14155550102"}
        await elsewhere(h, busy["to_number"])
        h.clock.advance(100)
        h.vocobase.only = "/calls/start"
        h.vocobase.lose_requests = 1
        answer = await h.run("start_call", busy)
        assert answer["error"]["code"] == "outcome_unknown"
        h.clock.advance(answer["error"]["retry_after_s"])
        assert (await h.run("start_call", busy))["ok"]
        assert placed(h) == 2


async def test_two_lost_starts_to_one_number_find_a_call_each() -> None:
    async with harness(families=[FAMILY]) as h:
        h.vocobase.only = "/calls/start"
        found: set[str] = set()
        for occurrence in (1, 2):
            h.vocobase.lose_answers = 1
            answer = await h.run("start_call", {**START, "occurrence": occurrence})
            found.add(answer["data"]["call_id"])
        assert len(found) == placed(h) == 2


async def test_list_is_paged_and_filtered() -> None:
    async with harness(families=[FAMILY]) as h:
        for last in ("11", "12", "13"):
            await h.run("start_call", {**START, "to_number": f"+141555501{last}"})
        first = await h.run("list_calls", {"limit": 2})
        rest = await h.run("list_calls", {"limit": 2, "cursor": first["data"]["next_cursor"]})
        assert first["data"]["total"] == 3
        numbers = [row["to_number"] for row in first["data"]["items"] + rest["data"]["items"]]
        assert sorted(numbers) == ["+14155550111", "+14155550112", "+14155550113"]
        assert "next_cursor" not in rest["data"]
        none = await h.run("list_calls", {"status": "busy"})
        assert none["data"]["items"] == []


async def test_finished_call_is_told_with_outcome_charge_and_transcript() -> None:
    async with harness(families=[FAMILY]) as h:
        call_id = (await h.run("start_call", START))["data"]["call_id"]
        h.clock.advance(60)
        h.sandbox.vocobase.settle()
        told = (await h.run("get_call", {"call_id": call_id}))["data"]
        assert (told["status"], told["ended"], told["is_final"]) == ("completed", True, True)
        assert told["charged_rupees"] == pytest.approx(2.7)
        assert told["transcript_total"] == len(told["transcript"]) == 5
        assert told["transcript"][0]["role"] == "bot"
        assert "next_step" not in told


async def test_transcript_is_read_in_parts() -> None:
    async with harness(families=[FAMILY]) as h:
        call_id = (await h.run("start_call", START))["data"]["call_id"]
        h.clock.advance(60)
        h.sandbox.vocobase.settle()
        asked = {"call_id": call_id, "transcript_limit": 3}
        first = (await h.run("get_call", asked))["data"]
        assert len(first["transcript"]) == 3
        assert "transcript_from=3" in first["next_step"]
        rest = (await h.run("get_call", {**asked, "transcript_from": 3}))["data"]
        assert len(rest["transcript"]) == 2
        assert "next_step" not in rest


async def test_ended_calls_give_their_slots_back() -> None:
    settings = SandboxSettings(speed=0, active_calls=1)
    async with harness(families=[FAMILY], sandbox=settings) as h:
        call_id = (await h.run("start_call", {**START, "to_number": "+14155550102"}))["data"][
            "call_id"
        ]
        full = await h.run("start_call", START)
        assert full["error"]["code"] == "concurrency_limited"
        h.clock.advance(60)
        assert (await h.run("get_call", {"call_id": call_id}))["data"]["status"] == "busy"
        assert (await h.run("start_call", START))["ok"]


async def test_capacity_is_the_live_one() -> None:
    async with harness(families=[FAMILY], sandbox=SandboxSettings(speed=0, active_calls=3)) as h:
        await h.run("start_call", START)
        told = (await h.run("get_call_capacity"))["data"]
        assert (told["limit"], told["active"], told["remaining"]) == (3, 1, 2)


async def test_recording_has_a_fresh_address() -> None:
    async with harness(families=[FAMILY]) as h:
        call_id = (await h.run("start_call", START))["data"]["call_id"]
        missing = await h.run("get_call_recording", {"call_id": call_id})
        assert missing["error"]["code"] == "not_found"
        h.clock.advance(60)
        h.sandbox.vocobase.settle()
        told = await h.run("get_call_recording", {"call_id": call_id})
        assert told["data"]["recording_url"].startswith("http")


async def test_recording_address_may_come_bare() -> None:
    async with harness(families=[FAMILY]) as h:
        h.vocobase.replies = [httpx2.Response(200, json={"success": True, "data": "https://x/y"})]
        told = await h.run("get_call_recording", {"call_id": "c1"})
        assert told["data"] == {"recording_url": "https://x/y"}
