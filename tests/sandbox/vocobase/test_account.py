from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from callpost_sandbox.vocobase import DEMO_AGENT_ID, VocobaseWorld, seeded_id
from callpost_sandbox.vocobase.world import OPERATIONS

Ask = Callable[..., Awaitable[Any]]
NUMBER = seeded_id("number:+12025550142")
NOBODY = "00000000-0000-4000-8000-000000000000"


def test_every_documented_operation_exists_and_no_other(documented: set[tuple[str, str]]) -> None:
    names = [(operation.method, operation.path) for operation in OPERATIONS]
    assert len(set(names)) == len(names)
    assert set(names) == documented


@pytest.mark.parametrize(
    "path", ["/agent", "/dictionaries", "/projects", "/campaigns", "/calls/start"]
)
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"name": 5}', b'{"name": null}'])
async def test_a_wrong_body_is_a_validation_error(
    client: httpx2.AsyncClient, path: str, content: bytes
) -> None:
    answer = await client.post(path, content=content)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    assert answer.json()["success"] is False


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/agent/{NOBODY}"),
        ("PUT", f"/agent/{NOBODY}"),
        ("GET", f"/calls/{NOBODY}"),
        ("GET", f"/documents/{NOBODY}"),
        ("POST", f"/documents/{NOBODY}/confirm"),
        ("POST", f"/config/webhooks/{NOBODY}/rotate-secret"),
        ("PATCH", f"/dictionaries/{NOBODY}"),
        ("POST", f"/campaigns/{NOBODY}/contacts"),
        ("PUT", f"/phone-numbers/{NOBODY}"),
        ("DELETE", "/config"),
        ("GET", "/nothing"),
    ],
)
async def test_what_does_not_exist_is_not_found(
    client: httpx2.AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, path, json={"agent_name": "x"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NOT_FOUND"


async def test_the_configuration_shows_balance_carriers_and_hooks_but_no_secret(ask: Ask) -> None:
    hook = await ask("POST", "/config/webhooks", {"label": "crm", "url": "https://a.example"})
    assert hook["secret"].startswith("whsec_")
    legacy = {"webhook_url": "https://b.example"}
    first = await ask("PUT", "/config/webhook", legacy)
    second = await ask("PUT", "/config/webhook", legacy)
    assert first["webhook_secret"] != second["webhook_secret"]
    rotated = await ask("POST", f"/config/webhooks/{hook['id']}/rotate-secret")
    assert rotated["secret"] != hook["secret"]
    config = await ask("GET", "/config")
    assert config["credits"] == 500
    assert config["allowed_telephony_providers"] == ["mcube", "twilio"]
    assert config["telephony"]["mcube"]["configured"] is True
    assert [row["label"] for row in config["webhooks"]] == ["crm", "default"]
    assert "whsec_" not in str(config)


@pytest.mark.parametrize(
    ("label", "url", "status"),
    [
        ("default", "https://a.example", 400),
        ("Upper", "https://a.example", 400),
        ("plain", "http://a.example", 400),
        ("empty", "https://", 400),
        ("broken", "https://[", 400),
        ("local", "http://127.0.0.1:9/hook", 201),
    ],
)
async def test_a_webhook_needs_a_free_label_and_https_unless_it_is_local(
    client: httpx2.AsyncClient, label: str, url: str, status: int
) -> None:
    answer = await client.post("/config/webhooks", json={"label": label, "url": url})
    assert answer.status_code == status


async def test_a_sixth_webhook_and_a_taken_label_are_refused(
    ask: Ask, client: httpx2.AsyncClient
) -> None:
    for label in "abcde":
        await ask("POST", "/config/webhooks", {"label": label, "url": "https://a.example"})
    for label, status in (("a", 409), ("f", 403)):
        body = {"label": label, "url": "https://a.example"}
        assert (await client.post("/config/webhooks", json=body)).status_code == status


async def test_carrier_credentials_are_stored_and_masked(
    ask: Ask, client: httpx2.AsyncClient, world: VocobaseWorld
) -> None:
    exotel = {"account_sid": "SID12345", "api_key": "k", "api_token": "t"}
    exotel |= {"subdomain": "api.exotel.com", "caller_id": "+12025550120", "applet_id": "7"}
    assert (await ask("PUT", "/config/telephony/exotel", exotel))["account_sid"] == "****2345"
    plivo = {"auth_id": "MAXXXXXXXXXXXXXXXXXX", "auth_token": "t", "from_number": "+12025550121"}
    for carrier in ("plivo", "vobiz"):
        assert (await ask("PUT", f"/config/telephony/{carrier}", plivo))["auth_id"] == "****XXXX"
    await ask("PUT", "/config/telephony/twilio", {"from_number": "+12025550122"})
    await ask("PUT", "/config/telephony/mcube", {"exe_number": "8048000002"})
    await ask("PUT", "/config/telephony/voicelink", {"did_number": "+918047000002"})
    tata = {"email": "a@b.example", "password": "p", "from_number": "+12025550123"}
    assert (await client.put("/config/telephony/tata-smartflo", json=tata)).status_code == 403
    world.allowed_providers.append("tata_smartflo")
    assert "password" not in await ask("PUT", "/config/telephony/tata-smartflo", tata)


async def test_a_second_connection_makes_connection_id_necessary(
    ask: Ask, client: httpx2.AsyncClient
) -> None:
    body = {"provider": "twilio", "name": "second", "from_number": "+12025550130"}
    made = (await ask("POST", "/telephony/connections", body))["connection"]
    listed = await ask("GET", "/telephony/connections", provider="twilio")
    assert [row["name"] for row in listed["connections"]] == ["default", "second"]
    call = {"agent_id": DEMO_AGENT_ID, "to_number": "+12025550199", "provider": "twilio"}
    assert (await client.post("/calls/start", json=call)).status_code == 400
    started = await ask("POST", "/calls/start", call | {"connection_id": made["id"]})
    assert started["from_number"] == "+12025550130"


async def test_a_connection_lacking_its_carriers_fields_is_refused(
    client: httpx2.AsyncClient,
) -> None:
    body = {"provider": "mcube", "name": "second"}
    answer = await client.post("/telephony/connections", json=body)
    assert answer.status_code == 400
    assert "jwt_token" in answer.json()["error"]["message"]


async def test_a_number_is_bound_and_unbound(ask: Ask) -> None:
    bound = await ask("PUT", f"/phone-numbers/{NUMBER}", {"agent_id": DEMO_AGENT_ID})
    assert bound["agent"] == {"id": DEMO_AGENT_ID, "name": "Appointment desk"}
    unbound = await ask("PUT", f"/phone-numbers/{NUMBER}", {"agent_id": ""})
    assert unbound["agent"] is None
    assert unbound in (await ask("GET", "/phone-numbers"))["phone_numbers"]


async def test_a_project_lives_and_the_default_one_stays(
    ask: Ask, client: httpx2.AsyncClient
) -> None:
    made = await ask("POST", "/projects", {"name": "Clinic"})
    assert (made["is_default"], made["agent_count"]) == (False, 0)
    path = f"/projects/{made['id']}"
    renamed = await ask("PUT", path, {"name": "Hospital"})
    assert await ask("GET", path) == renamed
    default = (await ask("GET", "/projects"))["projects"][0]
    assert default["agent_count"] == 3
    assert (await client.delete(f"/projects/{default['id']}")).status_code == 400
    await ask("DELETE", path)
    assert (await client.get(path)).status_code == 404


async def test_a_function_is_kept(ask: Ask) -> None:
    body: dict[str, Any] = {"name": "slots", "description": "d", "url": "https://a.example/slots"}
    body["input_schema"] = [{"name": "day", "type": "string", "required": True}]
    made = await ask("POST", "/functions", body)
    assert made["input_schema"][0]["name"] == "day"


async def test_a_campaign_counts_contacts_it_knows_already(ask: Ask) -> None:
    body = {"name": "Recall", "agent_id": DEMO_AGENT_ID, "provider": "mcube"}
    campaign = await ask("POST", "/campaigns", body | {"concurrency_limit": 99})
    assert (campaign["status"], campaign["concurrency_limit"]) == ("draft", 10)
    path = f"/campaigns/{campaign['campaign_id']}/contacts"
    contacts = [{"phone": "+12025550110", "name": "A"}, {"phone": "+12025550111"}]
    counted = await ask("POST", path, {"contacts": contacts})
    assert (counted["added"], counted["duplicates"]) == (2, 0)
    counted = await ask("POST", path, {"contacts": contacts[:1]})
    assert (counted["added"], counted["duplicates"], counted["contacts_created"]) == (0, 1, 0)
