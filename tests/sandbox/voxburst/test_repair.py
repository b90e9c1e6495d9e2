from collections.abc import Callable
from typing import Any

import pytest

from callpost_sandbox.voxburst import ACCOUNT_IDS, VoxburstWorld

Ask = Callable[..., Any]
Body = Callable[..., dict[str, Any]]


async def failed(world: VoxburstWorld, ask: Ask, body: dict[str, Any]) -> str:
    post_id: str = (await ask("POST", "/posts", body))["id"]
    world.state.clock.advance(2)
    return post_id


async def test_retry_leaves_published_targets_alone_and_repairs_the_others(
    world: VoxburstWorld, ask: Ask, body: Body
) -> None:
    flaky = body("twitter", "linkedin", content="Hello [flaky:twitter]")
    post_id = await failed(world, ask, flaky)
    assert (await ask("GET", f"/posts/{post_id}"))["status"] == "partial"
    result = await ask("POST", f"/posts/{post_id}/retry")
    assert result["status"] == "publishing"
    assert [row["platform"] for row in result["retriedPlatforms"]] == ["twitter"]
    world.state.clock.advance(2)
    assert (await ask("GET", f"/posts/{post_id}"))["status"] == "published"
    assert len(world.journal.effects("post_published")) == 2


async def test_a_target_is_retried_three_times_and_then_skipped(
    world: VoxburstWorld, ask: Ask, body: Body
) -> None:
    post_id = await failed(world, ask, body(content="[fail:*]"))
    for _ in range(3):
        await ask("POST", f"/posts/{post_id}/retry")
        world.state.clock.advance(2)
    result = await ask("POST", f"/posts/{post_id}/retry")
    assert result["retriedPlatforms"] == []
    assert result["skippedPlatforms"][0]["retryCount"] == 3
    assert result["status"] == "failed"


async def test_a_stuck_target_stays_in_publishing_until_it_is_retried(
    world: VoxburstWorld, ask: Ask, body: Body
) -> None:
    post_id = await failed(world, ask, body(content="[stuck:twitter]"))
    world.state.clock.advance(3600)
    assert (await ask("GET", f"/posts/{post_id}"))["status"] == "publishing"
    await ask("POST", f"/posts/{post_id}/retry")
    world.state.clock.advance(2)
    assert (await ask("GET", f"/posts/{post_id}"))["status"] == "published"


async def test_a_target_on_its_way_is_not_started_again(
    world: VoxburstWorld, ask: Ask, body: Body
) -> None:
    post = await ask("POST", "/posts", body())
    result = await ask("POST", f"/posts/{post['id']}/retry")
    assert result["retriedPlatforms"] == result["skippedPlatforms"] == []
    world.state.clock.advance(2)
    assert len(world.journal.effects("post_published")) == 1


async def test_fix_gives_one_target_a_text_of_its_own(
    world: VoxburstWorld, ask: Ask, refused: Callable[..., Any], body: Body
) -> None:
    post_id = await failed(world, ask, body("twitter", "linkedin", content="[fail:*]"))
    target = (await ask("GET", f"/posts/{post_id}"))["platforms"][0]
    path = f"/posts/{post_id}/platforms/{target['postPlatformId']}/fix"
    result = await ask("POST", path, {"content": "Better"})
    expected = {"success": True, "platformId": target["postPlatformId"], "status": "pending"}
    assert result == expected
    world.state.clock.advance(2)
    shown = await ask("GET", f"/posts/{post_id}")
    assert [row["status"] for row in shown["platforms"]] == ["published", "failed"]
    assert shown["status"] == "partial"
    assert await refused("POST", path, {}) == (409, "CONFLICT")


async def test_fix_refuses_two_media_changes_at_once_and_plain_http(
    world: VoxburstWorld, ask: Ask, refused: Callable[..., Any], body: Body
) -> None:
    post_id = await failed(world, ask, body(content="[fail:*]"))
    target = (await ask("GET", f"/posts/{post_id}"))["platforms"][0]
    path = f"/posts/{post_id}/platforms/{target['postPlatformId']}/fix"
    both = {"mediaUrl": "https://a.example/b.jpg", "refreshMedia": True}
    assert await refused("POST", path, both) == (400, "VALIDATION_ERROR")
    plain = {"mediaUrl": "http://a.example/b.jpg"}
    assert await refused("POST", path, plain) == (400, "VALIDATION_ERROR")


async def test_validate_answers_under_both_cases_and_creates_nothing(
    world: VoxburstWorld, ask: Ask
) -> None:
    wish = {"content": "x" * 281, "platforms": ["TWITTER", "LINKEDIN"]}
    verdict = await ask("POST", "/posts/validate", wish)
    assert verdict["valid"] is False
    assert verdict["platforms"]["TWITTER"] == verdict["platforms"]["twitter"]
    assert verdict["platforms"]["TWITTER"]["errors"][0]["code"] == "CONTENT_TOO_LONG"
    assert verdict["platforms"]["LINKEDIN"]["valid"] is True
    assert world.journal.effects() == []


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"platforms": ["INSTAGRAM"]}, "MEDIA_REQUIRED"),
        (
            {"platforms": ["INSTAGRAM"], "mediaIds": ["x"], "contentType": "STORY"},
            "CONTENT_TYPE_NOT_SUPPORTED",
        ),
        ({"content": "é" * 301, "platforms": ["BLUESKY"]}, "CONTENT_TOO_LONG"),
    ],
)
async def test_validate_names_what_is_wrong(ask: Ask, wish: dict[str, Any], code: str) -> None:
    verdict = await ask("POST", "/posts/validate", {"content": "Hello", **wish})
    platform = verdict["platforms"][wish["platforms"][0]]
    assert [error["code"] for error in platform["errors"]] == [code]


async def test_bluesky_counts_graphemes(ask: Ask) -> None:
    wish = {"content": "e\u0301" * 300, "platforms": ["BLUESKY"]}
    assert (await ask("POST", "/posts/validate", wish))["valid"] is True


async def test_validate_warns_where_a_first_comment_is_skipped(ask: Ask) -> None:
    wish = {"content": "Hello", "platforms": ["TWITTER", "LINKEDIN"], "firstComment": "More"}
    verdict = await ask("POST", "/posts/validate", wish)
    assert len(verdict["platforms"]["TWITTER"]["warnings"]) == 1
    assert verdict["platforms"]["LINKEDIN"]["warnings"] == []


async def test_validate_takes_constants_and_not_accounts(refused: Callable[..., Any]) -> None:
    for platform in ("twitter", ACCOUNT_IDS["twitter"]):
        wish = {"content": "Hello", "platforms": [platform]}
        assert await refused("POST", "/posts/validate", wish) == (400, "VALIDATION_ERROR")


async def test_approval_ends_in_the_schedule_after_the_last_required_step(
    world: VoxburstWorld, ask: Ask, refused: Callable[..., Any], body: Body
) -> None:
    steps = [
        {"order": number, "role": "Editor", "approverIds": [world.state.member_id]}
        for number in (1, 2)
    ]
    path = f"/workspaces/{world.state.workspace_id}/approval-workflows"
    await ask("POST", path, {"name": "Two looks", "steps": steps})
    assert len((await ask("GET", path))["data"]) == 2
    later = "2099-01-01T00:00:00Z"
    post = await ask("POST", "/posts", body(saveAsDraft=True, scheduledFor=later))
    post_path = f"/posts/{post['id']}"
    assert (await ask("POST", f"{post_path}/start-approval"))["status"] == "pending_approval"
    assert await refused("POST", f"{post_path}/publish") == (409, "CONFLICT")
    assert (await ask("POST", f"{post_path}/approve"))["status"] == "pending_approval"
    assert (await ask("POST", f"{post_path}/approve"))["status"] == "scheduled"


async def test_without_a_date_an_approved_post_waits_to_be_published(
    ask: Ask, refused: Callable[..., Any], body: Body
) -> None:
    post = await ask("POST", "/posts", body(saveAsDraft=True))
    path = f"/posts/{post['id']}"
    assert await refused("POST", f"{path}/approve") == (409, "CONFLICT")
    await ask("POST", f"{path}/start-approval")
    assert (await ask("POST", f"{path}/approve"))["status"] == "approved"
    assert (await ask("POST", f"{path}/publish"))["status"] == "publishing"


async def test_a_rejection_returns_the_post_to_draft(ask: Ask, body: Body) -> None:
    post = await ask("POST", "/posts", body(saveAsDraft=True))
    await ask("POST", f"/posts/{post['id']}/start-approval")
    assert (await ask("POST", f"/posts/{post['id']}/reject"))["status"] == "draft"


async def test_a_workflow_needs_ordered_steps_and_members(
    world: VoxburstWorld, refused: Callable[..., Any]
) -> None:
    path = f"/workspaces/{world.state.workspace_id}/approval-workflows"
    step = {"order": 1, "role": "Editor", "approverIds": [world.state.member_id]}
    for steps in ([], [step | {"order": 2}], [step | {"approverIds": ["x"]}], [step] * 11):
        wrong = {"name": "Wrong", "steps": steps}
        assert await refused("POST", path, wrong) == (400, "VALIDATION_ERROR")


async def test_bulk_creates_item_by_item(world: VoxburstWorld, ask: Ask, body: Body) -> None:
    later = "2099-01-01T00:00:00Z"
    posts = [body(scheduledFor=later), body(content=""), body(scheduledFor="2099-01-01T00:00:00")]
    checked = await ask("POST", "/posts/bulk", {"posts": posts, "dryRun": True})
    assert [row["status"] for row in checked["results"]] == ["valid", "failed", "failed"]
    assert checked["dry_run"] is True
    assert world.posts == {}
    result = await ask("POST", "/posts/bulk", {"posts": posts})
    assert (result["total"], result["created"], result["failed"]) == (3, 1, 2)
    assert result["results"][2]["errors"][0]["issue"] == "INVALID_DATE"
    assert "postId" not in result["results"][1]
    assert list(world.posts) == [result["results"][0]["postId"]]


@pytest.mark.parametrize("parallel", [False, True])
async def test_a_batch_runs_operations_and_tells_each_outcome(
    world: VoxburstWorld, ask: Ask, body: Body, *, parallel: bool
) -> None:
    operations = [
        {"id": "a", "method": "POST", "path": "/v1/posts", "body": body(saveAsDraft=True)},
        {"id": "b", "method": "DELETE", "path": f"/v1/posts/{'c' + '0' * 24}"},
        {"id": "c", "method": "POST", "path": "/v1/subscription/update"},
    ]
    wish = {"operations": operations, "parallel": parallel}
    answer = await ask("POST", "/batch", wish)
    assert [row["status"] for row in answer["results"]] == [201, 404, 400]
    assert answer["summary"] == {"total": 3, "succeeded": 1, "failed": 2, "skipped": 0}
    assert list(world.posts) == [answer["results"][0]["body"]["id"]]


async def test_a_batch_that_stops_at_a_failure_skips_the_rest(ask: Ask, body: Body) -> None:
    operations = [
        {"id": "a", "method": "POST", "path": "/v1/posts", "body": body(content="")},
        {"id": "b", "method": "POST", "path": "/v1/posts", "body": body()},
    ]
    wish = {"operations": operations, "continueOnError": False}
    answer = await ask("POST", "/batch", wish)
    assert answer["summary"] == {"total": 2, "succeeded": 0, "failed": 1, "skipped": 1}


async def test_an_operation_of_a_batch_may_have_its_own_key(
    world: VoxburstWorld, ask: Ask, body: Body
) -> None:
    headers = {"Idempotency-Key": "one"}
    operation = {"method": "POST", "path": "/v1/posts", "body": body(), "headers": headers}
    wish = {"operations": [{"id": "a", **operation}, {"id": "b", **operation}]}
    await ask("POST", "/batch", wish)
    assert len(world.posts) == 1


async def test_a_large_operation_of_a_batch_is_refused_with_a_bare_string(
    world: VoxburstWorld, client: Any, body: Body
) -> None:
    large = body(metadata={"k": "v" * 102_400})
    wish = {"operations": [{"id": "a", "method": "POST", "path": "/v1/posts", "body": large}]}
    answer = await client.post("/batch", json=wish)
    assert answer.status_code == 422
    assert isinstance(answer.json()["error"], str)
    assert world.posts == {}
