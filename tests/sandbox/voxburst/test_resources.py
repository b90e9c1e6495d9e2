from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from callpost_sandbox.voxburst import ACCOUNT_IDS, VoxburstWorld

Ask = Callable[..., Any]
Refused = Callable[..., Any]
Body = Callable[..., dict[str, Any]]
Connect = Callable[..., httpx2.AsyncClient]


async def test_the_seeded_accounts_are_listed_with_snake_case_paging(ask: Ask) -> None:
    listed = await ask("GET", "/accounts", limit=2)
    assert set(listed["pagination"]) == {"has_more", "next_cursor", "limit"}
    rest = await ask("GET", "/accounts", cursor=listed["pagination"]["next_cursor"])
    ids = [account["id"] for account in (*listed["data"], *rest["data"])]
    assert ids == list(ACCOUNT_IDS.values())
    assert listed["data"][0]["platform"] == "twitter"
    assert "scopeHealth" not in listed["data"][0]


async def test_a_disconnected_account_is_archived(ask: Ask, refused: Refused, body: Body) -> None:
    path = f"/accounts/{ACCOUNT_IDS['bluesky']}"
    await ask("DELETE", path)
    assert len((await ask("GET", "/accounts"))["data"]) == 4
    assert len((await ask("GET", "/accounts", includeArchived="true"))["data"]) == 5
    assert len((await ask("GET", "/accounts", status="DISCONNECTED"))["data"]) == 1
    assert (await ask("GET", path))["status"] == "disconnected"
    assert await refused("POST", "/posts", body("bluesky")) == (400, "ACCOUNT_NOT_FOUND")
    assert await refused("GET", "/accounts", status="active") == (400, "VALIDATION_ERROR")


async def test_an_expired_account_fails_its_test_until_refreshed(
    world: VoxburstWorld, ask: Ask
) -> None:
    account_id = ACCOUNT_IDS["linkedin"]
    world.accounts[account_id].status = "expired"
    assert (await ask("POST", f"/accounts/{account_id}/test"))["success"] is False
    assert await ask("POST", f"/accounts/{account_id}/refresh") == {"success": True}
    assert (await ask("POST", f"/accounts/{account_id}/test"))["success"] is True


async def test_a_connection_is_made_in_two_steps(
    world: VoxburstWorld, ask: Ask, refused: Refused
) -> None:
    back = {"redirectUri": "http://127.0.0.1/back"}
    started = await ask("POST", "/accounts/connect/threads", back)
    assert started["state"] in started["authorizationUrl"]
    finish = {"code": "1", "state": started["state"]}
    assert await refused("POST", "/accounts/connect/myspace", back) == (400, "VALIDATION_ERROR")
    done = await ask("POST", "/accounts/callback/threads", finish)
    assert done["account"]["platform"] == "threads"
    again = await refused("POST", "/accounts/callback/threads", finish)
    assert again == (400, "VALIDATION_ERROR")
    world.state.account_quota = 6
    assert await refused("POST", "/accounts/connect/threads", back) == (402, "LIMIT_EXCEEDED")


async def test_a_page_is_chosen_where_there_are_pages(
    world: VoxburstWorld, ask: Ask, refused: Refused
) -> None:
    facebook = f"/accounts/{ACCOUNT_IDS['facebook']}"
    pages = (await ask("GET", f"{facebook}/pages"))["data"]
    assert [page["selected"] for page in pages] == [True, False]
    select = f"{facebook}/select-page"
    assert await ask("POST", select, {"pageId": pages[1]["id"]}) == {"success": True}
    assert await refused("POST", select, {"pageId": ""}) == (400, "ACCOUNT_PAGE_MISMATCH")
    linkedin = f"/accounts/{ACCOUNT_IDS['linkedin']}/select-page"
    assert await ask("POST", linkedin, {"pageId": ""}) == {"success": True}
    twitter = f"/accounts/{ACCOUNT_IDS['twitter']}/select-page"
    assert await refused("POST", twitter, {"pageId": "1"}) == (400, "PAGE_SELECTION_NOT_SUPPORTED")
    world.accounts[ACCOUNT_IDS["facebook"]].pages = None
    assert await refused("POST", select, {"pageId": "101"}) == (400, "DESTINATIONS_NOT_LOADED")


async def test_public_posts_have_metrics_and_totals(
    world: VoxburstWorld, ask: Ask, refused: Refused, body: Body
) -> None:
    post = await ask("POST", "/posts", body("twitter", "linkedin"))
    path = f"/analytics/posts/{post['id']}"
    assert await ask("GET", path) == {"data": []}
    world.state.clock.advance(10)
    rows = (await ask("GET", path))["data"]
    assert {row["platform"] for row in rows} == {"TWITTER", "LINKEDIN"}
    assert (await ask("GET", path, metrics="likes"))["data"][0].keys() == {
        "postId",
        "platform",
        "likes",
        "collectedAt",
    }
    assert (await ask("POST", f"{path}/refresh"))["data"] == rows
    totals = await ask("GET", "/analytics/aggregate", platforms="TWITTER", limit=1)
    assert (totals["totalPosts"], len(totals["topPerformingPosts"])) == (1, 1)
    overview = await ask("GET", "/analytics/overview")
    assert overview["summary"]["totalImpressions"] == sum(row["impressions"] for row in rows)
    account = f"/analytics/accounts/{ACCOUNT_IDS['twitter']}"
    assert await ask("GET", account) == await ask("POST", f"{account}/refresh")
    assert await refused("GET", path, granularity="daily") == (400, "VALIDATION_ERROR")
    assert await refused("GET", path, startDate="2026-01-01") == (400, "INVALID_DATE")


async def test_a_persona_in_use_cannot_be_deleted(
    world: VoxburstWorld, client: httpx2.AsyncClient, ask: Ask, body: Body
) -> None:
    persona = await ask("POST", "/personas/wizard", {"name": "Voice"})
    prompts = await ask("POST", f"/personas/{persona['id']}/runtime/assemble", {"topic": "tea"})
    assert "tea" in prompts["userPrompt"]
    post = await ask("POST", "/posts", body(saveAsDraft=True, personaId=persona["id"]))
    answer = await client.delete(f"/personas/{persona['id']}")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "PERSONA_IN_USE"
    assert answer.json()["error"]["details"]["linkedPostCount"] == 1
    await ask("PATCH", f"/posts/{post['id']}", {"personaId": None})
    await ask("DELETE", f"/personas/{persona['id']}")
    assert len((await ask("GET", "/personas"))["personas"]) == 1
    assert world.journal.effects("persona_deleted")


async def test_hashtag_sets_are_cleaned_unique_and_listed_by_change(
    ask: Ask, refused: Refused
) -> None:
    made = (await ask("POST", "/hashtag-sets", {"name": "Tea", "tags": [" #Green"]}))["data"]
    assert made["tags"] == ["green"]
    assert await refused("POST", "/hashtag-sets", {"name": "Tea"}) == (409, "CONFLICT")
    listed = await ask("GET", "/hashtag-sets")
    assert set(listed["pagination"]) == {"hasMore", "nextCursor"}
    assert [found["name"] for found in listed["data"]] == ["Tea", "Launch"]
    seeded = f"/hashtag-sets/{listed['data'][1]['id']}"
    assert (await ask("PATCH", seeded, {"tags": ["b"]}))["data"]["tags"] == ["b"]
    assert (await ask("GET", "/hashtag-sets"))["data"][0]["name"] == "Launch"
    assert (await ask("GET", seeded))["data"]["name"] == "Launch"
    await ask("DELETE", seeded)
    assert await refused("GET", seeded) == (404, "NOT_FOUND")


async def test_contacts_sequences_and_broadcasts_are_read_by_page(ask: Ask) -> None:
    listed = await ask("GET", "/contacts", page=2, limit=2)
    assert [contact["displayName"] for contact in listed["contacts"]] == ["Edsger"]
    assert len((await ask("GET", "/contacts", search="ada", tags="customer"))["contacts"]) == 1
    assert [found["status"] for found in (await ask("GET", "/sequences"))["sequences"]] == [
        "ACTIVE"
    ]
    assert len((await ask("GET", "/broadcasts"))["broadcasts"]) == 1


@pytest.mark.parametrize(
    ("plan", "request_line", "content"),
    [
        ("pro", "GET /sequences", None),
        ("pro", "GET /broadcasts", None),
        ("starter", "POST /personas/wizard", {"name": "Voice"}),
        ("starter", f"POST /posts/{'c' + '0' * 24}/start-approval", {}),
        ("free", "POST /ai/generate-post-content", {"systemPrompt": "a", "userPrompt": "b"}),
        ("free", "POST /ai/image-jobs", {"posts": []}),
    ],
)
async def test_a_gated_feature_asks_for_an_upgrade(
    world: VoxburstWorld, refused: Refused, plan: str, request_line: str, content: Any
) -> None:
    world.state.plan = plan
    refusal = await refused(*request_line.split(" "), content)
    assert refusal == (403, "PLAN_UPGRADE_REQUIRED")


async def test_credits_are_charged_on_success_only(
    world: VoxburstWorld, ask: Ask, refused: Refused
) -> None:
    prompts = {"systemPrompt": "a", "userPrompt": "b"}
    world.state.credits = 3
    await ask("POST", "/ai/enhance-content", {"content": "a"})
    await ask("POST", "/ai/build-image-prompt", {"content": "a"})
    await ask("POST", "/ai/generate-post-content", prompts)
    refusal = await refused("POST", "/ai/generate-post-content", prompts)
    assert refusal == (402, "LIMIT_EXCEEDED")
    assert (await ask("POST", "/ai/enhance", {"content": "a"}))["creditsUsed"] == 0
    assert (await ask("POST", "/bulk-generate/validate", {"count": 1}))["valid"] is False
    for path in ("/ai/enhance-content", "/ai/build-image-prompt"):
        assert await refused("POST", path, {"content": "a"}) == (402, "LIMIT_EXCEEDED")


async def test_an_image_job_writes_to_posts_and_refunds_what_failed(
    world: VoxburstWorld, ask: Ask, body: Body
) -> None:
    post = await ask("POST", "/posts", body(saveAsDraft=True))
    items = [{"postId": post["id"], "prompt": prompt} for prompt in ("a cat", "[fail]")]
    job = await ask("POST", "/ai/image-jobs", {"posts": items})
    assert (job["status"], world.state.credits) == ("PENDING", 48)
    world.state.clock.advance(5)
    done = await ask("GET", f"/ai/image-jobs/{job['jobId']}")
    assert (done["status"], world.state.credits) == ("PARTIAL", 49)
    assert [item["status"] for item in done["items"]] == ["COMPLETED", "FAILED"]
    assert len((await ask("GET", f"/posts/{post['id']}"))["media"]) == 1


async def test_a_plan_change_is_previewed_and_then_charged(
    world: VoxburstWorld, ask: Ask, refused: Refused
) -> None:
    world.state.plan = "starter"
    change = {"plan": "pro", "billingPeriod": "yearly"}
    preview = await ask("POST", "/subscription/preview-change", change)
    assert (preview["isUpgrade"], world.state.plan) == (True, "starter")
    assert world.journal.effects() == []
    await ask("POST", "/subscription/change-plan", change)
    assert (await ask("GET", "/auth/me"))["plan"] == "PRO"
    assert len(world.journal.effects("money_charged")) == 1
    await ask("POST", "/subscription/change-plan", {"plan": "starter"})
    await ask("POST", "/subscription/cancel-pending")
    assert await refused("POST", "/subscription/cancel-pending") == (409, "CONFLICT")
    await ask("POST", "/subscription/ai-addon")
    await ask("POST", "/subscription/update")
    world.state.payments_on = False
    assert await refused("POST", "/subscription/update") == (503, "SERVICE_UNAVAILABLE")


async def test_preferences_are_saved_in_part_and_take_a_session_too(
    world: VoxburstWorld, ask: Ask, refused: Refused, connect: Connect
) -> None:
    assert (await ask("GET", "/settings/notifications"))["isDefault"] is True
    saved = await ask("PUT", "/settings/notifications", {"timezone": "Asia/Tokyo"})
    assert saved["isDefault"] is False
    assert saved["preferences"]["timezone"] == "Asia/Tokyo"
    assert saved["preferences"]["postFailed"] is True
    login = {"email": "demo@voxburst.example", "password": "sandbox"}
    token = (await ask("POST", "/auth/login", login))["accessToken"]
    session = connect(world, token)
    assert (await session.get("/settings/notifications")).status_code == 200
    assert (await session.get("/posts")).status_code == 401
    assert (await refused("POST", "/auth/login", login | {"password": "x"}))[0] == 401
    unconfirmed = login | {"email": "new@voxburst.example"}
    assert (await refused("POST", "/auth/login", unconfirmed))[0] == 403


async def test_the_tunnel_asks_for_a_websocket(refused: Refused) -> None:
    assert await refused("GET", "/webhooks/tunnel") == (400, "BAD_REQUEST")
