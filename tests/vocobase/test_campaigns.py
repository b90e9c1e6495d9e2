import json

import httpx2
import pytest

from callpost_sandbox.vocobase import DEMO_AGENT_ID
from harness import Harness, harness

pytestmark = pytest.mark.anyio

DRAFT = {"name": "Recall", "agent_id": DEMO_AGENT_ID, "provider": "twilio"}


async def drafted(h: Harness) -> str:
    answer = await h.run("create_campaign", DRAFT)
    assert answer["ok"], answer
    assert answer["data"]["status"] == "draft"
    return answer["data"]["campaign_id"]


async def test_campaign_is_drafted_and_filled_once() -> None:
    async with harness() as h:
        campaign = await drafted(h)
        call = {
            "campaign_id": campaign,
            "contacts": [
                {"phone": "+1 (202) 555-0111", "name": "Asha", "metadata": {"visits": 3}},
                {"phone": "+12025550112"},
            ],
        }
        added = await h.run("add_campaign_contacts", call)
        assert added["data"]["added"] == 2
        (post,) = h.vocobase.sent("POST", "/contacts")
        assert json.loads(post.content)["contacts"] == [
            {"phone": "+12025550111", "name": "Asha", "metadata": {"visits": 3}},
            {"phone": "+12025550112"},
        ]
        again = await h.run("add_campaign_contacts", call)
        assert again["receipt"]["replayed"]
        kept = b"".join(p.read_bytes() for p in h.state.parent.iterdir() if p.is_file())
        assert b"2025550111" not in kept


@pytest.mark.parametrize("what", ["campaign", "contacts"])
async def test_lost_answer_is_never_followed_by_a_second_request(what: str) -> None:
    async with harness() as h:
        campaign = await drafted(h)
        call = {"campaign_id": campaign, "contacts": [{"phone": "+12025550111"}]}
        tool, args = (
            ("create_campaign", {**DRAFT, "name": "Other"})
            if what == "campaign"
            else ("add_campaign_contacts", call)
        )
        before = len(h.vocobase.requests)
        h.vocobase.only, h.vocobase.lose_answers = "POST", 1
        answer = await h.run(tool, args)
        assert answer["error"]["code"] == "outcome_unknown"
        assert "dashboard" in answer["error"]["next_step"]
        h.clock.advance(3600)
        assert (await h.run(tool, args))["error"]["code"] == "outcome_unknown"
        assert len(h.vocobase.requests) == before + 1
        assert (await h.run(tool, {**args, "occurrence": 2}))["ok"]


async def test_bad_number_is_refused_without_being_repeated() -> None:
    async with harness() as h:
        answer = await h.run(
            "add_campaign_contacts", {"campaign_id": "c", "contacts": [{"phone": "2025550111"}]}
        )
        assert answer["error"]["fields"][0]["path"] == "contacts.0.phone"
        assert "2025550111" not in json.dumps(answer["error"])


async def test_answer_without_a_campaign_is_no_success() -> None:
    async with harness() as h:
        h.vocobase.replies.append(httpx2.Response(200, json={"success": True, "data": {}}))
        answer = await h.run("create_campaign", DRAFT)
        assert answer["error"]["code"] == "outcome_unknown"
