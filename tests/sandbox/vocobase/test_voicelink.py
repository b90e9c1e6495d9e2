from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from callpost_sandbox.vocobase import DEMO_AGENT_ID

Ask = Callable[..., Awaitable[Any]]


async def test_lists_nest_once_more_and_bots_are_replaced_whole(ask: Ask) -> None:
    client: dict[str, Any] = {"first_name": "A", "last_name": "B", "username": "ab"}
    client |= {"email": "a@b.example", "password": "p", "channel_count": 2}
    made = (await ask("POST", "/voicelink/clients", client))["data"]
    assert "password" not in made
    await ask("POST", f"/voicelink/clients/{made['id']}", {"phone": "1"})
    listed = await ask("GET", "/voicelink/clients", page=1, per_page=1)
    assert (len(listed["data"]), listed["total"]) == (1, 2)
    free = (await ask("GET", "/voicelink/dids/available"))["data"]
    mapping = {"client_id": made["id"], "did_id": free[0]["did_id"], "call_recording": 1}
    await ask("POST", "/voicelink/dids/map", mapping)
    bought = await ask("GET", "/voicelink/dids/purchased", client_id=made["id"])
    assert [did["did_id"] for did in bought["data"]] == [mapping["did_id"]]
    bot = {"bot_name": "b", "client_id": made["id"], "webhook_url": "https://a.example"}
    own = (await ask("POST", "/voicelink/bots", bot))["data"]["id"]
    whole = {"bot_name": "c", "websocket_url": "wss://a.example", "status": 0}
    replaced = (await ask("POST", f"/voicelink/bots/{own}", whole))["data"]
    assert replaced["webhook_url"] is None
    assert (await ask("GET", "/voicelink/bots", status=0))["data"] == [replaced]


@pytest.mark.parametrize("query", [{"client_id": "0"}, {"page": "-1"}, {"per_page": "1.5"}])
async def test_numeric_filters_are_checked_by_name(
    client: httpx2.AsyncClient, query: dict[str, str]
) -> None:
    answer = await client.get("/voicelink/bots", params=query)
    assert answer.status_code == 400
    assert next(iter(query)) in answer.json()["error"]["message"]


async def test_call_ready_converges(ask: Ask) -> None:
    body = {"did_number": "+918047000002", "client_id": 101, "agent_id": DEMO_AGENT_ID}
    first = await ask("POST", "/voicelink/call-ready", body)
    assert first["readiness_before"]["issues"] == ["NO_BOT", "ROUTING_MISSING", "NO_VOCOBASE_AGENT"]
    assert (first["ready"], first["key"]) == (True, "918047000002")
    second = await ask("POST", "/voicelink/call-ready", body)
    assert second["readiness_before"]["issues"] == []
    synced = await ask("POST", "/voicelink/sync", {"import_dids": False})
    assert (len(synced["local_phone_numbers"]), len(synced["bots"])) == (1, 1)
    imported = await ask("POST", "/voicelink/sync")
    assert len(imported["local_phone_numbers"]) == 2


async def test_routing_is_one_record_a_number_and_replaced_whole(
    ask: Ask, client: httpx2.AsyncClient
) -> None:
    whole = {"for_inbound_call": 1, "for_outbound_call": 4, "status": 1}
    made = (await ask("POST", "/voicelink/call-routing", whole | {"did_id": 503}))["data"]
    again = await client.post("/voicelink/call-routing", json=whole | {"did_id": 503})
    assert again.status_code == 400
    nameless = await client.post("/voicelink/call-routing", json=whole)
    assert nameless.status_code == 400
    path = f"/voicelink/call-routing/{made['id']}"
    replaced = (await ask("POST", path, whole | {"for_inbound_call": 0}))["data"]
    assert (await ask("GET", "/voicelink/call-routing"))["data"] == [replaced]
    assert (await client.post("/voicelink/call-routing/x", json=whole)).status_code == 400


async def test_several_connections_have_to_be_told_apart_in_either_spelling(
    ask: Ask, client: httpx2.AsyncClient
) -> None:
    body = {"provider": "voicelink", "name": "second", "username": "u", "password": "p"}
    made = (await ask("POST", "/telephony/connections", body))["connection"]
    assert (await client.get("/voicelink/bots")).status_code == 400
    await ask("GET", "/voicelink/bots", connection_id=made["id"])
    await ask("POST", "/voicelink/sync", {"connectionId": made["id"]})
