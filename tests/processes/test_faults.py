"""Every fault of the network and of the upstream, for every kind of write, with real processes.

Each cell counts the effects upstream, reads what the agent was told, and calls once more as the
answer says. Three things hold in all of them: no second effect, nobody is told that something which
happened had no effect, and the retry ends the matter.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from callpost_sandbox.faults import Fault
from callpost_sandbox.proxy import FaultKind
from callpost_sandbox.vocobase import DEMO_AGENT_ID
from callpost_sandbox.voxburst.seed import ACCOUNT_IDS
from processes.child import Child
from processes.faulty import Faulty, faulty, server

Json = dict[str, Any]
Prepare = Callable[[Faulty, Child, int], Awaitable[Json]]


@dataclass(frozen=True)
class Deed:
    """A write: how its arguments are made for the n-th cell, and what it does upstream."""

    tool: str
    prepare: Prepare
    effect: str
    path: str
    """Of the request that meets the fault, below the API's base."""
    method: str = "POST"


async def call(_: Faulty, __: Child, n: int) -> Json:
    return {"agent_id": DEMO_AGENT_ID, "to_number": f"+14155{n:05}1", "provider": "twilio"}


def post(when: str) -> Prepare:
    async def prepare(_: Faulty, __: Child, n: int) -> Json:
        return {"content": f"Post {n}", "account_ids": [ACCOUNT_IDS["twitter"]], "when": when}

    return prepare


async def with_draft(w: Faulty, running: Child, n: int) -> Json:
    made = await running.call("create_post", await post("draft")(w, running, n))
    return {"post_id": made["data"]["id"]}


async def with_change(w: Faulty, running: Child, n: int) -> Json:
    return {**await with_draft(w, running, n), "content": f"Changed {n}"}


async def with_file(w: Faulty, _: Child, n: int) -> Json:
    return {"source": w.file(f"cake{n}.png")}


DEEDS = {
    "call": Deed("start_call", call, "call", "/calls/start"),
    "draft": Deed("create_post", post("draft"), "post_created", "/posts"),
    "now": Deed("create_post", post("now"), "post_created", "/posts"),
    "now, then": Deed("create_post", post("now"), "publish_started", "/posts/[^/]+/publish"),
    "later": Deed("create_post", post("2099-01-01T09:00:00Z"), "post_scheduled", "/posts"),
    "publish": Deed("publish_post", with_draft, "publish_started", "/posts/[^/]+/publish"),
    "update": Deed("update_post", with_change, "post_updated", "/posts/[^/]+", "PATCH"),
    "delete": Deed("delete_post", with_draft, "post_deleted", "/posts/[^/]+", "DELETE"),
    "upload": Deed("upload_media", with_file, "media_uploaded", "/media/upload"),
}
NETWORK: tuple[FaultKind, ...] = (
    "drop_before",
    "reset_before",
    "drop_after",
    "reset_after",
    "cut_headers",
    "cut_body",
    "delay",
    "drip",
    "black_hole",
)
UPSTREAM: tuple[tuple[str, int], ...] = (
    ("status", 500),
    ("status", 502),
    ("status", 503),
    ("status", 429),
    ("html", 502),
    ("html", 200),
    ("empty", 500),
    ("empty", 200),
    ("garbage", 200),
    ("huge", 200),
    ("truncated_json", 200),
)
Cell = tuple[str, Callable[[Faulty, Deed], None]]


def network(kind: FaultKind) -> Cell:
    def script(w: Faulty, deed: Deed) -> None:
        # The application's paths are below the API's base; the target may carry a query.
        path = f"/v[12]{deed.path}$"
        w.proxy(deed.tool).script(
            kind, method=deed.method, path=path, delay_s=1.0, gap_s=0.01, release=None
        )

    return kind, script


def upstream(kind: str, status: int, when: str) -> Cell:
    def plan(w: Faulty, deed: Deed) -> None:
        fault = Fault.model_validate(
            {
                "method": deed.method,
                "path_pattern": deed.path,
                "when": when,
                "kind": kind,
                "status": status,
                "retry_after": 1 if status == 429 else None,
            }
        )
        w.faults(deed.tool).add(fault)

    return f"{when}:{kind} {status}", plan


CELLS: list[Cell] = [
    *(network(kind) for kind in NETWORK),
    *(upstream(kind, status, when) for kind, status in UPSTREAM for when in ("before", "after")),
]
REPEATABLE = {"update"}
"""Doing it twice is doing it once, so an effect is counted for every request."""


DOCUMENTED = {("delete", "before:empty 200")}
"""An empty 200 is what a delete is documented to answer, so it is believed."""


async def test_every_fault_leaves_one_effect_and_an_agent_who_knows(tmp_path: Path) -> None:
    """One server and one pair of sandboxes a deed, all at once: nearly all of it is waiting."""
    wrong: list[str] = []
    with anyio.fail_after(120):
        async with anyio.create_task_group() as tasks:
            for name in DEEDS:
                tasks.start_soon(every_cell, name, tmp_path / name, wrong)
    assert not wrong, "\n".join(wrong)


async def every_cell(name: str, folder: Path, wrong: list[str]) -> None:
    # A file is asked for every second until it is ready, so half the cells have to do.
    cells = CELLS[::2] if name == "upload" else CELLS
    async with faulty(folder) as w, server(w) as running:
        for n, (cell, spoil) in enumerate(cells):
            problems = await one_cell(w, running, name, n, spoil)
            is_documented = (name, cell) in DOCUMENTED
            wrong.extend(f"{name}, {cell}: {p}" for p in problems if not is_documented)


async def one_cell(
    w: Faulty, running: Child, name: str, n: int, spoil: Callable[[Faulty, Deed], None]
) -> list[str]:
    deed = DEEDS[name]
    arguments = await deed.prepare(w, running, n)
    start = w.count(deed.effect)
    spoil(w, deed)
    problems: list[str] = []
    answers: list[Json] = []
    for _ in range(4):
        answers.append(await running.call(deed.tool, arguments))
        acted = w.count(deed.effect) > start
        error = answers[-1].get("error")
        if error is None:
            break
        # The upstream's own word «you are too fast» is handed on, and checked before the next try.
        is_believed = error["side_effect"] != "none" or error["code"] == "rate_limited"
        if acted and not is_believed:
            problems.append(f"told that nothing happened: {error}")
        await anyio.sleep(min(error.get("retry_after_s", 0.0), 12.0))
    if not answers[-1]["ok"] or len(answers) > 2:
        problems.append(f"the retry did not end it: {answers}")
    done = w.count(deed.effect) - start
    if done != 1 and (done == 0 or name not in REPEATABLE):
        problems.append(f"{done} effects")
    w.faults(deed.tool).clear()
    w.proxy(deed.tool).clear()
    return problems
