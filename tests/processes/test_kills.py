"""Servers that are killed, and servers that do the same thing at once, on one state."""

import signal
import sqlite3
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from random import Random
from typing import Any

import anyio
import pytest

from callpost_sandbox.vocobase import DEMO_AGENT_ID
from callpost_sandbox.voxburst.seed import ACCOUNT_IDS
from processes.child import Child, child
from processes.faulty import Faulty, faulty, server, until_done

Json = dict[str, Any]
CRASHING = str(Path(__file__).with_name("crashing.py"))
AT_ONCE = 3
"""Children that start at a time; more would only wait for a core."""


def call(n: int) -> Json:
    return {"agent_id": DEMO_AGENT_ID, "to_number": f"+14155{n:05}1", "provider": "twilio"}


def post(n: int) -> Json:
    return {"content": f"Post {n}", "account_ids": [ACCOUNT_IDS["twitter"]], "when": "now"}


DEEDS = {
    # tool: arguments, effects, boundaries (seven uses of ledger and network per request, twice)
    "start_call": (call, ("call",), 14),
    "create_post": (post, ("post_created", "publish_started"), 24),
}


async def fire(running: Child, tool: str, arguments: Json) -> None:
    params = {"name": tool, "arguments": arguments}
    await running.send({"id": 1, "method": "tools/call", "params": params})


@pytest.mark.parametrize("tool", DEEDS)
async def test_server_killed_at_any_boundary_leaves_one_effect(tool: str, tmp_path: Path) -> None:
    arguments, effects, boundaries = DEEDS[tool]
    slots = anyio.CapacityLimiter(AT_ONCE)
    ended: list[int] = []

    async def killed(w: Faulty, n: int) -> None:
        async with slots, child(env=w.env, python=(CRASHING, str(n))) as dying:
            await dying.handshake()
            await fire(dying, tool, arguments(n))
            assert await dying.ended() == -signal.SIGKILL
            ended.append(n)

    with anyio.fail_after(90):
        async with faulty(tmp_path, CALLPOST_TIMEOUT_S="10") as w, server(w) as other:
            async with anyio.create_task_group() as tasks:
                for n in range(1, boundaries + 1):
                    tasks.start_soon(killed, w, n)
            assert len(ended) == boundaries
            for n in range(1, boundaries + 1):
                answers = await until_done(other, tool, arguments(n))
                assert answers[-1]["ok"], (n, answers)
                assert len(answers) <= 2, (n, answers)
            for effect in effects:
                assert w.count(effect) == boundaries


async def test_servers_killed_at_random_moments_leave_one_effect_each(tmp_path: Path) -> None:
    chance = Random(7)
    kills, each = 6, 5

    async def killed(w: Faulty, number: int, after_s: float) -> None:
        async with server(w) as dying:
            for n in range(number * each, (number + 1) * each):
                params = {"name": "start_call", "arguments": call(n)}
                await dying.send({"id": n, "method": "tools/call", "params": params})
            await anyio.sleep(after_s)  # the moment is the point of this test
            dying.process.send_signal(signal.SIGKILL)
            await dying.ended()

    with anyio.fail_after(90):
        async with faulty(tmp_path, CALLPOST_TIMEOUT_S="10") as w:
            for first in range(0, kills, 2):
                async with anyio.create_task_group() as tasks:
                    for number in (first, first + 1):
                        tasks.start_soon(killed, w, number, chance.uniform(0.0, 0.3))
            async with server(w) as other:
                for n in range(kills * each):
                    answers = await until_done(other, "start_call", call(n))
                    assert answers[-1]["ok"], (n, answers)
            assert w.count("call") == kills * each


async def opened(w: Faulty, processes: int) -> None:
    """Wait until so many processes have opened the ledger."""
    with closing(sqlite3.connect(w.env["CALLPOST_STATE"])) as db:
        sql = "SELECT count(*) FROM owners"
        while db.execute(sql).fetchone()[0] < processes:  # noqa: ASYNC110 because another process sets no event here
            await anyio.sleep(0.01)


async def fired_at_once(
    w: Faulty, running: Sequence[Child], tool: str, arguments: Json
) -> list[Json]:
    """The same call to several servers; the first answer is held until all are at it."""
    release = anyio.Event()
    path = "/calls/start" if tool == "start_call" else "/v1/posts"
    held = w.proxy(tool).script("delay", method="POST", path=path, release=release)
    for one in running:
        await fire(one, tool, arguments)
    with anyio.fail_after(20):
        await held.reached.wait()
        await opened(w, len(running))
    release.set()
    return [(await one.answer(1))["result"]["structuredContent"] for one in running]


@pytest.mark.parametrize("tool", DEEDS)
@pytest.mark.parametrize("servers", [2, 4])
async def test_servers_that_fire_the_same_intent_at_once_act_once(
    servers: int, tool: str, tmp_path: Path
) -> None:
    arguments, effects, _ = DEEDS[tool]
    async with AsyncExitStack() as stack:
        w = await stack.enter_async_context(
            faulty(tmp_path, CALLPOST_TIMEOUT_S="20", CALLPOST_MAX_WAIT_S="20")
        )
        running = [await stack.enter_async_context(server(w)) for _ in range(servers)]
        answers = await fired_at_once(w, running, tool, arguments(1))
        assert all(answer["ok"] for answer in answers), answers
        assert sorted(a["receipt"]["replayed"] for a in answers) == [False] + [True] * (servers - 1)
        assert [w.count(effect) for effect in effects] == [1] * len(effects)


async def test_twin_of_a_killed_server_takes_over_what_it_had_begun(tmp_path: Path) -> None:
    async with faulty(tmp_path, CALLPOST_TIMEOUT_S="20", CALLPOST_MAX_WAIT_S="20") as w:
        async with server(w) as first, server(w) as second:
            held = w.vocobase.script("delay", method="POST", path="/calls/start", delay_s=60.0)
            await fire(first, "start_call", call(1))
            with anyio.fail_after(20):
                await held.reached.wait()
            await fire(second, "start_call", call(1))
            with anyio.fail_after(20):
                await opened(w, 2)
            first.process.send_signal(signal.SIGKILL)
            answer = (await second.answer(1))["result"]["structuredContent"]
        assert answer["ok"], answer
        assert w.count("call") == 1
