from typing import cast

import httpx2
import pytest

from callpost.toolset import Call
from callpost_vocobase import FAMILY
from callpost_vocobase.carriers import Account, probe
from harness import harness


class Config:
    """A `Call` that reads one answer of `GET /config`."""

    def __init__(self, **fields: object) -> None:
        self.fields = fields

    async def get(self, path: str, *, into: type[Account]) -> Account:
        assert path == "/config"
        return into.model_validate(self.fields)


async def probed(**fields: object) -> dict[str, object]:
    return dict(await probe(cast("Call", Config(**fields))))


async def test_probe_tells_what_a_person_asks_first() -> None:
    told = await probed(
        displayName="Clinic",
        status="active",
        credits=12.5,
        agent_limit=10,
        current_agent_count=3,
        allowed_telephony_providers=["SIP", "tata-smartflo", "sip"],
        allowed_voices=["v"],
    )
    assert told == {
        "key": "works",
        "account": "Clinic",
        "status": "active",
        "balance_rupees": 12.5,
        "allowed_providers": ["sip", "tata_smartflo"],
        "agents": 3,
        "agent_limit": 10,
    }


@pytest.mark.parametrize(
    ("fields", "balance"), [({"credits": 0, "balance": 5}, 0.0), ({"balance": 5}, 5.0)]
)
async def test_balance_is_found_under_either_name(
    fields: dict[str, object], balance: float
) -> None:
    assert (await probed(**fields))["balance_rupees"] == balance


async def test_bare_account_still_shows_that_the_key_works() -> None:
    assert await probed() == {"key": "works"}


async def test_allowed_carrier_that_is_not_documented_is_used_as_it_is_spelt() -> None:
    async with harness(families=[FAMILY]) as h:
        h.vocobase.only = "/config"
        data = {"allowed_telephony_providers": ["Newcomer"]}
        h.vocobase.replies = [httpx2.Response(200, json={"success": True, "data": data})]
        answer = await h.run("start_call", {"agent_id": "a1", "to_number": "+14155550111"})
        assert answer["error"]["upstream"]["message"]
        assert b'"newcomer"' in h.vocobase.sent("POST", "/calls/start")[0].content
