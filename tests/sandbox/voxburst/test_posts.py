import re
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from callpost_sandbox.voxburst import ACCOUNT_IDS, VoxburstWorld

Ask = Callable[..., Any]
Body = Callable[..., dict[str, Any]]
LATER = "2099-01-01T12:00:00+02:00"


async def test_a_bare_create_goes_public(world: VoxburstWorld, ask: Ask, body: Body) -> None:
    post = await ask("POST", "/posts", body("twitter", "linkedin"))
    assert post["status"] == "publishing"
    assert world.journal.effects("post_published") == []
    world.state.clock.advance(2)
    assert len(world.journal.effects("post_published")) == 2
    shown = await ask("GET", f"/posts/{post['id']}")
    assert shown["status"] == "published"
    assert shown["publishedAt"].endswith("Z")
    assert {row["platform"] for row in shown["platforms"]} == {"twitter", "linkedin"}


async def test_a_bare_create_is_a_draft_where_the_switch_says_so(
    make: Callable[..., VoxburstWorld], connect: Callable[..., httpx2.AsyncClient], body: Body
) -> None:
    world = make(bare_create="draft")
    answer = await connect(world).post("/posts", json=body())
    world.state.clock.advance(3600)
    assert answer.json()["status"] == "draft"
    assert world.journal.effects("post_published") == []


async def test_a_draft_stays_one_whatever_its_date_says(
    world: VoxburstWorld, ask: Ask, body: Body
) -> None:
    when = "2020-01-01T00:00:00Z"
    post = await ask("POST", "/posts", body(saveAsDraft=True, scheduledFor=when))
    world.state.clock.advance(3600)
    shown = await ask("GET", f"/posts/{post['id']}")
    assert (shown["status"], shown["scheduledFor"]) == ("draft", "2020-01-01T00:00:00.000Z")


async def test_a_scheduled_post_goes_out_at_its_time_and_not_before(
    world: VoxburstWorld, ask: Ask, body: Body
) -> None:
    queued = await ask("POST", "/posts", body(queue=True))
    assert queued["status"] == "scheduled"
    assert world.journal.effects("post_published") == []
    world.state.clock.advance(3602)
    assert (await ask("GET", f"/posts/{queued['id']}"))["status"] == "published"


async def test_posts_that_fall_due_in_one_leap_go_out_in_the_order_of_their_times(
    world: VoxburstWorld, ask: Ask, body: Body
) -> None:
    days = (3, 1, 2)
    ids = {
        day: (await ask("POST", "/posts", body(scheduledFor=f"2099-01-0{day}T00:00:00Z")))["id"]
        for day in days
    }
    world.state.clock.advance(100 * 365 * 86_400)
    out = [subject.partition("/")[0] for _, subject in world.journal.effects("post_published")]
    assert out == [ids[1], ids[2], ids[3]]


async def test_a_date_in_the_past_goes_out_at_once(
    world: VoxburstWorld, ask: Ask, body: Body
) -> None:
    await ask("POST", "/posts", body(scheduledFor="2020-01-01T00:00:00Z"))
    world.state.clock.advance(2)
    assert len(world.journal.effects("post_published")) == 1


async def test_two_queued_posts_take_two_slots(ask: Ask, body: Body) -> None:
    slots = {(await ask("POST", "/posts", body(queue=True)))["scheduledFor"] for _ in range(2)}
    assert len(slots) == 2


async def test_ids_are_cuid2_and_empty_optionals_are_null(ask: Ask, body: Body) -> None:
    post = await ask("POST", "/posts", body(scheduledFor=LATER))
    assert re.fullmatch(r"c[a-z0-9]{24}", post["id"])
    assert post["scheduledFor"] == "2099-01-01T10:00:00.000Z"
    assert post["publishedAt"] is None
    assert post["metadata"] is None
    assert post["platforms"][0]["error"] is None


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"scheduledFor": "2099-01-01T12:00:00"}, "INVALID_DATE", "scheduledFor"),
        ({"scheduledFor": "tomorrow"}, "INVALID_DATE", "scheduledFor"),
        ({"scheduledFor": "2099-13-01T12:00:00Z"}, "INVALID_DATE", "scheduledFor"),
        ({"scheduledFor": None}, "VALIDATION_ERROR", "scheduledFor"),
        ({"scheduledFor": LATER, "queue": True}, "VALIDATION_ERROR", "queue"),
        ({"content": ""}, "VALIDATION_ERROR", "content"),
        ({"content": "x" * 10_001}, "VALIDATION_ERROR", "content"),
        ({"content": 5}, "VALIDATION_ERROR", "content"),
        ({"accountIds": []}, "VALIDATION_ERROR", "accountIds"),
        ({"accountIds": ["acc_1"]}, "BAD_REQUEST", "accountIds"),
        ({"accountIds": ["c" + "0" * 24]}, "ACCOUNT_NOT_FOUND", "accountIds"),
        ({"contentType": "text"}, "VALIDATION_ERROR", "contentType"),
        ({"saveAsDraft": "true"}, "VALIDATION_ERROR", "saveAsDraft"),
        ({"media": ["c" + "0" * 24]}, "VALIDATION_ERROR", "media"),
        ({"firstCommentDelay": 61}, "VALIDATION_ERROR", "firstCommentDelay"),
        ({"firstComment": "x" * 2_201}, "VALIDATION_ERROR", "firstComment"),
        ({"platformOverrides": {"twitter": {}}}, "VALIDATION_ERROR", None),
        ({"threadPosts": [{"sequence": 2, "content": "b"}]}, "VALIDATION_ERROR", "threadPosts"),
    ],
)
async def test_a_wrong_create_is_refused_with_its_field(
    client: httpx2.AsyncClient,
    body: Body,
    change: dict[str, Any],
    code: str,
    field: str | None,
) -> None:
    answer = await client.post("/posts", json=body(**change))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, code)
    if field is not None:
        assert error["details"]["field"] == field
    assert (await client.get("/posts")).json()["data"] == []


async def test_a_text_over_a_known_limit_is_refused_with_both_lengths(
    client: httpx2.AsyncClient, body: Body
) -> None:
    answer = await client.post("/posts", json=body("linkedin", "twitter", content="x" * 281))
    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {
        "field": "content",
        "platform": "TWITTER",
        "maxLength": 280,
        "actualLength": 281,
    }


async def test_an_override_is_what_counts_for_its_platform(ask: Ask, body: Body) -> None:
    long = body(content="x" * 281, platformOverrides={"TWITTER": {"content": "short"}})
    assert (await ask("POST", "/posts", long))["status"] == "publishing"


async def test_instagram_needs_media_and_a_content_type(
    refused: Callable[..., Any], body: Body
) -> None:
    assert await refused("POST", "/posts", body("instagram")) == (400, "MEDIA_REQUIRED")


@pytest.mark.parametrize(
    "metadata", [{"k" * 101: 1}, {"k": "v" * 1_001}, {"k": ["v"] * 101}, {"k": ["v" * 201]}]
)
async def test_metadata_over_a_limit_is_unprocessable(
    refused: Callable[..., Any], body: Body, metadata: dict[str, Any]
) -> None:
    assert (await refused("POST", "/posts", body(metadata=metadata)))[0] == 422


async def test_one_failing_target_makes_the_post_partial(
    world: VoxburstWorld, ask: Ask, body: Body
) -> None:
    marked = body("twitter", "linkedin", content="Hello [fail:twitter]")
    post = await ask("POST", "/posts", marked)
    world.state.clock.advance(2)
    shown = await ask("GET", f"/posts/{post['id']}")
    assert shown["status"] == "partial"
    states = {row["platform"]: row for row in shown["platforms"]}
    assert states["linkedin"]["status"] == "published"
    assert states["linkedin"]["platformPostId"]
    assert states["twitter"]["status"] == "failed"
    assert states["twitter"]["error"]["code"] == "PUBLISH_ERROR"


async def test_all_targets_failing_makes_the_post_failed(
    world: VoxburstWorld, ask: Ask, body: Body
) -> None:
    world.accounts[ACCOUNT_IDS["linkedin"]].display_name = "Broken [fail]"
    world.accounts[ACCOUNT_IDS["facebook"]].page_id = None
    world.accounts[ACCOUNT_IDS["bluesky"]].status = "expired"
    post = await ask("POST", "/posts", body("linkedin", "facebook", "bluesky"))
    world.state.clock.advance(2)
    assert (await ask("GET", f"/posts/{post['id']}"))["status"] == "failed"


async def test_a_draft_is_changed_scheduled_published_and_then_closed(
    world: VoxburstWorld, ask: Ask, refused: Callable[..., Any], body: Body
) -> None:
    post = await ask("POST", "/posts", body(saveAsDraft=True, tags=["a"]))
    path = f"/posts/{post['id']}"
    changed = await ask("PATCH", path, {"content": "Better", "metadata": {"a": 1}})
    assert (changed["content"], changed["tags"], changed["status"]) == ("Better", ["a"], "draft")
    scheduled = await ask("PATCH", path, {"scheduledFor": LATER})
    assert scheduled["status"] == "scheduled"
    assert (await ask("POST", f"{path}/publish"))["status"] == "publishing"
    world.state.clock.advance(2)
    for method, end in (
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/publish"),
        ("POST", "/cancel"),
        ("POST", "/retry"),
    ):
        assert await refused(method, path + end, {}) == (409, "CONFLICT")
    assert len(world.journal.effects("post_published")) == 1


async def test_cancel_keeps_the_post_and_delete_removes_it(
    world: VoxburstWorld, ask: Ask, refused: Callable[..., Any], body: Body
) -> None:
    first = await ask("POST", "/posts", body(scheduledFor=LATER))
    second = await ask("POST", "/posts", body(scheduledFor=LATER))
    assert (await ask("POST", f"/posts/{first['id']}/cancel"))["status"] == "cancelled"
    assert await ask("DELETE", f"/posts/{second['id']}") is None
    assert await refused("GET", f"/posts/{second['id']}") == (404, "NOT_FOUND")
    assert world.journal.effects("post_deleted") == [("post_deleted", second["id"])]


async def test_a_clone_is_a_new_draft(ask: Ask, body: Body) -> None:
    post = await ask("POST", "/posts", body(scheduledFor=LATER, tags=["a"]))
    copy = await ask("POST", f"/posts/{post['id']}/clone")
    assert copy["id"] != post["id"]
    assert (copy["status"], copy["scheduledFor"], copy["tags"]) == ("draft", None, ["a"])


async def test_posts_are_listed_newest_first_in_pages_of_both_spellings(
    ask: Ask, body: Body
) -> None:
    ids = [
        (await ask("POST", "/posts", body(content=str(n), saveAsDraft=True)))["id"]
        for n in range(3)
    ]
    first = await ask("GET", "/posts", limit=2)
    assert [post["id"] for post in first["data"]] == ids[:0:-1]
    pagination = first["pagination"]
    assert pagination["has_more"] is pagination["hasMore"] is True
    assert pagination["next_cursor"] == pagination["nextCursor"]
    rest = await ask("GET", "/posts", limit=2, cursor=pagination["next_cursor"])
    assert [post["id"] for post in rest["data"]] == ids[:1]
    assert rest["pagination"]["has_more"] is False
    assert rest["pagination"]["next_cursor"] is None


async def test_posts_are_filtered(ask: Ask, body: Body) -> None:
    await ask("POST", "/posts", body("twitter", saveAsDraft=True))
    await ask("POST", "/posts", body("linkedin", scheduledFor=LATER))
    for query, count in (
        ({"status": "DRAFT"}, 1),
        ({"status": "scheduled"}, 1),
        ({"status": "all"}, 2),
        ({"platform": "linkedin"}, 1),
        ({"accountId": ACCOUNT_IDS["twitter"]}, 1),
        ({"from": "2100-01-01T00:00:00Z"}, 0),
    ):
        assert len((await ask("GET", "/posts", **query))["data"]) == count


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": "0"}, "VALIDATION_ERROR"),
        ({"limit": "101"}, "VALIDATION_ERROR"),
        ({"limit": "x"}, "VALIDATION_ERROR"),
        ({"status": "gone"}, "VALIDATION_ERROR"),
        ({"from": "2026-01-01"}, "INVALID_DATE"),
        ({"cursor": "!"}, "BAD_REQUEST"),
        ({"cursor": "YWJj"}, "BAD_REQUEST"),
    ],
)
async def test_a_wrong_query_is_refused(
    refused: Callable[..., Any], query: dict[str, str], code: str
) -> None:
    assert await refused("GET", "/posts", **query) == (400, code)


async def test_a_full_plan_refuses_posts(
    world: VoxburstWorld, refused: Callable[..., Any], body: Body
) -> None:
    world.state.post_quota = 0
    assert await refused("POST", "/posts", body()) == (402, "LIMIT_EXCEEDED")
