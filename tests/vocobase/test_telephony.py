import json
from typing import Any

import httpx2
import pytest

from callpost_sandbox.vocobase import DEMO_AGENT_ID, seeded_id
from harness import Harness, harness

pytestmark = pytest.mark.anyio

SECRET = "s3cret-Zq9-token"
NUMBER = seeded_id("number:+12025550142")
DEFAULTS: dict[str, dict[str, Any]] = {
    "exotel": {
        "account_sid": "sid1",
        "api_key": SECRET,
        "api_token": SECRET,
        "subdomain": "api.exotel.com",
        "caller_id": "+91 80 4800 0009",
        "applet_id": "7",
    },
    "tata_smartflo": {
        "email": "a@example.com",
        "password": SECRET,
        "from_number": "+918048000009",
        "agent_number": "12",
        "base_url": "https://api.example.com",
    },
    "plivo": {"auth_id": "MA1", "auth_token": SECRET, "from_number": "+918048000009"},
    "vobiz": {"auth_id": "SA1", "auth_token": SECRET, "from_number": "+918048000009"},
    "twilio": {"account_sid": "AC1", "auth_token": SECRET, "from_number": "+12025550109"},
    "mcube": {"jwt_token": SECRET, "exe_number": "08048000009"},
    "voicelink": {"username": "u", "password": SECRET, "did_number": "+918048000009"},
}


def everything(h: Harness) -> str:
    """What is kept on disk, as text."""
    kept = [path.read_bytes() for path in h.state.parent.iterdir() if path.is_file()]
    return b"".join(kept).decode("utf-8", "replace")


@pytest.mark.parametrize("provider", DEFAULTS)
async def test_credentials_of_every_carrier_reach_its_own_route_and_nothing_else(
    provider: str,
) -> None:
    async with harness() as h:
        h.sandbox.vocobase.allowed_providers.append(provider)
        answer = await h.run(
            "set_telephony_credentials", {"provider": provider, **DEFAULTS[provider]}
        )
        assert answer["ok"], answer
        assert answer["data"]["provider"] == provider
        (put,) = h.vocobase.sent("PUT", "/config/telephony/" + provider.replace("_", "-"))
        assert SECRET in put.content.decode()
        assert SECRET not in json.dumps(answer)
        assert SECRET not in everything(h)


async def test_credentials_that_the_upstream_repeats_are_withheld() -> None:
    async with harness() as h:
        told = {"code": "VALIDATION_ERROR", "message": "x" * 290 + f" bad token {SECRET}"}
        h.vocobase.replies.append(httpx2.Response(400, json={"success": False, "error": told}))
        call = {"provider": "twilio", **DEFAULTS["twilio"]}
        answer = await h.run("set_telephony_credentials", call)
        assert not answer["ok"]
        assert SECRET[:6] not in json.dumps(answer)
        data = {"account_sid": "****C1", "message": f"saved {SECRET}"}
        h.vocobase.replies.append(httpx2.Response(200, json={"success": True, "data": data}))
        answer = await h.run("set_telephony_credentials", call)
        assert answer["ok"]
        assert SECRET[:6] not in json.dumps(answer)
        assert SECRET[:6] not in everything(h)


async def test_each_call_sets_credentials_anew() -> None:
    async with harness() as h:
        for token in ("first-token", "second-token", "first-token"):
            call = {"provider": "twilio", **DEFAULTS["twilio"], "auth_token": token}
            answer = await h.run("set_telephony_credentials", call)
            assert not answer["receipt"].get("replayed")
        sent = [json.loads(r.content)["auth_token"] for r in h.vocobase.sent("PUT", "/twilio")]
        assert sent == ["first-token", "second-token", "first-token"]


async def test_missing_and_foreign_fields_of_a_carrier_are_named_without_values() -> None:
    async with harness() as h:
        answer = await h.run(
            "set_telephony_credentials",
            {"provider": "plivo", "auth_token": SECRET, "api_key": SECRET},
        )
        problem = answer["error"]["fields"][0]["problem"]
        assert "also needs auth_id, from_number" in problem
        assert "does not take api_key" in problem
        assert SECRET not in json.dumps(answer)
        assert h.vocobase.requests == []


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        (
            {"provider": "tata-smartflo", "email": "a@example.com", "password": SECRET},
            {"provider": "tata_smartflo", "tata_email": "a@example.com", "tata_password": SECRET},
        ),
        (
            {
                "provider": "sip",
                "sip_host": "sip.example.com",
                "username": "u",
                "password": SECRET,
                "source_ips": ["10.0.0.2", "10.0.0.1"],
                "transport": "TLS",
            },
            {
                "provider": "sip",
                "sip_host": "sip.example.com",
                "outbound_username": "u",
                "outbound_password": SECRET,
                "source_ips": ["10.0.0.1", "10.0.0.2"],
                "transport": "TLS",
            },
        ),
        (
            {"provider": "mcube", "jwt_token": SECRET, "exe_number": "08048000009"},
            {"provider": "mcube", "jwt_token": SECRET, "exe_number": "08048000009"},
        ),
    ],
)
async def test_connection_is_created_in_the_words_of_the_api(
    given: dict[str, Any], wire: dict[str, Any]
) -> None:
    async with harness() as h:
        answer = await h.run("create_telephony_connection", {"name": "Second", **given})
        assert answer["ok"], answer
        (post,) = h.vocobase.sent("POST", "/telephony/connections")
        assert json.loads(post.content) == {"name": "Second", **wire}
        assert SECRET not in json.dumps(answer) + everything(h)
        listed = await h.run("list_telephony_connections", {"provider": wire["provider"]})
        ids = [item["connection_id"] for item in listed["data"]["items"]]
        assert answer["data"]["connection_id"] in ids


async def test_connection_with_a_corrected_token_is_another_intent() -> None:
    async with harness() as h:
        call = {"provider": "twilio", "name": "B", "account_sid": "AC2"}
        await h.run("create_telephony_connection", {**call, "auth_token": "wrong-token"})
        again = await h.run("create_telephony_connection", {**call, "auth_token": "wrong-token"})
        assert again["receipt"]["replayed"]
        right = await h.run("create_telephony_connection", {**call, "auth_token": "right-token"})
        assert not right["receipt"].get("replayed")


async def test_lost_connection_is_found_by_its_name() -> None:
    async with harness() as h:
        h.vocobase.only, h.vocobase.lose_answers = "POST", 1
        call = {"provider": "twilio", "name": "B", "account_sid": "AC2", "auth_token": SECRET}
        answer = await h.run("create_telephony_connection", call)
        assert answer["ok"], answer
        assert "Found by its name" in answer["data"]["note"]
        assert len(h.vocobase.sent("POST", "/telephony/connections")) == 1


async def test_number_is_given_to_an_agent_named_and_taken_back() -> None:
    async with harness() as h:
        listed = await h.run("list_phone_numbers", {"limit": 1})
        assert listed["data"]["total"] == 2
        assert listed["data"]["next_cursor"] == "1"
        number = {"phone_number_id": NUMBER}
        given = await h.run(
            "update_phone_number", {**number, "agent_id": DEMO_AGENT_ID, "friendly_name": "Desk"}
        )
        assert given["data"]["agent"]["id"] == DEMO_AGENT_ID
        taken = await h.run(
            "update_phone_number", {**number, "unassign_agent": True, "friendly_name": ""}
        )
        assert "agent" not in taken["data"]
        assert "friendly_name" not in taken["data"]
        last = h.vocobase.sent("PUT", NUMBER)[-1]
        assert json.loads(last.content) == {"agent_id": None, "friendly_name": None}


async def test_number_cannot_be_given_and_taken_at_once_or_left_as_it_is() -> None:
    async with harness() as h:
        both = {"agent_id": DEMO_AGENT_ID, "unassign_agent": True}
        for call in (both, {}):
            answer = await h.run("update_phone_number", {"phone_number_id": NUMBER, **call})
            assert answer["error"]["code"] == "invalid_arguments"


async def test_account_tells_balance_carriers_and_webhooks_but_no_secret() -> None:
    async with harness() as h:
        config: dict[str, Any] = {
            "credits": 12.5,
            "allowed_telephony_providers": ["TWILIO"],
            "telephony": {"twilio": {"configured": True}, "sip": None},
            "webhook": {"configured": True, "url": "https://e.example", "secret": SECRET},
            "webhooks": [{"id": "w", "label": "a", "secret": SECRET, "new_field": 1}],
        }
        h.vocobase.replies.append(httpx2.Response(200, json={"success": True, "data": config}))
        answer = await h.run("get_call_account")
        assert answer["data"]["credits"] == 12.5
        assert answer["data"]["telephony"] == {"twilio": {"configured": True}}
        assert SECRET not in json.dumps(answer)
