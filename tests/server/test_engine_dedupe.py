from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from callpost.engine import Turn
from callpost.toolset import Dedupe
from deeds import NUMBER, POST, START, calls, did
from harness import Harness, harness


async def under(h: Harness, rule: Dedupe, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The tool as it would be with another rule."""
    tool = h.callpost.catalog.find(name)
    assert tool is not None
    wrong = replace(tool, dedupe=rule, stands=tool.stands if rule is Dedupe.BRIEF else None)
    return dict((await h.callpost.engine.run(wrong, arguments, Turn())).content)


async def drafted(h: Harness, content: str = "First") -> str:
    return (await h.run("create_post", {**POST, "content": content}))["data"]["id"]


async def text_of(h: Harness, post_id: str) -> str:
    return (await h.run("get_post", {"post_id": post_id}))["data"]["content"]


async def test_updates_to_a_then_b_then_a_all_reach_the_api() -> None:
    async with harness() as h:
        post_id = await drafted(h)
        for content in ("A", "B", "A"):
            answer = await h.run("update_post", {"post_id": post_id, "content": content})
            assert answer["ok"]
            assert not answer["receipt"]["replayed"]
        assert did(h, "post_updated") == 3
        assert await text_of(h, post_id) == "A"


async def test_content_rule_on_an_update_would_swallow_the_second_a() -> None:
    async with harness() as h:
        post_id = await drafted(h)
        for content in ("A", "B", "A"):
            await under(h, Dedupe.CONTENT, "update_post", {"post_id": post_id, "content": content})
        assert await text_of(h, post_id) == "B"


async def test_every_key_of_repeated_updates_is_another_one_upstream() -> None:
    async with harness() as h:
        post_id = await drafted(h)
        for content in ("A", "B", "A", "A"):
            await h.run("update_post", {"post_id": post_id, "content": content})
        keys = [r.headers["idempotency-key"] for r in h.voxburst.sent("PATCH", post_id)]
        assert len(set(keys)) == 4


async def failed_post(h: Harness) -> str:
    post_id = await drafted(h, "[fail:twitter] Bread")
    await h.run("publish_post", {"post_id": post_id})
    await h.clock.sleep(10)
    return post_id


async def test_post_that_fails_again_and_again_is_retried_each_time() -> None:
    async with harness() as h:
        post_id = await failed_post(h)
        for attempt in range(1, 4):
            answer = await h.run("retry_post", {"post_id": post_id})
            assert answer["ok"]
            assert len(h.voxburst.sent("POST", "/retry")) == attempt
            await h.clock.sleep(10)


async def test_content_rule_on_a_retry_would_leave_the_post_failed() -> None:
    async with harness() as h:
        post_id = await failed_post(h)
        for _ in range(3):
            await under(h, Dedupe.CONTENT, "retry_post", {"post_id": post_id})
            await h.clock.sleep(10)
        assert len(h.voxburst.sent("POST", "/retry")) == 1


async def test_retry_of_a_post_that_is_on_its_way_is_not_sent_again() -> None:
    async with harness() as h:
        post_id = await failed_post(h)
        await h.run("retry_post", {"post_id": post_id})
        again = await h.run("retry_post", {"post_id": post_id})
        assert again["receipt"]["replayed"]
        assert len(h.voxburst.sent("POST", "/retry")) == 1


async def test_publish_repeated_after_a_lost_answer_publishes_once() -> None:
    async with harness() as h:
        post_id = await drafted(h)
        h.voxburst.only = "POST"
        h.voxburst.lose_answers = 1
        first = await h.run("publish_post", {"post_id": post_id})
        again = await h.run("publish_post", {"post_id": post_id})
        await h.clock.sleep(10)
        assert first["ok"]
        assert again["receipt"]["replayed"]
        assert did(h, "post_published") == 1


async def test_two_who_find_a_publish_undone_redo_it_once() -> None:
    async with harness() as h:
        post_id = await failed_post(h)
        await h.run("retry_post", {"post_id": post_id})
        await h.clock.sleep(10)
        sent_before = len(h.voxburst.sent("POST", "/retry"))
        answers: list[dict[str, Any]] = []

        async def redo() -> None:
            answers.append(await h.run("retry_post", {"post_id": post_id}))

        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(redo)
        assert all(answer["ok"] for answer in answers)
        assert len(h.voxburst.sent("POST", "/retry")) == sent_before + 1


async def test_what_was_done_is_told_where_its_state_cannot_be_read() -> None:
    async with harness() as h:
        post_id = await drafted(h)
        await h.run("publish_post", {"post_id": post_id})
        h.voxburst.refuse_connections = 99
        again = await h.run("publish_post", {"post_id": post_id})
        assert again["error"]["side_effect"] == "done"


async def test_same_create_after_its_day_acts_again() -> None:
    async with harness() as h:
        await h.run("create_post", POST)
        h.clock.advance(24 * 3600 + 1)
        again = await h.run("create_post", POST)
        assert not again["receipt"]["replayed"]
        assert did(h, "post_created") == 2


async def test_same_publish_after_minutes_reaches_the_api() -> None:
    async with harness() as h:
        post_id = await drafted(h)
        await h.run("publish_post", {"post_id": post_id})
        h.clock.advance(301)
        again = await h.run("publish_post", {"post_id": post_id})
        assert again["error"]["code"] == "conflict"
        assert len(h.voxburst.sent("POST", "/publish")) == 2


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("start_call", START, {**START, "to_number": " tel:+1-415-555-0111", "variables": {}}),
        ("start_call", START, {**START, "to_number": "001 415 555 0111", "connection_id": None}),
        ("start_call", START, {**START, "provider": "TWILIO", "occurrence": 1}),
        (
            "start_call",
            {**START, "variables": {"a": 1, "b": "x "}},
            {**START, "variables": '{"b": "x", "a": "1"}'},
        ),
        ("create_post", POST, {**POST, "content": "Fresh bread at nine \n", "tags": []}),
        (
            "create_post",
            {**POST, "content": "caf\u00e9", "when": "2099-01-01T09:00:00Z"},
            {**POST, "content": "cafe\u0301", "when": "2099-01-01T14:30:00+05:30"},
        ),
    ],
)
async def test_other_notation_of_the_same_is_the_same_intent(
    name: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    async with harness() as h:
        first = await h.run(name, one)
        again = await h.run(name, other)
        assert first["ok"], first
        assert again["receipt"]["replayed"]
        assert again["receipt"]["idempotency_key"] == first["receipt"]["idempotency_key"]
        assert calls(h) + did(h, "post_created") == 1


@pytest.mark.parametrize(
    "change", [{"to_number": NUMBER[:-1] + "2"}, {"variables": {"callee_name": "Asha"}}]
)
async def test_what_changes_the_effect_is_another_intent(change: dict[str, Any]) -> None:
    async with harness() as h:
        await h.run("start_call", START)
        assert not (await h.run("start_call", START | change))["receipt"]["replayed"]
        assert calls(h) == 2


async def test_replay_says_when_it_was_done_and_how_to_act_again() -> None:
    async with harness() as h:
        await h.run("start_call", START)
        h.clock.advance(100)
        receipt = (await h.run("start_call", START))["receipt"]
        assert receipt["replayed"]
        assert receipt["done_at"].endswith("Z")
        assert "occurrence 2" in receipt["note"]
        second = await h.run("start_call", {**START, "occurrence": 2})
        assert not second["receipt"]["replayed"]
        again = await h.run("start_call", {**START, "occurrence": 2})
        assert "occurrence 3" in again["receipt"]["note"]
        assert calls(h) == 2


async def test_clients_own_key_makes_equal_arguments_two_intents() -> None:
    async with harness() as h:
        await h.run("start_call", START, client_key="one")
        await h.run("start_call", START, client_key="two")
        again = await h.run("start_call", START, client_key="two")
        assert again["receipt"]["replayed"]
        assert calls(h) == 2


async def test_clients_key_with_other_arguments_sends_nothing() -> None:
    async with harness() as h:
        await h.run("start_call", START, client_key="mine")
        h.vocobase.requests.clear()
        other = await h.run("start_call", {**START, "to_number": "+14155550122"}, client_key="mine")
        assert other["error"]["code"] == "idempotency_conflict"
        assert other["error"]["side_effect"] == "none"
        assert h.vocobase.requests == []


async def test_clients_key_is_free_for_corrected_arguments_after_a_refusal() -> None:
    async with harness() as h:
        wrong = await h.run("start_call", {**START, "agent_id": "nobody"}, client_key="mine")
        right = await h.run("start_call", START, client_key="mine")
        assert wrong["error"]["code"] == "not_found"
        assert right["ok"]
        assert calls(h) == 1


async def test_one_clients_key_means_another_intent_for_another_tool() -> None:
    async with harness() as h:
        assert (await h.run("start_call", START, client_key="mine"))["ok"]
        assert (await h.run("create_post", POST, client_key="mine"))["ok"]


@pytest.mark.parametrize("key", ["", "k" * 513])
async def test_unusable_key_of_a_client_is_refused(key: str) -> None:
    async with harness() as h:
        answer = await h.run("start_call", START, client_key=key)
        assert answer["error"]["code"] == "invalid_arguments"
        assert calls(h) == 0


async def test_twin_waits_for_a_running_one_and_gets_its_answer() -> None:
    async with harness() as h:
        answers: list[dict[str, Any]] = []

        async def start() -> None:
            answers.append(await h.run("start_call", START))

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(start)
        assert len({answer["data"]["call_id"] for answer in answers}) == 1
        assert sum(answer["receipt"]["replayed"] for answer in answers) == 4
        assert calls(h) == 1


async def test_post_that_another_machine_made_is_told_as_a_replay(tmp_path: Path) -> None:
    elsewhere = str(tmp_path / "ledger.sqlite3")
    async with harness() as h, harness(share=h, CALLPOST_STATE=elsewhere) as other:
        assert not (await h.run("create_post", POST))["receipt"]["replayed"]
        assert (await other.run("create_post", POST))["receipt"]["replayed"]
        assert did(h, "post_created") == 1
