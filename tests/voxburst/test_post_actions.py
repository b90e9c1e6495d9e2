from typing import Any

import httpx2
import pytest

from harness import Harness, harness
from voxburst.world import accounts, bodies, draft, instant, posted


async def test_copy_of_a_post_is_a_new_draft_once() -> None:
    async with harness() as h:
        post_id = await draft(h)
        copy = await h.run("clone_post", {"post_id": post_id})
        again = await h.run("clone_post", {"post_id": post_id})
        assert copy["data"]["status"] == "draft"
        assert copy["data"]["id"] != post_id
        assert again["data"]["id"] == copy["data"]["id"]
        another = await h.run("clone_post", {"post_id": post_id, "occurrence": 2})
        assert another["data"]["id"] not in {post_id, copy["data"]["id"]}


async def test_copy_whose_key_is_forgotten_is_found() -> None:
    async with harness() as h:
        post_id = await draft(h)
        h.clock.advance(3600)
        h.voxburst.only, h.voxburst.lose_answers = "/clone", 20
        await h.run("clone_post", {"post_id": post_id})
        h.voxburst.lose_answers = 0
        h.clock.advance(25 * 3600)
        answer = await h.run("clone_post", {"post_id": post_id})
        assert answer["ok"], answer
        assert answer["data"]["id"] != post_id
        assert posted(h) == 2


async def failed_target(h: Harness) -> dict[str, str]:
    [account] = await accounts(h, "twitter")
    bad = {"content": "[fail:twitter]", "account_ids": [account], "when": "now"}
    post_id = (await h.run("create_post", bad))["data"]["id"]
    await h.clock.sleep(10)
    [target] = (await h.run("get_post", {"post_id": post_id}))["data"]["platforms"]
    assert target["status"] == "failed"
    assert target["error"]["code"] == "PUBLISH_ERROR"
    return {"post_id": post_id, "post_platform_id": target["post_platform_id"]}


async def test_repaired_target_goes_out() -> None:
    async with harness() as h:
        target = await failed_target(h)
        answer = await h.run("fix_post_target", target | {"content": "better"})
        assert answer["data"]["success"]
        assert bodies(h, "/fix") == [{"content": "better"}]
        await h.clock.sleep(10)
        post = (await h.run("get_post", {"post_id": target["post_id"]}))["data"]
        assert post["status"] == "published"
        assert (await h.run("fix_post_target", target | {"content": "better"}))["receipt"][
            "replayed"
        ]


async def test_repair_whose_key_is_forgotten_is_settled_by_the_target() -> None:
    async with harness() as h:
        target = await failed_target(h) | {"content": "better"}
        h.voxburst.only, h.voxburst.lose_answers = "/fix", 20
        await h.run("fix_post_target", target)
        h.voxburst.lose_answers = 0
        h.clock.advance(25 * 3600)
        answer = await h.run("fix_post_target", target)
        assert answer["data"]["status"] == "published"


@pytest.mark.parametrize(
    "remedy",
    [
        {"media_url": "http://example.com/a.jpg"},
        {"media_url": "https://example.com/a.jpg", "refresh_media": True},
    ],
)
async def test_remedies_that_do_not_fit_are_refused(remedy: dict[str, Any]) -> None:
    async with harness() as h:
        answer = await h.run(
            "fix_post_target", {"post_id": "c1", "post_platform_id": "c2"} | remedy
        )
        assert answer["error"]["code"] == "invalid_arguments"
        assert h.voxburst.requests == []


async def test_remedy_is_sent_under_its_wire_name() -> None:
    async with harness() as h:
        target = await failed_target(h)
        h.voxburst.only = "/fix"
        h.voxburst.replies = [httpx2.Response(200, json={"success": True}) for _ in range(2)]
        await h.run("fix_post_target", target | {"media_url": "https://example.com/a.jpg"})
        await h.run("fix_post_target", target | {"refresh_media": True})
        assert bodies(h, "/fix") == [
            {"mediaUrl": "https://example.com/a.jpg"},
            {"refreshMedia": True},
        ]


async def test_many_posts_are_scheduled_once_and_each_tells_its_fate() -> None:
    async with harness() as h:
        [account] = await accounts(h, "twitter")
        when = instant(h, seconds=3600)
        good = {"content": "Hi", "account_ids": [account], "when": when, "metadata": {"a": "b"}}
        good |= {"platform_overrides": [{"platform": "x", "content": "short"}]}
        bad = good | {"account_ids": ["c" + "0" * 24]}
        answer = await h.run("create_posts", {"posts": [good, bad]})
        assert (answer["data"]["created"], answer["data"]["failed"]) == (1, 1)
        assert [item["status"] for item in answer["data"]["results"]] == ["created", "failed"]
        assert (await h.run("create_posts", {"posts": [good, bad]}))["receipt"]["replayed"]
        assert posted(h) == 1
        [body] = bodies(h, "/bulk")
        assert body["posts"][0]["metadata"] == {"a": "b"}
        assert body["posts"][0]["platformOverrides"] == {"TWITTER": {"content": "short"}}
        assert all("scheduledFor" in post for post in body["posts"])


async def test_dry_run_creates_nothing_and_is_another_intent() -> None:
    async with harness() as h:
        [account] = await accounts(h, "twitter")
        when = instant(h, seconds=3600)
        posts = [{"content": "Hi", "account_ids": [account], "when": when}]
        answer = await h.run("create_posts", {"posts": posts, "dry_run": True})
        assert answer["data"]["results"][0]["status"] == "valid"
        assert posted(h) == 0
        assert (await h.run("create_posts", {"posts": posts}))["data"]["created"] == 1


async def test_one_past_instant_stops_all() -> None:
    async with harness() as h:
        [account] = await accounts(h, "twitter")
        late = {"content": "Hi", "account_ids": [account], "when": "2020-01-01T00:00:00Z"}
        error = (await h.run("create_posts", {"posts": [late]}))["error"]
        assert error["fields"][0]["path"] == "posts.0.when"
        assert posted(h) == 0
