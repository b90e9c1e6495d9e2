"""A process that dies at every use of its ledger, and the next one that finds out and goes on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from callpost_sandbox.settings import SandboxSettings
from deeds import POST, ROOMY, START, WIDE, Killed, calls, did, die, patiently
from harness import Harness, harness

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360f8cfc00000000301010018dd8db00000000049454e44ae426082"
)
Prepare = Callable[[Harness], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Deed:
    """A tool call, and what it may do upstream once."""

    tool: str
    prepare: Prepare
    effects: dict[str, int]
    """At VoxBurst, beyond what preparing did; «call» is Vocobase's."""


def always(arguments: dict[str, Any]) -> Prepare:
    async def prepare(_: Harness) -> dict[str, Any]:
        return arguments

    return prepare


async def with_draft(h: Harness) -> dict[str, Any]:
    return {"post_id": (await h.run("create_post", {**POST, "content": "Draft"}))["data"]["id"]}


async def with_change(h: Harness) -> dict[str, Any]:
    return {**await with_draft(h), "content": "Changed"}


async def with_failed(h: Harness) -> dict[str, Any]:
    failing = {**POST, "content": "[flaky:*] x", "when": "now"}
    post_id = (await h.run("create_post", failing))["data"]["id"]
    h.clock.advance(10)
    return {"post_id": post_id}


async def with_file(h: Harness) -> dict[str, Any]:
    path = Path(h.state).parent / "cake.png"
    path.write_bytes(PNG)
    return {"source": str(path)}


DEEDS = {
    "call": Deed("start_call", always(START), {"call": 1}),
    "draft": Deed("create_post", always(POST), {"post_created": 1}),
    "now": Deed(
        "create_post", always({**POST, "when": "now"}), {"post_created": 1, "publish_started": 1}
    ),
    "later": Deed(
        "create_post",
        always({**POST, "when": "2099-01-01T09:00:00Z"}),
        {"post_created": 1, "post_scheduled": 1},
    ),
    "queue": Deed("create_post", always({**POST, "when": "queue"}), {"post_created": 1}),
    "publish": Deed("publish_post", with_draft, {"publish_started": 1}),
    "retry": Deed("retry_post", with_failed, {"post_retried": 1}),
    "clone": Deed("clone_post", with_draft, {"post_created": 1}),
    "delete": Deed("delete_post", with_draft, {"post_deleted": 1}),
    "cancel": Deed("cancel_post", with_draft, {"post_cancelled": 1}),
    "register": Deed(
        "upload_media",
        always({"source": "https://example.com/cake.png", "content_type": "image/png"}),
        {"media_created": 1},
    ),
    "upload": Deed("upload_media", with_file, {"media_created": 1, "media_uploaded": 1}),
}
MOST_USES = 60


def counted(h: Harness, deed: Deed) -> dict[str, int]:
    return {kind: calls(h) if kind == "call" else did(h, kind) for kind in deed.effects}


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("name", DEEDS)
async def test_process_that_dies_at_any_moment_leaves_one_effect(
    name: str, *, before: bool, tmp_path: Path
) -> None:
    deed = DEEDS[name]
    for n in range(1, MOST_USES):
        state = tmp_path / str(n) / "ledger.sqlite3"
        dirs = str(tmp_path)
        async with harness(
            sandbox=ROOMY, state=state, CALLPOST_UPLOAD_DIRS=dirs, CALLPOST_LIMITS=WIDE
        ) as h:
            state.parent.mkdir(exist_ok=True)
            arguments = await deed.prepare(h)
            start = counted(h, deed)
            died = await die(h, deed.tool, arguments, n, before=before)
            async with harness(share=h, CALLPOST_UPLOAD_DIRS=dirs, CALLPOST_LIMITS=WIDE) as other:
                answers = await patiently(other, deed.tool, arguments)
                assert answers[-1]["ok"], (n, answers)
            done = {kind: count - start[kind] for kind, count in counted(h, deed).items()}
            assert done == deed.effects, n
        if not died:
            assert n > 4
            return
    pytest.fail("the tool uses its ledger more often than is tested")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
async def test_update_cut_short_is_applied_by_the_next_one(*, before: bool, tmp_path: Path) -> None:
    for n in range(1, MOST_USES):
        state = tmp_path / str(n) / "ledger.sqlite3"
        async with harness(sandbox=ROOMY, state=state, CALLPOST_LIMITS=WIDE) as h:
            state.parent.mkdir(exist_ok=True)
            arguments = await with_change(h)
            died = await die(h, "update_post", arguments, n, before=before)
            async with harness(share=h, CALLPOST_LIMITS=WIDE) as other:
                assert (await patiently(other, "update_post", arguments))[-1]["ok"]
                read = await other.run("get_post", {"post_id": arguments["post_id"]})
            assert read["data"]["content"] == "Changed"
        if not died:
            return


@pytest.mark.parametrize("name", ["call", "now", "delete"])
async def test_process_that_dies_while_the_request_is_under_way_leaves_one_effect(
    name: str,
) -> None:
    """Killed between the effect and its answer, and between departure and arrival."""
    deed = DEEDS[name]
    for reaches in (True, False):
        async with harness(sandbox=ROOMY, CALLPOST_LIMITS=WIDE) as h:
            arguments = await deed.prepare(h)
            start = counted(h, deed)
            for lossy in (h.vocobase, h.voxburst):
                kill_in(lossy, reaches=reaches)
            with pytest.raises(Killed):
                await dead_run(h, deed.tool, arguments)
            async with harness(share=h, CALLPOST_LIMITS=WIDE) as other:
                answers = await patiently(other, deed.tool, arguments)
                assert answers[-1]["ok"], answers
                if name == "call":
                    assert answers[0]["ok"] is reaches
            done = {kind: count - start[kind] for kind, count in counted(h, deed).items()}
            assert done == deed.effects


def kill_in(lossy: Any, *, reaches: bool) -> None:
    inner = lossy.handle_async_request

    async def killed(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return await inner(request)
        if reaches:
            await inner(request)
        raise Killed

    lossy.handle_async_request = killed


async def dead_run(h: Harness, tool: str, arguments: dict[str, Any]) -> None:
    ledger = h.callpost.engine.ledger
    arrive, finish = ledger.arrive, ledger.finish

    async def nothing(*_: Any, **__: Any) -> None:
        raise Killed

    ledger.arrive = ledger.finish = nothing  # pyright: ignore[reportAttributeAccessIssue] because a dead process writes nothing
    try:
        await h.run(tool, arguments)
    finally:
        ledger.arrive, ledger.finish = arrive, finish  # pyright: ignore[reportAttributeAccessIssue] because it is put back
        await ledger.close()


async def test_draft_that_cannot_be_published_is_published_by_the_retry() -> None:
    async with harness() as h:
        arguments = {**POST, "when": "now"}
        h.voxburst.only = "/publish"
        body = {"error": {"code": "PLAN_UPGRADE_REQUIRED", "message": "no"}}
        h.voxburst.replies = [httpx2.Response(402, json=body)]
        refused = await h.run("create_post", arguments)
        assert refused["error"]["side_effect"] == "done"
        assert did(h, "post_created") == 1
        assert (await h.run("create_post", arguments))["ok"]
        h.clock.advance(10)
        assert (await h.run("create_post", arguments))["receipt"]["replayed"]
        assert (did(h, "post_created"), did(h, "post_published")) == (1, 1)


@pytest.mark.parametrize("trouble", ["refuse_connections", "lose_requests", "lose_answers"])
async def test_trouble_in_the_second_step_never_repeats_the_first(trouble: str) -> None:
    async with harness() as h:
        arguments = {**POST, "when": "now"}
        h.voxburst.only = "/publish"
        setattr(h.voxburst, trouble, 99)
        told = await h.run("create_post", arguments)
        assert told["error"]["side_effect"] in {"done", "unknown"}
        setattr(h.voxburst, trouble, 0)
        answers = await patiently(h, "create_post", arguments)
        assert answers[-1]["ok"]
        assert (did(h, "post_created"), did(h, "publish_started")) == (1, 1)


async def test_dead_processs_half_done_intent_is_shown_as_unsettled_by_the_next() -> None:
    async with harness(sandbox=SandboxSettings(speed=0)) as h:
        kill_in(h.vocobase, reaches=True)
        with pytest.raises(Killed):
            await dead_run(h, "start_call", START)
        async with harness(share=h) as other:
            [record] = await other.callpost.engine.ledger.recent(limit=5, only_open=True)
            assert record.state.value == "unsettled"
            assert record.owner == 0
