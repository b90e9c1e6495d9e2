"""`get_status` and `find_tools`: where everything stands, and what else there is."""

from callpost_sandbox.vocobase import DEMO_AGENT_ID
from harness import harness


async def test_status_tells_keys_balance_plan_and_budgets_in_one_answer() -> None:
    async with harness() as h:
        status = (await h.run("get_status"))["data"]
        vocobase, voxburst = status["apis"]
        assert (vocobase["key"], voxburst["key"]) == ("works", "works")
        assert vocobase["about"]["balance_rupees"] == 500
        assert voxburst["about"]["plan"] == "free"
        assert {budget["limit"] for budget in vocobase["budgets"]} == {"general", "calls", "webrtc"}
        assert vocobase["active"] == {"active_calls": "0 of 5"}
        assert status["unsettled"] == []


async def test_status_tells_a_missing_and_a_refused_key_and_how_to_mend_them() -> None:
    async with harness(VOCOBASE_API_KEY="", VOXBURST_API_KEY="vb_live_wrong") as h:
        vocobase, voxburst = (await h.run("get_status"))["data"]["apis"]
        assert vocobase["key"] == "missing"
        assert "VOCOBASE_API_KEY" in vocobase["next_step"]
        assert voxburst["key"] == "refused"
        assert voxburst["next_step"]


async def test_status_lists_what_is_unsettled() -> None:
    async with harness() as h:
        h.vocobase.only, h.vocobase.lose_requests = "POST", 1
        call = {"agent_id": DEMO_AGENT_ID, "to_number": "+14155550111", "provider": "twilio"}
        lost = await h.run("start_call", call)
        assert lost["error"]["code"] == "outcome_unknown"
        (entry,) = (await h.run("get_status"))["data"]["unsettled"]
        assert entry["tool"] == "start_call"
        assert entry["idempotency_key"] == lost["receipt"]["idempotency_key"]


async def test_a_tool_without_its_key_says_how_to_add_it() -> None:
    async with harness(VOXBURST_API_KEY="") as h:
        answer = await h.run("list_posts")
        assert answer["error"]["code"] == "unauthorized"
        assert "VOXBURST_API_KEY" in answer["error"]["next_step"]
        assert h.voxburst.requests == []


async def test_tools_that_are_off_are_found_with_how_to_switch_them_on() -> None:
    async with harness(CALLPOST_READ_ONLY="1") as h:
        found = (await h.run("find_tools", {"query": "create webhook"}))["data"]["items"]
        assert not found[0]["is_on"]
        assert "CALLPOST_READ_ONLY" in found[0]["switch_on"]
    async with harness() as h:
        found = (await h.run("find_tools", {"query": "hashtag sets"}))["data"]["items"]
        assert "CALLPOST_TOOLSETS=+hashtags" in found[0]["switch_on"]
        found = (await h.run("find_tools", {"query": "start a call"}))["data"]["items"]
        assert found[0]["name"] == "start_call"
        assert found[0]["is_on"]
    async with harness(VOCOBASE_API_KEY="") as h:
        found = (await h.run("find_tools", {"query": "start_call"}))["data"]["items"]
        assert "VOCOBASE_API_KEY" in found[0]["switch_on"]
