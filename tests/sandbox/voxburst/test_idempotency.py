from collections.abc import Callable
from typing import Any

import anyio
import httpx2
import pytest

from callpost_sandbox.faults import Fault
from callpost_sandbox.voxburst import VoxburstWorld

Body = Callable[..., dict[str, Any]]
KEY = {"Idempotency-Key": "intent-1"}


async def test_a_repeat_is_answered_from_the_store_and_marked(
    world: VoxburstWorld, client: httpx2.AsyncClient, body: Body
) -> None:
    first = await client.post("/posts", json=body(), headers=KEY)
    second = await client.post("/posts", json=body(), headers={"idempotency-key": "intent-1"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "Idempotency-Key-Used" not in first.headers
    assert second.headers["Idempotency-Key-Used"] == "true"
    assert len(world.journal.effects("post_created")) == 1


async def test_the_same_key_with_another_body_or_path_is_a_conflict(
    world: VoxburstWorld, client: httpx2.AsyncClient, body: Body
) -> None:
    await client.post("/posts", json=body(), headers=KEY)
    for path, content in (("/posts", body(content="Other")), ("/posts/validate", body())):
        answer = await client.post(path, json=content, headers=KEY)
        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == "IDEMPOTENCY_CONFLICT"
    assert len(world.posts) == 1


@pytest.mark.parametrize("key", ["", "a b", "ü", "x" * 256, "a.b"])
async def test_a_malformed_key_is_refused(
    world: VoxburstWorld, client: httpx2.AsyncClient, body: Body, key: str
) -> None:
    headers = {b"Idempotency-Key": key.encode()}
    answer = await client.post("/posts", json=body(), headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "IDEMPOTENCY_INVALID_KEY"
    assert world.posts == {}


async def test_a_key_is_forgotten_after_a_day_so_a_late_retry_posts_twice(
    world: VoxburstWorld, client: httpx2.AsyncClient, body: Body
) -> None:
    await client.post("/posts", json=body(), headers=KEY)
    world.state.clock.advance(24 * 3600 - 1)
    await client.post("/posts", json=body(), headers=KEY)
    assert len(world.posts) == 1
    world.state.clock.advance(1)
    answer = await client.post("/posts", json=body(), headers=KEY)
    assert "Idempotency-Key-Used" not in answer.headers
    assert len(world.posts) == 2


async def test_a_refusal_is_stored_but_a_missing_permission_is_not(
    world: VoxburstWorld, client: httpx2.AsyncClient, body: Body
) -> None:
    world.state.post_quota = 0
    assert (await client.post("/posts", json=body(), headers=KEY)).status_code == 402
    world.state.post_quota = None
    again = await client.post("/posts", json=body(), headers=KEY)
    assert again.status_code == 402
    assert again.headers["Idempotency-Key-Used"] == "true"

    other = {"Idempotency-Key": "intent-2"}
    scopes, world.state.scopes = world.state.scopes, frozenset()
    assert (await client.post("/posts", json=body(), headers=other)).status_code == 403
    world.state.scopes = scopes
    assert (await client.post("/posts", json=body(), headers=other)).status_code == 201


async def test_a_server_fault_is_not_stored(
    world: VoxburstWorld, client: httpx2.AsyncClient
) -> None:
    change = {"plan": "pro"}
    world.state.payments_on = False
    path = "/subscription/preview-change"
    assert (await client.post(path, json=change, headers=KEY)).status_code == 503
    world.state.payments_on = True
    assert (await client.post(path, json=change, headers=KEY)).status_code == 200


async def test_an_answer_that_was_spoiled_after_the_commit_is_replayed(
    world: VoxburstWorld, client: httpx2.AsyncClient, body: Body
) -> None:
    world.faults.add(Fault(method="POST", path_pattern="/posts", when="after", status=502))
    assert (await client.post("/posts", json=body(), headers=KEY)).status_code == 502
    answer = await client.post("/posts", json=body(), headers=KEY)
    assert answer.status_code == 201
    assert answer.headers["Idempotency-Key-Used"] == "true"
    assert len(world.journal.effects("post_created")) == 1


async def test_a_fault_before_the_commit_leaves_the_key_free(
    world: VoxburstWorld, client: httpx2.AsyncClient, body: Body
) -> None:
    world.faults.add(Fault(method="POST", path_pattern="/posts", status=503))
    assert (await client.post("/posts", json=body(), headers=KEY)).status_code == 503
    assert world.posts == {}
    answer = await client.post("/posts", json=body(), headers=KEY)
    assert answer.status_code == 201
    assert "Idempotency-Key-Used" not in answer.headers


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_request_that_a_fault_delays_counts_as_running(
    world: VoxburstWorld, client: httpx2.AsyncClient, body: Body, when: str
) -> None:
    fault = {"method": "POST", "when": when, "kind": "delay", "delay_s": 3600}
    world.faults.add(Fault.model_validate(fault))
    answers: list[httpx2.Response] = []
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:

            async def first() -> None:
                await client.post("/posts", json=body(), headers=KEY, timeout=None)

            tasks.start_soon(first)
            while world.faults.planned():
                await anyio.lowlevel.checkpoint()
            answers.append(await client.post("/posts", json=body(), headers=KEY))
            tasks.cancel_scope.cancel()
    assert answers[0].status_code == 409
    assert answers[0].json()["error"]["code"] == "IDEMPOTENCY_IN_PROGRESS"
    third = await client.post("/posts", json=body(), headers=KEY)
    assert third.status_code == 201
    assert len(world.journal.effects("post_created")) == 1


async def test_many_repeats_at_once_make_one_post(
    world: VoxburstWorld, client: httpx2.AsyncClient, body: Body
) -> None:
    statuses: list[int] = []

    async def send() -> None:
        statuses.append((await client.post("/posts", json=body(), headers=KEY)).status_code)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(send)
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert len(world.posts) == 1


async def test_reads_ignore_the_header(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/posts", headers={"Idempotency-Key": "not a key"})
    assert answer.status_code == 200
