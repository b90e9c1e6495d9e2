"""What hardly ever happens, one by one: each is a way in which an answer could be wrong."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anyio
import httpx2

from callpost.engine import Turn
from callpost.ledger import LostClaimError
from callpost.toolset import Effect
from deeds import POST, START, Failing, calls, did, patiently
from harness import Harness, Lossy, harness

REGISTER = {"source": "https://example.com/cake.png", "content_type": "image/png"}
Answer = httpx2.Response | Exception | None


def script(lossy: Lossy, path_end: str, *answers: Answer, method: str = "POST") -> None:
    """What happens to the next requests to a path; None lets one through."""
    inner, left = lossy.handle_async_request, list(answers)

    async def scripted(request: httpx2.Request) -> httpx2.Response:
        if request.method != method or not request.url.path.endswith(path_end) or not left:
            return await inner(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            lossy.requests.append(request)
            raise answer
        if answer is not None:
            lossy.requests.append(request)
            return answer
        return await inner(request)

    lossy.handle_async_request = scripted


def lost() -> Exception:
    return httpx2.ReadError("reset")


def away() -> Exception:
    return httpx2.ConnectError("refused")


def refusal(status: int, code: str = "NO", **headers: str) -> httpx2.Response:
    return httpx2.Response(status, json={"error": {"code": code}}, headers=headers)


async def published_elsewhere(h: Harness, post_id: str) -> None:
    transport = httpx2.ASGITransport(app=h.sandbox.voxburst.app)
    headers = {"authorization": f"Bearer {h.sandbox.voxburst_key}"}
    async with httpx2.AsyncClient(transport=transport, headers=headers) as client:
        answer = await client.post(f"http://127.0.0.1:1002/v1/posts/{post_id}/publish")
    assert answer.is_success


async def test_conflict_on_sending_again_is_looked_into() -> None:
    """The service published and did not keep the key, so the same request conflicts."""
    async with harness() as h:
        post_id = (await h.run("create_post", POST))["data"]["id"]
        await published_elsewhere(h, post_id)
        script(h.voxburst, "/publish", lost())
        answer = await h.run("publish_post", {"post_id": post_id})
        assert answer["ok"], answer
        assert did(h, "publish_started") == 1


async def test_connection_that_fails_on_sending_again_leaves_it_open() -> None:
    async with harness() as h:
        script(h.voxburst, "/posts", lost(), *(away() for _ in range(9)))
        answer = await h.run("create_post", POST)
        assert answer["error"]["side_effect"] == "unknown"
        script(h.voxburst, "/posts")
        assert (await patiently(h, "create_post", POST))[-1]["ok"]
        assert did(h, "post_created") == 1


async def test_limit_met_on_sending_again_leaves_it_open() -> None:
    async with harness() as h:
        slow = refusal(429, **{"retry-after": "2"})
        h.voxburst.only, h.voxburst.lose_answers = "POST", 1
        inner = h.voxburst.handle_async_request
        script(h.voxburst, "/posts", None, slow)
        answer = await h.run("create_post", POST)
        h.voxburst.handle_async_request = inner
        assert answer["ok"], answer
        assert did(h, "post_created") == 1


async def test_refusal_on_sending_again_is_not_believed_while_looking_fails() -> None:
    async with harness() as h:
        script(h.voxburst, "/posts", lost(), refusal(403))
        script(h.voxburst, "/posts", *(refusal(500) for _ in range(9)), method="GET")
        answer = await h.run("create_post", POST)
        assert answer["error"]["code"] == "outcome_unknown"


async def test_refusal_that_is_a_replay_speaks_for_the_first_request() -> None:
    async with harness() as h:
        told = refusal(402, **{"Idempotency-Key-Used": "true"})
        script(h.voxburst, "/media/register", lost(), told)
        answer = await h.run("upload_media", REGISTER)
        assert answer["error"]["code"] == "plan_limit"
        assert answer["error"]["side_effect"] == "none"


async def test_what_can_be_neither_looked_for_nor_repeated_needs_a_person() -> None:
    async with harness() as h:
        script(h.voxburst, "/media/register", *(lost() for _ in range(4)))
        first = await h.run("upload_media", REGISTER)
        assert first["error"]["retry"] == "same_arguments"
        h.clock.advance(25 * 3600)
        late = await h.run("upload_media", REGISTER)
        assert late["error"]["code"] == "outcome_unknown"
        assert late["error"]["retry"] == "never"
        assert "ledger settle" in late["error"]["next_step"]


async def test_key_decides_where_looking_is_not_allowed() -> None:
    async with harness() as h:
        h.voxburst.lose_answers = 99
        await h.run("create_post", POST)
        h.voxburst.lose_answers = 0
        script(h.voxburst, "/posts", *(refusal(403) for _ in range(9)), method="GET")
        answer = await h.run("create_post", POST)
        assert answer["ok"], answer
        assert did(h, "post_created") == 1


async def test_effect_that_others_keep_adopting_is_asked_for_again() -> None:
    async with harness() as h:
        h.vocobase.lose_answers = 99
        await h.run("start_call", START)
        h.vocobase.lose_answers = 0
        ledger = h.callpost.engine.ledger
        adopt = ledger.adopt

        async def taken(*_: Any) -> bool:
            return False

        ledger.adopt = taken  # pyright: ignore[reportAttributeAccessIssue] because the race is made by hand
        answer = await h.run("start_call", START)
        assert answer["error"]["code"] == "outcome_unknown"
        ledger.adopt = adopt  # pyright: ignore[reportAttributeAccessIssue] because it is put back
        assert (await h.run("start_call", START))["ok"]
        assert calls(h) == 1


async def test_limit_met_while_the_ledger_fails_is_not_sent_again() -> None:
    async with harness() as h:
        script(h.voxburst, "/posts", refusal(429, **{"retry-after": "1"}))
        Failing(h, "record")
        answer = await h.run("create_post", POST)
        assert answer["error"]["code"] == "rate_limited"
        assert len(h.voxburst.sent("POST", "/posts")) == 1


async def test_absence_that_cannot_be_recorded_is_no_leave_to_send() -> None:
    async with harness() as h:
        script(h.vocobase, "/calls/start", lost())
        first = await h.run("start_call", START)
        h.clock.advance(first["error"]["retry_after_s"])
        disk = Failing(h, "record", "finish")
        for _ in range(3):
            answer = await h.run("start_call", START)
            assert answer["error"]["code"] == "outcome_unknown"
            h.clock.advance(100)
        assert len(h.vocobase.sent("POST", "/calls/start")) == 1
        disk.mend()
        assert (await patiently(h, "start_call", START))[-1]["ok"]
        assert calls(h) == 1


async def test_tool_call_without_time_for_its_second_step_says_what_is_done() -> None:
    async with harness() as h:
        inner = h.voxburst.handle_async_request

        async def slow(request: httpx2.Request) -> httpx2.Response:
            h.clock.advance(44.5)
            return await inner(request)

        h.voxburst.handle_async_request = slow
        arguments = {**POST, "when": "now"}
        answer = await h.run("create_post", arguments)
        assert answer["error"]["code"] == "upstream_error"
        assert answer["error"]["side_effect"] == "done"
        h.voxburst.handle_async_request = inner
        assert (await h.run("create_post", arguments))["ok"]
        assert (did(h, "post_created"), did(h, "publish_started")) == (1, 1)


async def broken_run(h: Harness, handler: Callable[..., Any], **changes: Any) -> dict[str, Any]:
    tool = h.callpost.catalog.find("start_call")
    assert tool is not None
    broken = replace(tool, handler=handler, **changes)
    return dict((await h.callpost.engine.run(broken, START, Turn())).content)


async def test_defect_of_a_handler_is_told_without_its_text() -> None:
    async def handler(*_: Any) -> None:
        raise ValueError("secret")

    async with harness() as h:
        error = (await broken_run(h, handler))["error"]
        assert (error["code"], error["side_effect"]) == ("internal", "none")
        assert "secret" not in str(error)


async def test_read_that_writes_is_a_defect_and_sends_nothing() -> None:
    async with harness() as h:
        tool = h.callpost.catalog.find("start_call")
        assert tool is not None
        error = (await broken_run(h, tool.handler, effect=Effect.READS))["error"]
        assert error["code"] == "internal"
        assert calls(h) == 0


async def test_call_that_lost_its_claim_sends_nothing_and_says_that_another_one_runs() -> None:
    async with harness() as h:
        ledger = h.callpost.engine.ledger

        async def taken(*_: Any) -> None:
            raise LostClaimError("key")

        ledger.begin = taken  # pyright: ignore[reportAttributeAccessIssue] because only a defect of the system does this
        error = (await h.run("start_call", START))["error"]
        assert (error["code"], error["side_effect"]) == ("in_progress", "unknown")
        assert calls(h) == 0


async def test_twin_of_a_call_that_takes_long_is_told_to_come_back() -> None:
    async with harness() as h:
        reached, release = anyio.Event(), anyio.Event()
        inner = h.vocobase.handle_async_request

        async def held(request: httpx2.Request) -> httpx2.Response:
            reached.set()
            await release.wait()
            return await inner(request)

        h.vocobase.handle_async_request = held
        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(h.run, "start_call", START)
                await reached.wait()
                told = await h.run("start_call", START)
                assert told["error"]["code"] == "in_progress"
                assert told["error"]["retry"] == "same_arguments"
                release.set()
        assert calls(h) == 1


async def test_refusal_at_the_gate_leaves_open_what_is_not_found_yet() -> None:
    async with harness() as h:
        script(h.voxburst, "/posts", lost(), refusal(403))
        answer = await h.run("create_post", POST)
        assert answer["error"]["code"] == "outcome_unknown"
        assert answer["error"]["upstream"]["status"] == 403
        assert (await patiently(h, "create_post", POST))[-1]["ok"]
        assert did(h, "post_created") == 1


async def test_refusal_at_the_gate_is_told_once_the_lost_publish_is_disproved() -> None:
    async with harness() as h:
        post_id = (await h.run("create_post", POST))["data"]["id"]
        script(h.voxburst, "/publish", lost(), *(refusal(403) for _ in range(9)))
        answers = await patiently(h, "publish_post", {"post_id": post_id})
        assert [a["error"]["code"] for a in answers[:-1]] == ["outcome_unknown"] * (
            len(answers) - 1
        )
        assert answers[-1]["error"]["code"] == "forbidden"
        assert answers[-1]["error"]["side_effect"] == "none"


async def test_refused_repeat_of_a_setting_does_not_claim_that_nothing_changed() -> None:
    async with harness() as h:
        change = {"agent_id": START["agent_id"], "intro_message": "Good day"}
        script(h.vocobase, START["agent_id"], lost(), refusal(403), method="PUT")
        answer = await h.run("update_agent", change)
        assert answer["error"]["code"] == "forbidden"
        assert answer["error"]["side_effect"] == "unknown"


async def test_settlement_that_can_never_decide_is_told_as_such() -> None:
    """«Never», said by the settlement, reaches the agent as it is."""
    async with harness() as h:
        h.vocobase.only, h.vocobase.lose_answers = "POST", 1
        function = {"name": "book", "description": "Books", "url": "https://example.com/f"}
        answer = await h.run("create_agent_function", function)
        assert answer["error"]["code"] == "outcome_unknown", answer
        assert answer["error"]["retry"] == "never"
        assert "retry_after_s" not in answer["error"]
