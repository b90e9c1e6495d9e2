"""Limits as an agent meets them: exact advice, one budget, other programs, active calls."""

from email.utils import formatdate

import httpx2
import pytest

from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.vocobase import DEMO_AGENT_ID
from harness import Harness, harness


def call_to(number: int, **more: object) -> dict[str, object]:
    return {
        "agent_id": DEMO_AGENT_ID,
        "to_number": f"+1415555{number:04d}",
        "provider": "twilio",
        **more,
    }


async def use_up_calls(h: Harness, requests: int = 10) -> None:
    for _ in range(requests):
        assert (await h.run("list_calls"))["ok"]


async def test_no_request_beyond_the_limit_ever_leaves() -> None:
    async with harness(CALLPOST_MAX_WAIT_S="0") as h:
        answers = [await h.run("list_calls") for _ in range(14)]
        assert [answer["ok"] for answer in answers] == [True] * 10 + [False] * 4
        assert len(h.vocobase.requests) == 10
        assert h.sandbox.vocobase.journal.refused_by_limit == 0


async def test_waiting_exactly_as_long_as_told_succeeds() -> None:
    async with harness(CALLPOST_MAX_WAIT_S="5") as h:
        await use_up_calls(h)
        refused = await h.run("list_calls")
        assert refused["error"]["code"] == "rate_limited"
        assert refused["error"]["side_effect"] == "none"
        assert refused["error"]["retry"] == "same_arguments"
        h.clock.advance(refused["error"]["retry_after_s"])
        slept = len(h.clock.slept)
        assert (await h.run("list_calls"))["ok"]
        assert len(h.clock.slept) == slept


async def test_asking_again_too_early_neither_lengthens_the_wait_nor_loses_the_turn() -> None:
    async with harness(CALLPOST_MAX_WAIT_S="5") as h:
        await use_up_calls(h)
        advice = [(await h.run("list_calls"))["error"]["retry_after_s"] for _ in range(6)]
        assert len(set(advice)) == 1
        h.clock.advance(advice[0])
        assert (await h.run("list_calls"))["ok"]


async def test_everybody_who_was_told_a_time_gets_through_at_that_time() -> None:
    async with harness(CALLPOST_MAX_WAIT_S="0") as h, harness(share=h) as other:
        for _ in range(10):
            assert (await h.run("list_calls"))["ok"]
            h.clock.advance(3)
        told: list[tuple[float, Harness, dict[str, int]]] = []
        for page in ({"limit": 1}, {"limit": 2}):
            for who in (h, other):
                h.clock.advance(0.01)
                refused = await who.run("list_calls", page)
                told.append((h.clock.now() + refused["error"]["retry_after_s"], who, page))
        assert [at for at, _, _ in told] == sorted(at for at, _, _ in told)
        for at, who, page in told:
            h.clock.advance(at - h.clock.now())
            assert (await who.run("list_calls", page))["ok"]


async def test_the_advice_is_never_longer_than_the_window_needs() -> None:
    async with harness(CALLPOST_MAX_WAIT_S="5") as h:
        await use_up_calls(h)
        h.clock.advance(13)
        advice = (await h.run("list_calls"))["error"]["retry_after_s"]
        assert 46.9 < advice < 47.2


async def test_a_short_wait_happens_in_the_server_and_is_told_as_progress() -> None:
    async with harness(CALLPOST_MAX_WAIT_S="20") as h:
        await use_up_calls(h)
        h.clock.advance(45)
        assert (await h.run("list_calls"))["ok"]
        assert 14.9 < sum(h.clock.slept) < 15.5
        assert any("rate limit" in message for message in h.progress)


async def test_a_refused_start_neither_dials_nor_takes_the_key() -> None:
    async with harness(CALLPOST_MAX_WAIT_S="0") as h:
        await use_up_calls(h)
        refused = await h.run("start_call", call_to(1))
        assert refused["error"]["code"] == "rate_limited"
        h.clock.advance(refused["error"]["retry_after_s"])
        started = await h.run("start_call", call_to(1))
        assert started["ok"]
        assert not started["receipt"]["replayed"]
        assert len(h.sandbox.vocobase.journal.effects("call")) == 1


async def test_two_processes_share_one_budget() -> None:
    async with harness(CALLPOST_MAX_WAIT_S="0") as h, harness(share=h) as other:
        for _ in range(5):
            assert (await h.run("list_calls"))["ok"]
            assert (await other.run("list_calls"))["ok"]
        assert (await other.run("list_calls", {}))["error"]["code"] == "rate_limited"


async def test_limits_of_one_api_leave_the_other_alone() -> None:
    async with harness(CALLPOST_MAX_WAIT_S="0") as h:
        await use_up_calls(h)
        assert (await h.run("list_accounts"))["ok"]
        assert (await h.run("list_agents"))["ok"]


async def test_a_429_that_comes_all_the_same_closes_the_window_for_as_long_as_it_says() -> None:
    async with harness(CALLPOST_MAX_WAIT_S="5") as h:
        h.voxburst.replies = [
            httpx2.Response(
                429,
                headers={"Retry-After": "37"},
                json={"error": {"code": "RATE_LIMITED", "message": "Too many"}},
            )
        ]
        refused = await h.run("list_accounts")
        assert refused["error"]["code"] == "rate_limited"
        assert 36.9 < refused["error"]["retry_after_s"] <= 37.1
        sent = len(h.voxburst.requests)
        assert (await h.run("list_posts"))["error"]["code"] == "rate_limited"
        assert len(h.voxburst.requests) == sent
        h.clock.advance(37.1)
        assert (await h.run("list_accounts"))["ok"]


@pytest.mark.parametrize("skew_s", [-300, 300])
async def test_a_retry_after_that_is_a_date_is_read_by_the_upstreams_own_clock(skew_s: int) -> None:
    async with harness(CALLPOST_MAX_WAIT_S="0") as h:
        theirs = h.clock.now() + skew_s
        headers = {
            "Date": formatdate(theirs, usegmt=True),
            "Retry-After": formatdate(theirs + 20, usegmt=True),
        }
        h.voxburst.replies = [
            httpx2.Response(429, headers=headers, json={"error": {"code": "RATE_LIMITED"}})
        ]
        refused = await h.run("list_accounts")
        assert 18.9 < refused["error"]["retry_after_s"] < 21.1


async def test_a_429_on_a_write_is_waited_out_and_the_write_happens_once() -> None:
    async with harness() as h:
        account = (await h.run("list_accounts"))["data"]["items"][0]["id"]
        h.voxburst.only = "POST"
        h.voxburst.replies = [
            httpx2.Response(
                429, headers={"Retry-After": "3"}, json={"error": {"code": "RATE_LIMITED"}}
            )
        ]
        answer = await h.run(
            "create_post", {"content": "Once", "account_ids": [account], "when": "draft"}
        )
        assert answer["ok"]
        assert len(h.sandbox.voxburst.journal.effects("post_created")) == 1


async def test_the_plans_limit_is_learnt_from_the_answers() -> None:
    box = SandboxSettings(speed=0, plan="pro")
    async with harness(sandbox=box, CALLPOST_MAX_WAIT_S="0") as h:
        for _ in range(130):
            assert (await h.run("list_accounts"))["ok"]
        status = await h.run("get_status")
        (budget,) = status["data"]["apis"][1]["budgets"]
        assert budget["of"] == 500


async def test_what_another_program_spends_is_counted() -> None:
    async with harness(CALLPOST_MAX_WAIT_S="0") as h:
        assert (await h.run("list_accounts"))["ok"]
        transport = httpx2.ASGITransport(app=h.sandbox.voxburst.app)
        key = {"Authorization": f"Bearer {h.sandbox.voxburst_key}"}
        async with httpx2.AsyncClient(transport=transport, headers=key) as foreign:
            for _ in range(100):
                await foreign.get("http://127.0.0.1/v1/accounts")
        answers = [await h.run("list_accounts") for _ in range(30)]
        assert sum(answer["ok"] for answer in answers) == 19
        assert h.sandbox.voxburst.journal.refused_by_limit == 0


async def test_answers_tell_the_budget_when_little_is_left() -> None:
    async with harness() as h:
        answers = [await h.run("list_calls") for _ in range(9)]
        assert "budget" not in answers[0]
        (budget,) = answers[-1]["budget"]
        assert (budget["limit"], budget["left"], budget["of"]) == ("calls", 1, 10)


async def test_the_sixth_call_at_once_is_told_apart_from_the_rate_limit() -> None:
    async with harness(CALLPOST_MAX_WAIT_S="0") as h:
        for number in range(5):
            assert (await h.run("start_call", call_to(number)))["ok"]
        refused = await h.run("start_call", call_to(5))
        assert refused["error"]["code"] == "concurrency_limited"
        assert refused["error"]["side_effect"] == "none"
        assert refused["error"]["retry_after_s"] > 0
        assert len(h.sandbox.vocobase.journal.effects("call")) == 5


async def test_calls_of_another_program_fill_the_slots_too() -> None:
    async with harness(sandbox=SandboxSettings(speed=0, active_calls=2)) as h:
        key = {"Authorization": f"Bearer {h.sandbox.vocobase_key}"}
        transport = httpx2.ASGITransport(app=h.sandbox.vocobase.app)
        async with httpx2.AsyncClient(transport=transport, headers=key) as foreign:
            for number in (1, 2):
                await foreign.post("http://127.0.0.1/api/v2/calls/start", json=call_to(number))
        refused = await h.run("start_call", call_to(3))
        assert refused["error"]["code"] == "concurrency_limited"
        started = [r for r in h.vocobase.requests if r.method == "POST"]
        looked = [r for r in h.vocobase.requests if r.url.path.endswith("/concurrency")]
        assert (len(started), len(looked)) == (1, 1)


async def test_slots_come_back_when_calls_end() -> None:
    async with harness() as h:
        started = [await h.run("start_call", call_to(number)) for number in range(5)]
        assert all(answer["ok"] for answer in started)
        h.clock.advance(120)
        call_id = started[0]["data"]["call_id"]
        ended = await h.run("wait_for_call", {"call_id": call_id})
        assert ended["data"]["ended"]
        h.clock.advance(60)
        assert (await h.run("start_call", call_to(6)))["ok"]


async def test_a_slot_that_nobody_gave_back_is_not_lost() -> None:
    async with harness() as h:
        for number in range(5):
            assert (await h.run("start_call", call_to(number)))["ok"]
        h.clock.advance(120)  # the calls end, and nobody looks
        assert (await h.run("start_call", call_to(6)))["ok"]


async def test_one_list_request_serves_everybody_who_waits() -> None:
    async with harness() as h, harness(share=h) as other:
        first = (await h.run("start_call", call_to(1)))["data"]["call_id"]
        second = (await h.run("start_call", call_to(2)))["data"]["call_id"]
        h.clock.advance(120)
        assert (await h.run("wait_for_call", {"call_id": first}))["data"]["ended"]
        assert (await other.run("wait_for_call", {"call_id": second}))["data"]["ended"]
        assert (
            len(h.vocobase.sent("GET", "/calls")) + len(other.vocobase.sent("GET", "/calls")) == 1
        )


async def test_waiting_for_a_call_ends_before_a_host_would_cut_it() -> None:
    async with harness() as h:
        call_id = (await h.run("start_call", call_to(9)))["data"]["call_id"]  # talks until the cap
        begin = h.clock.now()
        answer = await h.run("wait_for_call", {"call_id": call_id, "timeout_s": 45})
        assert h.clock.now() - begin < 50
        assert not answer["data"]["ended"]
        assert "wait_for_call again" in answer["data"]["next_step"]


async def test_after_repeated_failures_the_advice_is_to_stop() -> None:
    async with harness() as h:
        h.voxburst.replies = [httpx2.Response(503, json={}) for _ in range(9)]
        answers = [await h.run("list_accounts") for _ in range(3)]
        assert answers[-1]["error"]["next_step"].startswith("Stop retrying")
        assert answers[-1]["error"]["retry_after_s"] >= 15
        assert (await h.run("list_accounts"))["ok"]
        assert (await h.run("list_accounts"))["ok"]
