import httpx2
import pytest

from callpost.errors import Broken
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.vocobase import DEMO_AGENT_ID
from callpost_vocobase import FAMILY
from callpost_vocobase.waiting import digest
from harness import Harness, harness

START = {"agent_id": DEMO_AGENT_ID, "provider": "twilio"}
TALKS, BUSY, LONG = "+14155550111", "+14155550102", "+14155550109"


async def started(h: Harness, to_number: str) -> str:
    answer = await h.run("start_call", {**START, "to_number": to_number})
    return answer["data"]["call_id"]


async def test_wait_ends_when_the_call_does() -> None:
    async with harness(families=[FAMILY]) as h:
        call_id = await started(h, BUSY)
        told = (await h.run("wait_for_call", {"call_id": call_id}))["data"]
        assert (told["status"], told["ended"]) == ("busy", True)
        assert "get_call" in told["next_step"]
        assert sum(h.clock.slept) < 10
        assert any("ringing" in line or "pending" in line for line in h.progress)


async def test_wait_that_runs_out_tells_the_state_and_to_ask_again() -> None:
    async with harness(families=[FAMILY]) as h:
        call_id = await started(h, LONG)
        before = h.clock.now()
        told = (await h.run("wait_for_call", {"call_id": call_id, "timeout_s": 30}))["data"]
        assert (told["status"], told["ended"]) == ("in_progress", False)
        assert "wait_for_call" in told["next_step"]
        assert h.clock.now() - before == pytest.approx(30)


async def test_waiting_on_and_on_leaves_half_of_the_limit() -> None:
    async with harness(families=[FAMILY]) as h:
        call_id = await started(h, LONG)
        before = h.clock.now()
        for _ in range(10):
            await h.run("wait_for_call", {"call_id": call_id, "timeout_s": 45})
        minutes = (h.clock.now() - before) / 60
        assert len(h.vocobase.sent("GET", "/calls")) / minutes <= 5.5
        assert h.sandbox.vocobase.journal.refused_by_limit == 0


async def test_several_waits_share_their_looks() -> None:
    async with harness(families=[FAMILY]) as h, harness(families=[FAMILY], share=h) as other:
        first, second = await started(h, LONG), await started(h, BUSY)
        await h.run("wait_for_call", {"call_id": first, "timeout_s": 1})
        told = await other.run("wait_for_call", {"call_id": second, "timeout_s": 1})
        assert told["data"]["status"] in {"pending", "ringing"}
        assert len(other.vocobase.requests) == 0


async def test_call_that_the_list_does_not_show_is_asked_for_alone() -> None:
    async with harness(families=[FAMILY], sandbox=SandboxSettings(speed=0, list_lag_s=3600)) as h:
        call_id = await started(h, BUSY)
        told = (await h.run("wait_for_call", {"call_id": call_id}))["data"]
        assert (told["status"], told["ended"]) == ("busy", True)
        assert len(h.vocobase.sent("GET", "/calls")) == 1
        assert len(h.vocobase.sent("GET", call_id)) == 2


async def test_unknown_call_is_not_waited_for_long() -> None:
    async with harness(families=[FAMILY]) as h:
        answer = await h.run("wait_for_call", {"call_id": "nobody"})
        assert answer["error"]["code"] == "not_found"
        assert len(h.vocobase.sent("GET", "/nobody")) == 2


async def test_trouble_on_the_way_is_waited_out() -> None:
    async with harness(families=[FAMILY]) as h:
        call_id = await started(h, BUSY)
        h.vocobase.only = "GET"
        h.vocobase.replies = [httpx2.Response(503) for _ in range(3)]
        told = (await h.run("wait_for_call", {"call_id": call_id}))["data"]
        assert told["ended"]


async def test_trouble_all_the_way_is_told() -> None:
    async with harness(families=[FAMILY]) as h:
        call_id = await started(h, BUSY)
        h.vocobase.only = "GET"
        h.vocobase.refuse_connections = 999
        answer = await h.run("wait_for_call", {"call_id": call_id, "timeout_s": 10})
        assert answer["error"]["code"] == "unreachable"


async def test_refused_key_is_told_at_once() -> None:
    async with harness(families=[FAMILY], VOCOBASE_API_KEY="rg_live_wrong") as h:
        answer = await h.run("wait_for_call", {"call_id": "c1"})
        assert answer["error"]["code"] == "unauthorized"
        assert h.clock.slept == []


async def test_slot_of_a_call_that_was_seen_to_end_is_free() -> None:
    async with harness(families=[FAMILY], sandbox=SandboxSettings(speed=0, active_calls=1)) as h:
        call_id = await started(h, BUSY)
        await h.run("wait_for_call", {"call_id": call_id})
        assert (await h.run("start_call", {**START, "to_number": TALKS}))["ok"]


def test_shared_look_keeps_no_numbers_and_no_texts() -> None:
    row = {
        "callId": "c1",
        "toNumber": "+14155550111",
        "status": "IN_PROGRESS",
        "error_message": "text",
        "processing_complete": False,
    }
    kept = digest({"calls": [row, {"status": "busy"}]})
    assert kept == {"calls": {"c1": {"status": "in_progress", "processing_complete": False}}}


def test_shared_look_at_something_else_is_a_failed_read() -> None:
    with pytest.raises(Broken):
        digest("maintenance")
