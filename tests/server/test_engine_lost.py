"""Lost answers, and what is found out about them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from callpost_sandbox.faults import Fault
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.voxburst.seed import ACCOUNT_IDS
from deeds import NUMBER, POST, ROOMY, START, WIDE, calls, did, patiently
from harness import Harness, harness

OTHER_PROGRAM = {"agent_id": START["agent_id"], "provider": "twilio"}


async def dialled_elsewhere(h: Harness, to_number: str = NUMBER) -> str:
    """A call that another program places; its identifier."""
    transport = httpx2.ASGITransport(app=h.sandbox.vocobase.app)
    headers = {"authorization": f"Bearer {h.sandbox.vocobase_key}"}
    async with httpx2.AsyncClient(transport=transport, headers=headers) as client:
        answer = await client.post(
            "http://127.0.0.1:1001/api/v2/calls/start",
            json={**OTHER_PROGRAM, "to_number": to_number},
        )
    return answer.json()["data"]["call_id"]


async def test_hundred_lost_posts_and_their_retries_are_a_hundred_posts() -> None:
    async with harness(sandbox=ROOMY, CALLPOST_LIMITS=WIDE) as h:
        h.voxburst.only = "POST /v1/posts"
        for number in range(100):
            arguments = {**POST, "content": f"Post {number}"}
            h.voxburst.lose_answers = 1
            assert (await h.run("create_post", arguments))["ok"]
            assert (await h.run("create_post", arguments))["receipt"]["replayed"]
        assert did(h, "post_created") == 100


async def test_hundred_lost_calls_and_their_retries_are_a_hundred_calls() -> None:
    async with harness(sandbox=ROOMY, CALLPOST_LIMITS=WIDE) as h:
        h.vocobase.only = "POST"
        for number in range(100):
            arguments = {**START, "to_number": f"+14155550{number:02}1"}
            h.vocobase.lose_answers = 1
            assert (await h.run("start_call", arguments))["ok"]
            assert (await h.run("start_call", arguments))["receipt"]["replayed"]
        assert calls(h) == 100


async def test_lost_request_is_sent_again_only_when_its_absence_is_sure() -> None:
    async with harness() as h:
        h.vocobase.only = "POST"
        h.vocobase.lose_requests = 1
        first = await h.run("start_call", START)
        error = first["error"]
        assert (error["code"], error["side_effect"]) == ("outcome_unknown", "unknown")
        assert 55 < error["retry_after_s"] <= 61
        h.clock.advance(error["retry_after_s"] / 2)
        early = await h.run("start_call", START)
        assert early["error"]["code"] == "outcome_unknown"
        assert len(h.vocobase.sent("POST", "/calls/start")) == 1
        h.clock.advance(early["error"]["retry_after_s"])
        assert (await h.run("start_call", START))["ok"]
        assert len(h.vocobase.sent("POST", "/calls/start")) == 2
        assert calls(h) == 1


@pytest.mark.parametrize("lag_s", [0.0, 5.0, 20.0, 50.0])
@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("offset_s", [0.0, 240.0, -240.0])
async def test_lost_start_is_found_under_lag_order_and_other_clocks(
    lag_s: float, order: Any, offset_s: float
) -> None:
    settings = SandboxSettings(speed=0, list_lag_s=lag_s, list_order=order, clock_offset_s=offset_s)
    async with harness(sandbox=settings) as h:
        if offset_s:
            h.clock.instant -= offset_s  # the sandbox's clock, not ours, is the moved one
        await dialled_elsewhere(h, "+14155550222")
        h.vocobase.only = "POST"
        h.vocobase.lose_answers = 1
        answers = await patiently(h, "start_call", START)
        assert answers[-1]["ok"], answers
        assert all(a["error"]["code"] == "outcome_unknown" for a in answers[:-1])
        assert answers[-1]["data"]["to_number"] == NUMBER
        assert calls(h) == 2


async def test_lost_start_is_found_beyond_the_first_page() -> None:
    async with harness(sandbox=ROOMY, CALLPOST_LIMITS=WIDE) as h:
        lost = await lose_and_bury(h, 150)
        answers = await patiently(h, "start_call", START)
        assert answers[-1]["data"]["call_id"] == lost
        assert calls(h) == 151


async def lose_and_bury(h: Harness, others: int) -> str:
    """A start whose answer is lost while nothing can be read, under calls of other programs."""
    h.vocobase.lose_answers = 99
    answer = await h.run("start_call", START)
    assert answer["error"]["code"] == "outcome_unknown"
    h.vocobase.lose_answers = 0
    [effect] = h.sandbox.vocobase.journal.effects("call")
    for number in range(others):
        await dialled_elsewhere(h, f"+1415555{1000 + number}1")
    return effect[1]


async def test_call_of_another_program_long_before_is_not_taken_for_ours() -> None:
    async with harness(sandbox=ROOMY, CALLPOST_LIMITS=WIDE) as h:
        await dialled_elsewhere(h)
        h.clock.advance(1000)
        h.vocobase.only = "POST"
        h.vocobase.lose_requests = 1
        answers = await patiently(h, "start_call", START)
        assert answers[-1]["ok"]
        assert calls(h) == 2


@pytest.mark.parametrize("before_s", [20, 240, 800])
async def test_running_call_of_another_program_is_never_told_as_ours(before_s: float) -> None:
    async with harness(sandbox=ROOMY, CALLPOST_LIMITS=WIDE) as h:
        talk = {**START, "to_number": "+14155550109"}
        other = await dialled_elsewhere(h, talk["to_number"])
        h.clock.advance(before_s)
        h.vocobase.only = "POST"
        h.vocobase.lose_requests = 1
        answers = await patiently(h, "start_call", talk)
        assert all(other not in str(answer.get("data")) for answer in answers)
        assert calls(h) == 1 + answers[-1]["ok"]


async def test_running_call_is_not_ours_where_calls_of_ours_tell_the_clock_of_the_list() -> None:
    async with harness(sandbox=ROOMY, CALLPOST_LIMITS=WIDE) as h:
        talk = {**START, "to_number": "+14155550109"}
        await dialled_elsewhere(h, talk["to_number"])
        h.clock.advance(30)
        assert (await h.run("start_call", START))["ok"]
        h.vocobase.only = "POST"
        h.vocobase.lose_requests = 1
        answers = await patiently(h, "start_call", talk)
        assert [answer["ok"] for answer in answers] == [False, True]
        assert calls(h) == 3


async def test_call_that_another_intent_made_is_not_taken_for_ours() -> None:
    async with harness() as h:
        first = await h.run("start_call", START)
        h.vocobase.only = "POST"
        h.vocobase.lose_answers = 1
        second = (await patiently(h, "start_call", {**START, "occurrence": 2}))[-1]
        assert second["data"]["call_id"] != first["data"]["call_id"]
        assert calls(h) == 2


async def test_two_lost_starts_that_look_at_once_find_one_call_each() -> None:
    async with harness(sandbox=ROOMY, CALLPOST_LIMITS=WIDE) as h:
        one, two = START, {**START, "occurrence": 2}
        h.vocobase.lose_answers = 99
        await h.run("start_call", one)
        await h.run("start_call", two)
        h.vocobase.lose_answers = 0
        assert calls(h) == 2
        ledger = h.callpost.engine.ledger
        claimed, blind = ledger.claimed, True

        async def late(scope: str, ids: Any, but: str) -> Any:
            nonlocal blind
            if blind:  # what the other one adopts meanwhile is not seen yet
                blind = False
                other = await h.run("start_call", one)
                assert other["ok"]
                return {}
            return await claimed(scope, ids, but)

        ledger.claimed = late  # pyright: ignore[reportAttributeAccessIssue] because the race is made by hand
        second = await h.run("start_call", two)
        first = await h.run("start_call", one)
        assert first["data"]["call_id"] != second["data"]["call_id"]
        assert calls(h) == 2


async def test_strict_settlement_never_dials_again_without_a_person() -> None:
    async with harness(CALLPOST_SETTLE="strict") as h:
        h.vocobase.only = "POST"
        h.vocobase.lose_requests = 1
        for _ in range(3):
            answer = await h.run("start_call", START)
            assert answer["error"]["code"] == "outcome_unknown"
            assert answer["error"]["retry"] == "never"
            assert "ledger settle" in answer["error"]["next_step"]
            h.clock.advance(3600)
        assert len(h.vocobase.sent("POST", "/calls/start")) == 1


async def test_strict_settlement_still_adopts_what_it_finds() -> None:
    async with harness(CALLPOST_SETTLE="strict") as h:
        h.vocobase.only = "POST"
        h.vocobase.lose_answers = 1
        assert (await h.run("start_call", START))["ok"]


async def lost_post(h: Harness, arguments: Mapping[str, Any], *, happened: bool) -> None:
    h.voxburst.lose_answers, h.voxburst.lose_requests = (99, 0) if happened else (0, 99)
    answer = await h.run("create_post", arguments)
    assert answer["error"]["code"] == "outcome_unknown"
    h.voxburst.lose_answers = h.voxburst.lose_requests = 0
    assert did(h, "post_created") == happened


@pytest.mark.parametrize("happened", [True, False])
@pytest.mark.parametrize("hours", [1, 23.95, 25, 100])
async def test_post_whose_answer_was_lost_is_there_once_however_late_the_retry(
    *, happened: bool, hours: float
) -> None:
    async with harness() as h:
        await lost_post(h, POST, happened=happened)
        h.clock.advance(hours * 3600)
        answers = await patiently(h, "create_post", POST)
        assert answers[-1]["ok"]
        assert did(h, "post_created") == 1
        assert (await patiently(h, "create_post", POST))[-1]["receipt"]["replayed"]


async def test_clock_set_back_does_not_renew_a_forgotten_key() -> None:
    async with harness() as h:
        h.clock.instant += 30 * 3600  # wrong for a while, and put right afterwards
        await lost_post(h, POST, happened=True)
        h.clock.instant -= 30 * 3600
        h.sandbox.clock.advance(25 * 3600)
        h.voxburst.requests.clear()
        await h.run("create_post", POST)
        assert h.voxburst.sent("POST", "/posts") == []
        assert did(h, "post_created") == 1


async def test_request_still_running_upstream_is_waited_for() -> None:
    async with harness() as h:
        running = httpx2.Response(
            409, json={"error": {"code": "IDEMPOTENCY_IN_PROGRESS", "message": "still running"}}
        )
        h.voxburst.only = "POST"
        h.voxburst.replies = [running, running]
        answer = await h.run("create_post", POST)
        assert answer["ok"]
        assert len({r.headers["idempotency-key"] for r in h.voxburst.sent("POST", "/posts")}) == 1
        assert did(h, "post_created") == 1


async def test_request_that_never_ends_upstream_is_told_as_running() -> None:
    async with harness() as h:
        body = {"error": {"code": "IDEMPOTENCY_IN_PROGRESS", "message": "still running"}}
        h.voxburst.only = "POST"
        h.voxburst.replies = [httpx2.Response(409, json=body) for _ in range(99)]
        answer = await h.run("create_post", POST)
        assert answer["error"]["code"] == "in_progress"
        assert answer["error"]["side_effect"] == "unknown"
        h.voxburst.replies = []
        assert (await h.run("create_post", POST))["ok"]
        assert did(h, "post_created") == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_post_that_was_saved_before_a_5xx_is_found(status: int) -> None:
    async with harness() as h:
        h.voxburst.only = "POST"
        await saved_without_key(h)
        h.voxburst.replies = [httpx2.Response(status, json={"error": {"code": "INTERNAL_ERROR"}})]
        answer = await h.run("create_post", POST)
        assert answer["ok"]
        assert did(h, "post_created") == 1


async def saved_without_key(h: Harness) -> None:
    """What a service does that fails after saving: the post is there, the key is not."""
    transport = httpx2.ASGITransport(app=h.sandbox.voxburst.app)
    headers = {"authorization": f"Bearer {h.sandbox.voxburst_key}"}
    body = {"content": POST["content"], "accountIds": POST["account_ids"], "saveAsDraft": True}
    async with httpx2.AsyncClient(transport=transport, headers=headers) as client:
        answer = await client.post("http://127.0.0.1:1002/v1/posts", json=body)
    assert answer.status_code == 201


async def test_5xx_is_not_followed_by_a_second_request_while_looking_fails() -> None:
    async with harness() as h:
        await saved_without_key(h)
        h.voxburst.replies = [httpx2.Response(500) for _ in range(10)]
        answer = await h.run("create_post", POST)
        assert answer["error"]["code"] == "outcome_unknown"
        assert len(h.voxburst.sent("POST", "/posts")) == 1
        h.voxburst.replies = []
        assert (await patiently(h, "create_post", POST))[-1]["ok"]
        assert did(h, "post_created") == 1


@pytest.mark.parametrize("content", [b"", b"<html>ok</html>", b'{"id": 5', b"[]", b"null"])
async def test_success_that_cannot_be_read_is_looked_for(content: bytes) -> None:
    async with harness() as h:
        h.voxburst.only = "POST"
        await saved_without_key(h)
        h.voxburst.replies = [httpx2.Response(200, content=content)]
        assert (await h.run("create_post", POST))["ok"]
        assert did(h, "post_created") == 1


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_refusal_at_the_gate_does_not_close_what_was_lost(status: int) -> None:
    """The key is taken away between a lost create and its retry, and given back later."""
    async with harness() as h:
        arguments = {"source": "https://example.com/cake.png", "content_type": "image/png"}
        h.voxburst.only = "POST"
        h.voxburst.lose_answers = 99
        assert not (await h.run("upload_media", arguments))["ok"]
        h.voxburst.lose_answers = 0
        h.voxburst.replies = [httpx2.Response(status, json={"error": {"code": "NO"}})] * 3
        refused = await h.run("upload_media", arguments)
        assert refused["error"]["side_effect"] == "unknown"
        h.voxburst.replies = []
        assert (await h.run("upload_media", arguments))["ok"]
        assert did(h, "media_created") == 1


async def test_gate_that_refuses_a_lost_create_is_told_once_its_absence_is_sure() -> None:
    async with harness() as h:
        await lost_post(h, POST, happened=False)
        h.voxburst.only = "POST"
        body = {"error": {"code": "PLAN_UPGRADE_REQUIRED", "message": "no"}}
        h.voxburst.replies = [httpx2.Response(403, json=body) for _ in range(9)]
        answers = await patiently(h, "create_post", POST)
        assert answers[-1]["error"]["code"] == "plan_limit"
        assert answers[-1]["error"]["side_effect"] == "none"
        h.voxburst.replies = []
        assert (await h.run("create_post", POST))["ok"]


@pytest.mark.parametrize("status", [400, 402, 404, 422])
async def test_remembered_refusal_is_not_replayed_once_its_cause_is_gone(status: int) -> None:
    """VoxBurst remembers a refusal under its key; the next try has another key."""
    async with harness() as h:
        h.voxburst.only = "POST"
        body = {"error": {"code": "NO", "message": "no"}}
        h.voxburst.replies = [httpx2.Response(status, json=body)]
        refused = await h.run("create_post", POST)
        assert refused["error"]["side_effect"] == "none"
        assert (await h.run("create_post", POST))["ok"]
        first, second = [r.headers["idempotency-key"] for r in h.voxburst.sent("POST", "/posts")]
        assert first != second


async def test_delete_that_finds_nothing_after_a_lost_one_has_succeeded() -> None:
    async with harness() as h:
        post_id = (await h.run("create_post", POST))["data"]["id"]
        h.voxburst.lose_answers = 99
        lost = await h.run("delete_post", {"post_id": post_id})
        assert lost["error"]["side_effect"] == "unknown"
        h.voxburst.lose_answers = 0
        h.voxburst.refuse_connections = 99
        away = await h.run("delete_post", {"post_id": post_id})
        assert away["error"]["side_effect"] == "unknown"
        h.voxburst.refuse_connections = 0
        h.clock.advance(60)
        assert (await h.run("delete_post", {"post_id": post_id}))["ok"]
        assert (await h.run("delete_post", {"post_id": post_id}))["ok"]


async def test_delete_of_what_was_never_there_is_told() -> None:
    async with harness() as h:
        for _ in range(2):
            answer = await h.run("delete_post", {"post_id": "never-there"})
            assert answer["error"]["code"] in {"not_found", "invalid_arguments"}


async def test_refused_update_after_a_lost_one_does_not_claim_that_nothing_changed() -> None:
    async with harness() as h:
        agent_id = START["agent_id"]
        change = {"agent_id": agent_id, "intro_message": "Good day"}
        h.vocobase.only = "PUT"
        h.vocobase.lose_answers = 99
        lost = await h.run("update_agent", change)
        h.vocobase.lose_answers = 0
        h.vocobase.replies = [httpx2.Response(403, json={"error": {"code": "FORBIDDEN"}})] * 2
        refused = await h.run("update_agent", change)
        assert lost["error"]["side_effect"] == "unknown"
        assert refused["error"]["code"] == "forbidden"
        assert refused["error"]["side_effect"] == "unknown"
        later = await h.run("update_agent", change)
        assert later["error"]["side_effect"] == "none"


async def test_call_without_time_left_before_its_first_request_has_not_acted() -> None:
    async with harness() as h:
        slow = h.vocobase.handle_async_request

        async def late(request: httpx2.Request) -> httpx2.Response:
            h.clock.advance(44.5)
            return await slow(request)

        h.vocobase.handle_async_request = late
        answer = await h.run("start_call", {k: v for k, v in START.items() if k != "provider"})
        assert calls(h) == 0
        assert answer["error"]["side_effect"] == "none"


async def test_connection_that_cannot_be_made_is_a_definite_no() -> None:
    async with harness() as h:
        h.vocobase.refuse_connections = 3
        answer = await h.run("start_call", START)
        assert answer["error"]["code"] == "unreachable"
        assert answer["error"]["side_effect"] == "none"
        assert (await h.run("start_call", START))["ok"]
        assert calls(h) == 1


async def test_lost_create_with_a_past_time_is_found_on_retry() -> None:
    async with harness() as h:
        due = h.clock.now() + 600
        arguments = {**POST, "when": instant(due), "account_ids": [ACCOUNT_IDS["linkedin"]]}
        await lost_post(h, arguments, happened=True)
        h.clock.advance(3600)
        assert (await patiently(h, "create_post", arguments))[-1]["ok"]
        assert did(h, "post_created") == 1


def instant(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()


@pytest.mark.parametrize("retry_after", [None, 0, 1, 40])
async def test_start_refused_for_pace_after_it_rang_is_found(retry_after: int | None) -> None:
    async with harness() as h:
        fault = Fault(when="after", status=429, method="POST", retry_after=retry_after)
        h.sandbox.vocobase.faults.add(fault)
        answers = await patiently(h, "start_call", START)
        assert answers[-1]["ok"]
        assert calls(h) == 1


@pytest.mark.parametrize("retry_after", [None, 0, 1, 40])
async def test_post_refused_for_pace_after_it_was_saved_is_there_once(
    retry_after: int | None,
) -> None:
    async with harness() as h:
        fault = Fault(when="after", status=429, method="POST", retry_after=retry_after)
        h.sandbox.voxburst.faults.add(fault)
        answers = await patiently(h, "create_post", POST)
        assert answers[-1]["ok"]
        assert all(answer["error"]["code"] == "rate_limited" for answer in answers[:-1])
        assert did(h, "post_created") == 1


@pytest.mark.parametrize(("name", "arguments"), [("start_call", START), ("create_post", POST)])
async def test_refusal_for_pace_before_anything_happened_is_told_as_such(
    name: str, arguments: dict[str, Any]
) -> None:
    async with harness() as h:
        for box in (h.sandbox.vocobase, h.sandbox.voxburst):
            box.faults.add(Fault(when="before", status=429, method="POST", retry_after=40))
        answers = await patiently(h, name, arguments)
        assert [a["ok"] for a in answers] == [False, True]
        error = answers[0]["error"]
        assert (error["code"], error["side_effect"]) == ("rate_limited", "none")
        assert calls(h) + did(h, "post_created") == 1


async def test_post_saved_before_a_5xx_is_not_sent_again_while_the_list_may_lag() -> None:
    async with harness(sandbox=ROOMY, CALLPOST_LIMITS=WIDE) as h:
        h.voxburst.only = "POST /v1/posts"
        h.voxburst.replies = [httpx2.Response(500, json={})]
        answer = await h.run("create_post", POST)
        assert answer["error"]["code"] == "outcome_unknown"
        assert len(h.voxburst.sent("POST", "/posts")) == 1
        assert h.voxburst.sent("GET", "/posts")
        h.clock.advance(answer["error"]["retry_after_s"])
        assert (await h.run("create_post", POST))["ok"]
        assert did(h, "post_created") == 1
        first, second = h.voxburst.sent("POST", "/posts")
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


@pytest.mark.parametrize("status", [302, 303, 308])
async def test_redirect_of_a_write_is_no_refusal(status: int) -> None:
    async with harness(sandbox=ROOMY, CALLPOST_LIMITS=WIDE) as h:
        h.vocobase.only = "POST"
        h.vocobase.replies = [httpx2.Response(status, headers={"Location": "/elsewhere"})]
        answer = await h.run("start_call", START)
        assert answer["error"]["side_effect"] == "unknown"
        assert len(h.vocobase.sent("POST", "/calls/start")) == 1


async def test_post_that_no_look_finds_is_sent_again_with_its_own_key() -> None:
    """The list never shows it, so only the key can tell that it was saved."""
    async with harness(sandbox=ROOMY, CALLPOST_LIMITS=WIDE) as h:
        h.sandbox.voxburst.faults.add(Fault(when="after", status=500, method="POST"))
        h.voxburst.only = "GET /v1/posts"
        h.voxburst.replies = [
            httpx2.Response(200, json={"data": [], "pagination": {"hasMore": False}})
            for _ in range(9)
        ]
        answers = await patiently(h, "create_post", POST)
        assert answers[-1]["ok"]
        assert did(h, "post_created") == 1
        assert len({r.headers["idempotency-key"] for r in h.voxburst.sent("POST", "/posts")}) == 1
