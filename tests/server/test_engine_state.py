"""The engine when its ledger fails, and what the ledger's file holds."""

from dataclasses import replace
from pathlib import Path

import anyio
import httpx2
import pytest

from callpost.bounds import Bounds
from callpost.ledger import State
from callpost_sandbox.voxburst.seed import ACCOUNT_IDS
from deeds import NUMBER, POST, ROOMY, START, WIDE, Failing, calls, did, patiently
from harness import Harness, harness


@pytest.mark.parametrize("method", ["claim", "begin", "depart"])
async def test_nothing_is_sent_without_a_ledger(method: str) -> None:
    async with harness() as h:
        Failing(h, method)
        for name, arguments in (("start_call", START), ("create_post", POST)):
            error = (await h.run(name, arguments))["error"]
            assert error["code"] == "internal"
            assert error["side_effect"] == "none"
            assert "/there/ledger.sqlite3" in error["message"]
            assert "Nothing was sent" in error["message"]
        assert calls(h) + did(h, "post_created") == 0
        assert h.vocobase.requests == []


@pytest.mark.parametrize("methods", [("record",), ("finish",), ("record", "finish", "arrive")])
async def test_effect_is_told_though_the_ledger_fails_after_the_send(
    methods: tuple[str, ...],
) -> None:
    async with harness() as h:
        failing = Failing(h, *methods)
        assert (await h.run("start_call", START))["ok"]
        assert (await h.run("create_post", POST))["ok"]
        failing.mend()
        assert (await patiently(h, "start_call", START))[-1]["ok"]
        assert (await patiently(h, "create_post", POST))[-1]["ok"]
        assert (calls(h), did(h, "post_created")) == (1, 1)


async def test_refusal_is_told_though_the_ledger_fails_after_the_send() -> None:
    async with harness() as h:
        Failing(h, "record", "finish")
        answer = await h.run("start_call", {**START, "agent_id": "nobody"})
        assert answer["error"]["code"] == "not_found"


async def test_lost_answer_with_a_lost_ledger_is_never_told_as_not_sent() -> None:
    async with harness() as h:
        h.vocobase.only = "POST"
        h.vocobase.lose_answers = 1
        failing = Failing(h, "record", "finish", "adopt", "claimed")
        error = (await h.run("start_call", START)).get("error")
        if error is not None:
            assert error["side_effect"] == "unknown"
            assert "Nothing was sent" not in error["message"]
        failing.mend()
        assert (await patiently(h, "start_call", START))[-1]["ok"]
        assert calls(h) == 1


@pytest.mark.parametrize("trouble", ["lose_answers", "lose_requests", "refuse_connections"])
@pytest.mark.parametrize("name", ["start_call", "create_post"])
async def test_ledger_that_fails_from_any_use_on_never_leads_to_a_second_effect(
    name: str, trouble: str
) -> None:
    arguments = START if name == "start_call" else {**POST, "when": "now"}
    for n in range(1, 25):
        async with harness(sandbox=ROOMY, CALLPOST_LIMITS=WIDE) as h:
            for lossy in (h.vocobase, h.voxburst):
                lossy.only = "POST"
                setattr(lossy, trouble, 1)
            failing = Failing(h, n=n)
            told = await h.run(name, arguments)
            acted = calls(h) + did(h, "post_created")
            if not told["ok"] and acted:
                assert told["error"]["side_effect"] != "none", (n, told)
            failing.mend()
            answers = await patiently(h, name, arguments)
            assert answers[-1]["ok"], (n, answers)
            assert calls(h) + did(h, "post_created") == 1, n


@pytest.mark.parametrize("name", ["start_call", "create_post"])
async def test_ledger_that_fails_once_at_any_use_never_leads_to_a_second_effect(
    name: str,
) -> None:
    arguments = START if name == "start_call" else POST
    for n in range(1, 25):
        async with harness(sandbox=ROOMY, CALLPOST_LIMITS=WIDE) as h:
            for lossy in (h.vocobase, h.voxburst):
                lossy.only = "POST"
                lossy.lose_requests = 1
            Failing(h, n=n, times=1)
            answers = await patiently(h, name, arguments)
            if answers[-1].get("error", {}).get("code") == "internal":
                answers = await patiently(h, name, arguments)
            assert answers[-1]["ok"], (n, answers)
            assert calls(h) + did(h, "post_created") == 1, n


async def test_claim_whose_end_could_not_be_recorded_does_not_block_its_retry() -> None:
    async with harness() as h:
        h.vocobase.only = "POST"
        h.vocobase.replies = [httpx2.Response(403, json={"error": {"code": "FORBIDDEN"}})]
        failing = Failing(h, "finish")
        await h.run("start_call", START)
        failing.mend()
        assert (await h.run("start_call", START))["ok"]


async def test_cancelled_call_keeps_its_outcome_for_the_next_one() -> None:
    async with harness() as h:
        reached, inner = anyio.Event(), h.vocobase.handle_async_request

        async def held(request: httpx2.Request) -> httpx2.Response:
            reached.set()
            await anyio.sleep(0.01)  # a cancellation would arrive here
            return await inner(request)

        h.vocobase.handle_async_request = held
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(h.run, "start_call", START)
                await reached.wait()
                tasks.cancel_scope.cancel()
        h.vocobase.handle_async_request = inner
        again = await h.run("start_call", START)
        assert again["receipt"]["replayed"]
        assert calls(h) == 1


async def test_call_cancelled_while_it_waits_in_line_has_not_acted() -> None:
    async with harness(CALLPOST_LIMITS="vocobase.calls=1/60") as h:
        await h.run("list_calls", {})
        waiting, sleep = anyio.Event(), h.clock.sleep

        async def stuck(seconds: float) -> None:
            waiting.set()
            await anyio.sleep_forever()

        h.clock.sleep = stuck
        h.callpost.engine.bounds = replaced(h)
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(h.run, "start_call", START)
                await waiting.wait()
                tasks.cancel_scope.cancel()
        h.clock.sleep = sleep
        h.clock.advance(61)
        assert calls(h) == 0
        assert (await h.run("start_call", START))["ok"]
        assert calls(h) == 1


def replaced(h: Harness) -> Bounds:
    return replace(h.callpost.engine.bounds, max_wait_s=100.0, call_s=200.0)


async def test_persons_word_on_a_running_call_is_not_taken() -> None:
    async with harness() as h:
        inner, ledger = h.vocobase.handle_async_request, h.callpost.engine.ledger
        said: list[bool] = []

        async def meanwhile(request: httpx2.Request) -> httpx2.Response:
            if request.method == "POST":
                [record] = await ledger.recent(limit=1)
                said.append(await ledger.settle_by_hand(record.key, State.REJECTED, None, 0.0))
                said.append(await ledger.forget(record.key))
            return await inner(request)

        h.vocobase.handle_async_request = meanwhile
        assert (await h.run("start_call", START))["ok"]
        assert said == [False, False]
        assert (await h.run("start_call", START))["receipt"]["replayed"]
        assert calls(h) == 1


async def test_forgotten_post_is_made_anew_with_another_key() -> None:
    async with harness() as h:
        first = await h.run("create_post", POST)
        assert await h.callpost.engine.ledger.forget(first["receipt"]["idempotency_key"])
        again = await h.run("create_post", POST)
        assert again["data"]["id"] != first["data"]["id"]
        assert not again["receipt"]["replayed"]
        assert did(h, "post_created") == 2


TEXT = "Zwetschgendatschi"
SECRET = "orchid-passphrase"


async def everything(h: Harness, folder: Path) -> None:
    """A run of what people do, with trouble in between."""
    start = {**START, "variables": {"callee_name": SECRET}}
    h.vocobase.lose_answers = 1
    await patiently(h, "start_call", start)
    await patiently(h, "start_call", {**start, "to_number": "+14155550108"})
    call_id = (await h.run("list_calls", {}))["data"]["items"][0]["call_id"]
    for name in ("get_call", "wait_for_call"):
        await h.run(name, {"call_id": call_id})
    post = {**POST, "content": TEXT, "first_comment": SECRET}
    for when in ("draft", "now", "queue", "2099-01-01T09:00:00Z"):
        h.voxburst.lose_answers = 1
        await patiently(h, "create_post", {**post, "when": when})
    post_id = (await h.run("create_post", post))["data"]["id"]
    await h.run("update_post", {"post_id": post_id, "content": TEXT + " 2"})
    h.voxburst.replies = [httpx2.Response(500, json={"error": {"message": TEXT}})]
    await h.run("publish_post", {"post_id": post_id})
    await h.run("clone_post", {"post_id": post_id})
    await h.run("delete_post", {"post_id": post_id})
    (folder / "cake.txt").write_text(TEXT)
    await h.run("upload_media", {"source": str(folder / "cake.txt")})
    await h.run("list_posts", {})
    await h.run("get_status", {})
    await h.run("start_call", start, client_key=SECRET)


async def test_state_holds_no_key_number_text_or_variable(tmp_path: Path) -> None:
    async with harness(
        sandbox=ROOMY, CALLPOST_LIMITS=WIDE, CALLPOST_UPLOAD_DIRS=str(tmp_path)
    ) as h:
        await everything(h, tmp_path)
        kept = b"".join(path.read_bytes() for path in sorted(h.state.parent.iterdir()))
        assert b"start_call" in kept
        assert ACCOUNT_IDS["twitter"]
        for private in (
            h.sandbox.vocobase_key,
            h.sandbox.voxburst_key,
            NUMBER[1:],
            "14155550108",
            TEXT,
            SECRET,
        ):
            assert private.encode() not in kept, private
