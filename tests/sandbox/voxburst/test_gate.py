from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from callpost_sandbox.clock import SandboxClock
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.voxburst import VoxburstWorld

Connect = Callable[..., httpx2.AsyncClient]


@pytest.mark.parametrize("path", ["/health", "/ready"])
async def test_health_needs_no_key(world: VoxburstWorld, connect: Connect, path: str) -> None:
    answer = await connect(world, "").get(path)
    assert answer.status_code == 200
    assert answer.headers["X-VoxBurst-Supports-Idempotency"] == "true"


async def test_health_without_the_prefix_is_refused_by_the_edge(
    client: httpx2.AsyncClient,
) -> None:
    assert (await client.get("http://127.0.0.1/health")).status_code == 403


@pytest.mark.parametrize("key", ["", "vb_live_wrong", "rg_live_sandbox_0000000000000000"])
async def test_a_missing_or_wrong_key_is_refused(
    world: VoxburstWorld, connect: Connect, key: str
) -> None:
    answer = await connect(world, key).get("/accounts")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "UNAUTHORIZED"
    assert answer.headers["X-RateLimit-Limit"] == "1000"


async def test_a_key_without_the_live_prefix_is_refused_even_if_it_is_the_one_set(
    make: Callable[..., VoxburstWorld], connect: Connect
) -> None:
    world = make(voxburst_key="vb_test_0000")
    assert (await connect(world).get("/accounts")).status_code == 401


async def test_a_missing_scope_is_forbidden(
    world: VoxburstWorld, client: httpx2.AsyncClient
) -> None:
    world.state.scopes = frozenset({"posts:read"})
    answer = await client.get("/accounts")
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "FORBIDDEN"
    assert (await client.get("/posts")).status_code == 200


@pytest.mark.parametrize(
    ("plan", "limit"), [("free", 120), ("starter", 200), ("pro", 500), ("agency", 1_000)]
)
async def test_the_plan_sets_the_limit(
    make: Callable[..., VoxburstWorld], connect: Connect, plan: str, limit: int
) -> None:
    answer = await connect(make(plan=plan)).get("/auth/me")
    assert answer.headers["X-RateLimit-Limit"] == str(limit)
    assert answer.headers["X-RateLimit-Remaining"] == str(limit - 1)
    assert answer.headers["X-RateLimit-Reset"] == "1060"
    assert answer.json()["plan"] == plan.upper()


@pytest.mark.parametrize(("kind", "wait"), [("sliding", "60"), ("fixed", "20")])
async def test_over_the_limit_the_answer_says_how_long_to_wait(
    make: Callable[..., VoxburstWorld], connect: Connect, kind: str, wait: str
) -> None:
    world = make(post_limit=1, window_kind=kind)
    client = connect(world)
    assert (await client.get("/accounts")).status_code == 200
    answer = await client.get("/accounts")
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "RATE_LIMITED"
    assert answer.headers["Retry-After"] == wait
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert world.journal.refused_by_limit == 1


async def test_the_window_opens_again_in_real_time(connect: Connect) -> None:
    times = iter((1_000.0, 1_001.0, 1_060.5))
    world = VoxburstWorld(SandboxSettings(post_limit=1), SandboxClock(), lambda: next(times))
    client = connect(world)
    statuses = [(await client.get("/auth/me")).status_code for _ in range(3)]
    assert statuses == [200, 429, 200]


@pytest.mark.parametrize("post_id", ["post_1", "x" + "0" * 24, "c" + "0" * 23, "C" + "0" * 24])
async def test_a_malformed_id_is_a_bad_request_before_any_look_up(
    refused: Callable[..., Any], post_id: str
) -> None:
    assert await refused("GET", f"/posts/{post_id}") == (400, "BAD_REQUEST")


async def test_a_well_formed_unknown_id_is_not_found(refused: Callable[..., Any]) -> None:
    assert await refused("GET", "/posts/c" + "0" * 24) == (404, "NOT_FOUND")


async def test_an_unknown_path_is_not_found(refused: Callable[..., Any]) -> None:
    assert await refused("GET", "/nothing") == (404, "NOT_FOUND")
    assert await refused("PUT", "/posts") == (404, "NOT_FOUND")


@pytest.mark.parametrize("content", [b"{", b"[]", b""])
async def test_a_body_that_is_no_json_object_is_a_bad_request(
    client: httpx2.AsyncClient, content: bytes
) -> None:
    answer = await client.post("/posts", content=content)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BAD_REQUEST"
