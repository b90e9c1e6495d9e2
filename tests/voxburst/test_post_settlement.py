import httpx2
import pytest

from callpost_sandbox.faults import Fault
from harness import harness
from voxburst.world import accounts, instant, posted, published


@pytest.mark.parametrize("lost", ["/posts", "/publish"])
async def test_lost_answer_of_either_step_posts_and_publishes_once(lost: str) -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        h.voxburst.only, h.voxburst.lose_answers = lost, 20
        arguments = {"content": "Hi", "account_ids": ids, "when": "now"}
        answer = await h.run("create_post", arguments)
        assert answer["error"]["code"] == "outcome_unknown"
        h.voxburst.lose_answers = 0
        answer = await h.run("create_post", arguments)
        assert answer["ok"], answer
        await h.clock.sleep(10)
        assert (posted(h), published(h)) == (1, 1)


async def test_create_whose_key_is_forgotten_upstream_is_found_in_the_list() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        h.voxburst.only, h.voxburst.lose_answers = "POST /v1/posts", 20
        arguments = {"content": "Hi", "account_ids": ids, "when": "draft"}
        await h.run("create_post", arguments)
        h.voxburst.lose_answers = 0
        h.clock.advance(25 * 3600)
        answer = await h.run("create_post", arguments)
        assert answer["ok"], answer
        assert posted(h) == 1


async def test_publish_whose_key_is_forgotten_upstream_is_found_done() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        h.voxburst.only, h.voxburst.lose_answers = "/publish", 20
        arguments = {"content": "Hi", "account_ids": ids, "when": "now"}
        await h.run("create_post", arguments)
        h.voxburst.lose_answers = 0
        h.clock.advance(25 * 3600)
        answer = await h.run("create_post", arguments)
        assert answer["ok"], answer
        assert answer["data"]["status"] == "published"
        assert (posted(h), published(h)) == (1, 1)


async def test_refused_publish_names_the_draft_and_does_not_draft_again() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        refusal = {"error": {"code": "CONFLICT", "message": "in review"}}
        h.voxburst.only = "/publish"
        h.voxburst.replies = [httpx2.Response(409, json=refusal)]
        arguments = {"content": "Hi", "account_ids": ids, "when": "now"}
        error = (await h.run("create_post", arguments))["error"]
        [(_, draft_id)] = h.sandbox.voxburst.journal.effects("post_created")
        assert (error["code"], error["side_effect"]) == ("conflict", "done")
        assert draft_id in error["next_step"]
        answer = await h.run("create_post", arguments)
        assert answer["data"]["id"] == draft_id
        assert posted(h) == 1


async def test_past_instant_is_refused_before_anything_is_sent() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        arguments = {"content": "Hi", "account_ids": ids, "when": "2020-01-01T00:00:00Z"}
        error = (await h.run("create_post", arguments))["error"]
        assert (error["code"], error["side_effect"]) == ("invalid_arguments", "none")
        assert error["fields"][0]["path"] == "when"
        assert posted(h) == 0


async def test_instant_that_passed_since_is_the_same_intent() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        when = instant(h, seconds=300)
        arguments = {"content": "Hi", "account_ids": ids, "when": when}
        done = await h.run("create_post", arguments)
        h.clock.advance(3600)
        replay = await h.run("create_post", arguments)
        assert replay["data"]["id"] == done["data"]["id"]
        assert posted(h) == 1


async def test_lost_create_whose_instant_passed_since_is_found() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        when = instant(h, seconds=300)
        arguments = {"content": "Hi", "account_ids": ids, "when": when}
        h.voxburst.only, h.voxburst.lose_answers = "POST /v1/posts", 20
        assert not (await h.run("create_post", arguments))["ok"]
        h.voxburst.lose_answers = 0
        h.clock.advance(3600)
        answer = await h.run("create_post", arguments)
        assert answer["ok"], answer
        assert posted(h) == 1


async def test_retry_whose_key_is_forgotten_is_settled_by_the_status() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        flaky = {"content": "[flaky:twitter]", "account_ids": ids, "when": "now"}
        post_id = (await h.run("create_post", flaky))["data"]["id"]
        await h.clock.sleep(10)
        h.voxburst.only, h.voxburst.lose_answers = "/retry", 20
        await h.run("retry_post", {"post_id": post_id})
        h.voxburst.lose_answers = 0
        h.clock.advance(25 * 3600)
        answer = await h.run("retry_post", {"post_id": post_id})
        assert answer["data"]["status"] == "published"
        assert published(h) == 1


async def test_delete_with_a_lost_answer_is_done() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        draft = {"content": "A", "account_ids": ids, "when": "draft"}
        post_id = (await h.run("create_post", draft))["data"]["id"]
        h.voxburst.only, h.voxburst.lose_answers = "DELETE", 1
        answer = await h.run("delete_post", {"post_id": post_id})
        assert answer["data"] == {"id": post_id, "deleted": True}


async def test_spoiled_success_does_not_create_twice() -> None:
    async with harness() as h:
        ids = await accounts(h, "twitter")
        for kind in ("html", "empty", "truncated_json"):
            fault = Fault(method="POST", path_pattern="/posts", when="after", kind=kind, status=200)
            h.sandbox.voxburst.faults.add(fault)
        draft = {"content": "A", "account_ids": ids, "when": "draft"}
        answer = await h.run("create_post", draft)
        assert answer["ok"], answer
        assert posted(h) == 1


async def test_lost_bulk_whose_key_is_forgotten_is_found_post_by_post() -> None:
    async with harness() as h:
        [account] = await accounts(h, "twitter")
        good = {"content": "Hi", "account_ids": [account], "when": instant(h, seconds=3600)}
        later = good | {"when": instant(h, seconds=7200)}
        bad = good | {"account_ids": ["c" + "0" * 24]}
        arguments = {"posts": [good, bad, later]}
        h.voxburst.only, h.voxburst.lose_answers = "/bulk", 20
        assert (await h.run("create_posts", arguments))["error"]["code"] == "outcome_unknown"
        h.voxburst.lose_answers = 0
        h.clock.advance(25 * 3600)
        answer = await h.run("create_posts", arguments)
        assert answer["ok"], answer
        statuses = [item["status"] for item in answer["data"]["results"]]
        assert statuses == ["created", "failed", "created"]
        assert posted(h) == 2


async def test_bulk_that_never_arrived_is_refused_once_it_is_past() -> None:
    async with harness() as h:
        [account] = await accounts(h, "twitter")
        soon = {"content": "Hi", "account_ids": [account], "when": instant(h, seconds=300)}
        h.voxburst.only, h.voxburst.lose_requests = "/bulk", 20
        await h.run("create_posts", {"posts": [soon]})
        h.voxburst.lose_requests = 0
        h.clock.advance(3600)
        error = (await h.run("create_posts", {"posts": [soon]}))["error"]
        assert error["fields"][0]["path"] == "posts.0.when"
        assert posted(h) == 0
