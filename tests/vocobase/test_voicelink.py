import json
from typing import Any

import httpx2
import pytest

from callpost_sandbox.vocobase import DEMO_AGENT_ID
from harness import harness

pytestmark = pytest.mark.anyio

SECRET = "s3cret-Zq9-pass"
CLIENT = {
    "first_name": "North",
    "last_name": "Clinic",
    "username": "north",
    "email": "n@example.com",
    "password": SECRET,
    "channel_count": 2,
    "is_active": True,
}
BOT = {"bot_name": "Bridge", "client_id": 101}
DID = 501


def passed_on(body: Any) -> httpx2.Response:
    return httpx2.Response(200, json={"success": True, "data": body})


async def test_client_is_created_changed_and_listed() -> None:
    async with harness() as h:
        made = await h.run("create_voicelink_client", CLIENT)
        assert made["data"]["record"]["username"] == "north"
        (post,) = h.vocobase.sent("POST", "/voicelink/clients")
        assert json.loads(post.content)["is_active"] == 1
        kept = b"".join(p.read_bytes() for p in h.state.parent.iterdir() if p.is_file())
        assert SECRET.encode() not in kept
        assert b"n@example.com" not in kept
        own_id = int(made["data"]["id"])
        changed = await h.run("update_voicelink_client", {"client_id": own_id, "channel_count": 4})
        assert changed["data"]["record"]["channel_count"] == 4
        assert json.loads(h.vocobase.requests[-1].content) == {"channel_count": 4}
        first = await h.run("list_voicelink_clients", {"limit": 1})
        assert (first["data"]["total"], first["data"]["next_cursor"]) == (2, "1")
        rest = await h.run("list_voicelink_clients", {"limit": 1, "cursor": "1"})
        assert rest["data"]["items"][0]["username"] == "north"
        assert "next_cursor" not in rest["data"]


async def test_lost_client_and_lost_bot_are_found() -> None:
    async with harness() as h:
        for tool, call in (("create_voicelink_client", CLIENT), ("create_voicelink_bot", BOT)):
            h.vocobase.only, h.vocobase.lose_answers = "POST", 1
            answer = await h.run(tool, call)
            assert answer["ok"], answer
            assert "Found in the list" in answer["data"]["note"]
        assert len(h.sandbox.vocobase.voicelink_bots) == 1


async def test_lost_client_stays_unknown_where_the_list_does_not_show_it() -> None:
    async with harness() as h:
        h.vocobase.only, h.vocobase.lose_requests = "POST", 1
        h.vocobase.replies.clear()
        answer_only = {"data": [{"ref": 7}]}
        answer = None

        original = h.vocobase.handle_async_request

        async def opaque(request: httpx2.Request) -> httpx2.Response:
            if request.method == "GET":
                h.vocobase.requests.append(request)
                return passed_on(answer_only)
            return await original(request)

        h.vocobase.handle_async_request = opaque  # type: ignore[method-assign]
        answer = await h.run("create_voicelink_client", CLIENT)
        assert answer["error"]["code"] == "outcome_unknown"
        assert "occurrence" in answer["error"]["next_step"]


async def test_client_update_without_a_change_is_refused() -> None:
    async with harness() as h:
        call = {"client_id": 101, "connection_id": "c"}
        answer = await h.run("update_voicelink_client", call)
        assert "at least one field" in answer["error"]["fields"][0]["problem"]


async def test_list_that_is_not_paged_after_all_is_paged_here() -> None:
    async with harness() as h:
        for cursor, shown in ((None, [0, 1]), ("2", [2, 3]), ("4", [4])):
            h.vocobase.replies.append(passed_on([{"id": n} for n in range(5)]))
            page = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            answer = await h.run("list_voicelink_clients", page)
            assert [row["id"] for row in answer["data"]["items"]] == shown
            assert answer["data"].get("next_cursor") == {0: "2", 2: "4", 4: None}[shown[0]]


async def test_number_is_mapped_and_listed() -> None:
    async with harness() as h:
        available = await h.run("list_voicelink_numbers", {"which": "available"})
        assert [row["did_id"] for row in available["data"]["items"]] == [502, 503]
        mapped = await h.run(
            "map_voicelink_number",
            {
                "client_id": 101,
                "did_id": 502,
                "call_recording": True,
                "number_status": "assigned",
                "expires_on": "2027-01-31",
                "auto_renew": False,
            },
        )
        assert mapped["ok"], mapped
        assert json.loads(h.vocobase.requests[-1].content) == {
            "client_id": 101,
            "did_id": 502,
            "call_recording": 1,
            "user_status": 2,
            "user_expiry_date": "2027-01-31",
            "client_auto_renew": 0,
        }
        bought = await h.run("list_voicelink_numbers", {"client_id": 101, "limit": 1})
        assert bought["data"]["total"] == 2


async def test_mapping_that_renews_is_looked_for_instead_of_repeated() -> None:
    async with harness() as h:
        h.vocobase.only, h.vocobase.lose_answers = "/dids/map", 1
        call = {"client_id": 101, "did_id": 502, "call_recording": False, "auto_renew": True}
        answer = await h.run("map_voicelink_number", call)
        assert answer["ok"], answer
        assert len(h.vocobase.sent("POST", "/dids/map")) == 1


async def test_available_numbers_take_no_filter() -> None:
    async with harness() as h:
        answer = await h.run("list_voicelink_numbers", {"which": "available", "client_id": 101})
        assert answer["error"]["fields"][0]["path"] == "client_id"


async def test_bot_and_routing_are_created_and_replaced() -> None:
    async with harness() as h:
        bot = await h.run("create_voicelink_bot", BOT)
        bot_id = int(bot["data"]["id"])
        replaced = await h.run(
            "replace_voicelink_bot",
            {
                "bot_id": bot_id,
                "bot_name": "Bridge 2",
                "websocket_url": "wss://bots.example.com/ws",
                "is_active": False,
            },
        )
        assert replaced["data"]["record"]["status"] == 0
        listed = await h.run("list_voicelink_bots", {"is_active": False})
        assert listed["data"]["items"][0]["bot_name"] == "Bridge 2"
        modes = {"for_inbound_call": 1, "for_outbound_call": 3}
        h.vocobase.only, h.vocobase.lose_answers = "POST", 1
        routing = await h.run(
            "create_voicelink_routing",
            {"did_id": DID, **modes, "outbound_websocket_bot_id": bot_id},
        )
        assert routing["ok"], routing
        other = await h.run(
            "replace_voicelink_routing",
            {
                "routing_id": int(routing["data"]["id"]),
                **modes,
                "for_outbound_call": 4,
                "is_active": True,
            },
        )
        assert other["data"]["record"]["for_outbound_call"] == 4
        rows = await h.run("list_voicelink_routing")
        assert rows["data"]["total"] == 1


async def test_routing_needs_a_number() -> None:
    async with harness() as h:
        answer = await h.run(
            "create_voicelink_routing", {"for_inbound_call": 1, "for_outbound_call": 3}
        )
        assert "did_id or did_number" in answer["error"]["fields"][0]["problem"]


async def test_state_is_read_without_importing_and_synced_with_it() -> None:
    async with harness() as h:
        before = len(h.sandbox.vocobase.phone_numbers)
        state = await h.run("get_voicelink_state", {"show": ["readiness", "available_dids"]})
        assert state["data"]["counts"]["available_dids"] == 2
        assert state["data"]["readiness"][0]["state"] == "NO_BOT"
        assert "receipt" not in state
        assert len(h.sandbox.vocobase.phone_numbers) == before
        synced = await h.run("sync_voicelink")
        assert synced["data"]["counts"]["local_phone_numbers"] == 1
        part = await h.run("get_voicelink_state", {"show": ["available_dids"], "limit": 1})
        assert part["data"]["next_cursor"] == "1"
        assert len(part["data"]["available_dids"]) == 1


async def test_number_is_made_ready() -> None:
    async with harness() as h:
        answer = await h.run(
            "make_voicelink_number_ready", {"did_id": DID, "agent_id": DEMO_AGENT_ID}
        )
        assert answer["data"]["ready"] is True
        assert answer["data"]["steps"][-1]["step"] == "ensure_routing"
        assert answer["data"]["readiness"]["bot"]["bot_name"] == "Sandbox bot"


@pytest.mark.parametrize(
    ("body", "items"),
    [
        ([{"id": 1}], [{"id": 1}]),
        ({"data": [{"id": 1, "none": None}]}, [{"id": 1}]),
        ({"data": {"data": [{"id": 1, "api_key": "k", "plan": {"name": "A"}}]}}, None),
        ({"data": ["plain"]}, [{"value": "plain"}]),
        ({"data": [{"ids": [1, 2], "on": True}]}, [{"ids": "[1, 2]", "on": True}]),
        ("text", []),
        (None, []),
    ],
)
async def test_unknown_shapes_are_read_as_rows(body: Any, items: Any) -> None:
    async with harness() as h:
        h.vocobase.replies.append(passed_on(body))
        answer = await h.run("list_voicelink_clients")
        assert answer["ok"], answer
        expected = [{"id": 1, "plan.name": "A"}] if items is None else items
        assert answer["data"]["items"] == expected


async def test_large_answer_is_cut_with_a_cursor() -> None:
    async with harness() as h:
        rows = [{f"field{i}": "x" * 190 for i in range(30)} for _ in range(60)]
        h.vocobase.replies.append(passed_on({"data": rows, "total": 60}))
        answer = await h.run("list_voicelink_clients", {"limit": 60})
        assert len(json.dumps(answer)) < 80_000
        assert answer["data"]["next_cursor"] == str(len(answer["data"]["items"]))
