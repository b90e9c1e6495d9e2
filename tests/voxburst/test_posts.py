import json
from typing import Any

import pytest

from harness import harness
from voxburst.world import accounts, bodies, posted, published


@pytest.mark.parametrize(
    ("when", "intent"),
    [
        ("draft", {"saveAsDraft": True}),
        (" Draft ", {"saveAsDraft": True}),
        ("queue", {"queue": True}),
        ("now", {"saveAsDraft": True}),
        ("2099-12-01T09:00:00+01:00", {"scheduledFor": "2099-12-01T08:00:00Z"}),
    ],
)
async def test_every_create_says_exactly_one_intent(when: str, intent: dict[str, Any]) -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        answer = await h.run("create_post", {"content": "Hi", "account_ids": ids, "when": when})
        assert answer["ok"]
        [body] = bodies(h)
        assert body == {"content": "Hi", "accountIds": ids} | intent


async def test_every_field_reaches_the_wire_under_its_name() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        arguments = {
            "content": "One",
            "account_ids": ids,
            "when": "draft",
            "content_type": "thread",
            "platform_overrides": [
                {"platform": "X", "content": "short"},
                {"platform": "tiktok", "settings_json": {"privacy": "PUBLIC"}},
            ],
            "thread": [{"content": "a"}, {"content": "b"}],
            "first_comment": "first!",
            "first_comment_delay_s": 5,
            "tags": ["b", "a", "b"],
            "metadata": {"campaign": "spring", "labels": ["x"]},
        }
        assert (await h.run("create_post", arguments))["ok"]
        [body] = bodies(h)
        assert body == {
            "content": "One",
            "accountIds": ids,
            "saveAsDraft": True,
            "contentType": "THREAD",
            "platformOverrides": {"TWITTER": {"content": "short"}},
            "platformMetadata": {"TIKTOK": {"privacy": "PUBLIC"}},
            "threadPosts": [
                {"sequence": 1, "content": "a"},
                {"sequence": 2, "content": "b"},
            ],
            "firstComment": "first!",
            "firstCommentDelay": 5,
            "tags": ["a", "b"],
            "metadata": {"campaign": "spring", "labels": ["x"]},
        }


async def test_now_saves_a_draft_and_publishes_it() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter", "linkedin")
        answer = await h.run("create_post", {"content": "Hi", "account_ids": ids, "when": "now"})
        assert answer["data"]["status"] == "publishing"
        await h.clock.sleep(10)
        post = await h.run("get_post", {"post_id": answer["data"]["id"]})
        assert post["data"]["status"] == "published"
        assert (posted(h), published(h)) == (1, 2)


async def test_same_post_in_other_words_is_posted_once() -> None:
    async with harness() as h:
        one, two = await accounts(h, "twitter", "linkedin")
        first = {"content": "Hi ", "account_ids": [one, two], "when": "2099-01-01T10:00:00+01:00"}
        again: dict[str, Any] = {
            "when": "2099-01-01T09:00:00Z",
            "content": "Hi",
            "account_ids": json.dumps([two, one, two]),
            "tags": None,
            "media_ids": [],
            "first_comment_delay_s": 0,
            "validate": True,
        }
        done = await h.run("create_post", first)
        replay = await h.run("create_post", again)
        assert replay["receipt"]["replayed"]
        assert replay["data"]["id"] == done["data"]["id"]
        assert posted(h) == 1


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"when": "tomorrow"}, "when"),
        ({"when": "2099-01-01T10:00:00"}, "when"),
        ({"when": 1700000000}, "when"),
        ({"content": "  "}, "content"),
        ({"content": "x" * 10_001}, "content"),
        ({"account_ids": []}, "account_ids"),
        ({"account_ids": ["../x"]}, "account_ids.0"),
        ({"thread": []}, "thread"),
        ({"platform_overrides": [{"platform": "twiter", "content": "x"}]}, None),
        ({"platform_overrides": [{"platform": "x", "content": "x" * 281}]}, None),
        ({"platform_overrides": [{"platform": "x"}]}, None),
        ({"platform_overrides": [{"platform": p, "content": "a"} for p in ("x", "X")]}, None),
        ({"first_comment_delay_s": 3}, None),
        ({"metadata": {"k" * 101: "v"}}, "metadata"),
        ({"metadata": {"k": "v" * 1001}}, "metadata"),
        ({"metadata": {"k": ["v"] * 101}}, "metadata"),
        ({"metadata": "no object"}, "metadata"),
        ({"scheduledAt": "2099-01-01T10:00:00Z"}, "scheduledAt"),
    ],
)
async def test_wrong_argument_is_named_and_nothing_is_sent(
    wrong: dict[str, Any], path: str | None
) -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        arguments = {"content": "Hi", "account_ids": ids, "when": "draft"} | wrong
        error = (await h.run("create_post", arguments))["error"]
        assert error["code"] == "invalid_arguments"
        assert path is None or error["fields"][0]["path"] == path
        assert h.voxburst.requests == []


async def test_list_is_short_and_pages_by_cursor() -> None:
    async with harness() as h:
        ids = await accounts(h, "linkedin")
        for number in range(3):
            content = f"{number} " + "x" * 900
            await h.run("create_post", {"content": content, "account_ids": ids, "when": "draft"})
        first = (await h.run("list_posts", {"limit": 2, "status": "draft"}))["data"]
        second = (await h.run("list_posts", {"limit": 2, "cursor": first["next_cursor"]}))["data"]
        assert [len(first["items"]), len(second["items"])] == [2, 1]
        assert "next_cursor" not in second
        assert len(first["items"][0]["content"]) == 500
        assert first["items"][0]["targets"] == ["linkedin pending"]


async def test_update_sends_only_what_changes_and_acts_every_time() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        draft = {"content": "A", "account_ids": ids, "when": "draft"}
        post_id = (await h.run("create_post", draft))["data"]["id"]
        for content in ("B", "A", "B"):
            answer = await h.run("update_post", {"post_id": post_id, "content": content})
            assert answer["data"]["content"] == content
            assert not answer["receipt"]["replayed"]
        assert json.loads(h.voxburst.sent("PATCH", post_id)[0].content) == {"content": "B"}


async def test_update_can_empty_a_list_and_take_the_persona_away() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        draft = {"content": "A", "account_ids": ids, "when": "draft"}
        post_id = (await h.run("create_post", draft))["data"]["id"]
        await h.run("update_post", {"post_id": post_id, "media_ids": [], "no_persona": True})
        [request] = h.voxburst.sent("PATCH", post_id)
        assert json.loads(request.content) == {"media": [], "personaId": None}


@pytest.mark.parametrize(
    "change",
    [{}, {"no_persona": False}, {"persona_id": "c1", "no_persona": True}],
)
async def test_update_that_says_nothing_or_two_things_is_refused(change: dict[str, Any]) -> None:
    async with harness() as h:
        answer = await h.run("update_post", {"post_id": "c" + "1" * 24, **change})
        assert answer["error"]["code"] == "invalid_arguments"
        assert h.voxburst.requests == []


async def test_publish_again_within_minutes_is_a_replay() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        draft = {"content": "A", "account_ids": ids, "when": "draft"}
        post_id = (await h.run("create_post", draft))["data"]["id"]
        assert (await h.run("publish_post", {"post_id": post_id}))["ok"]
        again = await h.run("publish_post", {"post_id": post_id})
        assert again["receipt"]["replayed"]
        assert len(h.voxburst.sent("POST", "/publish")) == 1


async def test_retry_acts_again_only_when_it_failed_again() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        bad = {"content": "[fail:twitter]", "account_ids": ids, "when": "now"}
        post_id = (await h.run("create_post", bad))["data"]["id"]
        await h.clock.sleep(10)
        assert (await h.run("retry_post", {"post_id": post_id}))["ok"]
        assert (await h.run("retry_post", {"post_id": post_id}))["receipt"]["replayed"]
        await h.clock.sleep(10)
        again = await h.run("retry_post", {"post_id": post_id})
        assert again["ok"], again
        assert not again["receipt"]["replayed"]


async def test_cancel_of_a_cancelled_post_is_done() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        draft = {"content": "A", "account_ids": ids, "when": "draft"}
        post_id = (await h.run("create_post", draft))["data"]["id"]
        for _ in range(2):
            answer = await h.run("cancel_post", {"post_id": post_id})
            assert answer["data"]["status"] == "cancelled"


async def test_cancel_of_a_published_post_is_a_conflict() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        arguments = {"content": "A", "account_ids": ids, "when": "now"}
        post_id = (await h.run("create_post", arguments))["data"]["id"]
        await h.clock.sleep(10)
        answer = await h.run("cancel_post", {"post_id": post_id})
        assert answer["error"]["code"] == "conflict"
