"""The scenes of the demo, each a promise put to the test. What they show is what was measured."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import anyio
from mcp.shared.exceptions import MCPError

from callpost.cli.demo.agent import Agent, Heard
from callpost.cli.demo.child import ServerChild
from callpost.cli.demo.plain import Plain
from callpost.cli.demo.stage import CutShort, Promise
from callpost.cli.demo.world import World

__all__ = [
    "READS",
    "Cast",
    "call_ends",
    "killed_amid_a_call",
    "looks_around",
    "lost_call",
    "lost_post",
    "next_server_knows",
    "reads_too_fast",
]

FIRST, SECOND = "+14155550111", "+14155550122"
TEXT = "We open at nine tomorrow."
INDIA = timezone(timedelta(hours=5, minutes=30))
READS = 12
"""More than the ten a minute that Vocobase allows."""
COMMITTED_S = 10.0


@dataclass(frozen=True, slots=True)
class Cast:
    """Whom the agent found, and what would have become of it without Callpost."""

    voice: str
    account: str
    plain: Plain

    def call(self, number: str) -> dict[str, Any]:
        """Arguments of a call."""
        return {
            "agent_id": self.voice,
            "to_number": number,
            "provider": "twilio",
            "variables": {"callee_name": "Asha"},
        }


async def looks_around(agent: Agent, plain: Plain) -> Cast:
    """What an agent finds."""
    stage = agent.stage
    stage.scene("The agent looks around")
    stage.line("agent", "tools/list")
    tools = (await agent.client.list_tools()).tools
    seen = {"name", "description", "input_schema"}
    size = sum(len(tool.model_dump_json(include=seen).encode()) for tool in tools)
    stage.line("answer", f"{len(tools)} tools, {math.ceil(size / 4):,} tokens of a context window")
    voices = _items(await agent.calls("list_agents"))
    accounts = _items(await agent.calls("list_accounts"))
    voice = next(voice for voice in voices if voice["variables"] == ["callee_name"])
    account = next(account for account in accounts if account["platform"] == "linkedin")
    stage.line("answer", f"«{voice['agent_name']}» can call; {len(accounts)} accounts can post")
    return Cast(voice["id"], account["id"], plain)


async def lost_call(agent: Agent, world: World, cast: Cast) -> str:
    """One phone rings; the call's identifier."""
    stage = agent.stage
    stage.scene("A call is placed, and its answer is lost")
    world.vocobase.script("drop_after", method="POST", path="/calls/start")
    before, began = len(world.vocobase.seen), anyio.current_time()
    first = await agent.calls("start_call", f"to_number={FIRST}", **cast.call(FIRST))
    lasted = anyio.current_time() - began
    stage.line("network", world.requests_since(before))
    stage.line("answer", f"{_told(first)}, after {lasted:.1f} s")
    typed = "+1 (415) 555-0111"
    again = await agent.calls("start_call", f"the same, to_number={typed}", **cast.call(typed))
    stage.line("answer", _told(again))
    stage.line("", again.receipt.get("note", ""))
    stage.line("upstream", _count(world.phones, "phone rang", "phones rang"))
    stage.promise(
        Promise(
            "call, answer lost",
            _said(first, again),
            _count(world.phones, "phone rang", "phones rang"),
            _count(cast.plain.phones, "phone rang", "phones rang"),
            held=world.phones == 1 and again.replayed and _id(first) == _id(again),
        )
    )
    if not first.ok:
        raise CutShort("no call was placed")
    return str(first.data["call_id"])


async def lost_post(agent: Agent, world: World, cast: Cast, when: datetime) -> None:
    """One post is scheduled."""
    stage = agent.stage
    stage.scene("A post is scheduled: first with a wrong argument, then its answer is lost")
    post = {"content": TEXT, "account_ids": [cast.account]}
    wrong = await agent.calls("create_post", "scheduledAt=...", **post, scheduledAt="tomorrow")
    stage.line("answer", _told(wrong))
    for field in wrong.error.get("fields", ()):
        stage.line("", f"{field['path']}: {field['problem']}")
    world.voxburst.script("drop_after", method="POST", path="/posts")
    first = await agent.calls("create_post", f"when={_hour(when)}", **post, when=when.isoformat())
    stage.line("network", world.posts_sent())
    stage.line("answer", _told(first))
    there = when.astimezone(INDIA)
    again = await agent.calls(
        "create_post", f"the same, when={_hour(there)}", **post, when=there.isoformat()
    )
    stage.line("answer", _told(again))
    stage.line("upstream", _count(world.posts, "post", "posts"))
    stage.promise(
        Promise(
            "post, answer lost",
            _said(first, again),
            _count(world.posts, "post", "posts"),
            _count(cast.plain.posts, "post", "posts"),
            held=world.posts == 1 and again.replayed and _id(first) == _id(again),
        )
    )


async def call_ends(agent: Agent, world: World, call_id: str) -> None:
    """The outcome and the transcript."""
    stage = agent.stage
    stage.scene("The call goes on, and the agent waits for its end")
    waited = await agent.calls("wait_for_call", f"call_id={_short(call_id)}", call_id=call_id)
    while waited.ok and not waited.data.get("ended"):
        waited = await agent.calls("wait_for_call", "again, as told", call_id=call_id)
    call = await agent.calls("get_call", f"call_id={_short(call_id)}", call_id=call_id)
    told = call.data
    turns = told.get("transcript", ())
    stage.line(
        "answer",
        f"{told.get('status')}, {told.get('duration_seconds')} s of talk, "
        f"Rs {told.get('charged_rupees')}, {len(turns)} turns:",
    )
    for turn in turns:
        stage.line("", f"{turn['role']:>4}: {turn['content']}")
    happened = world.call_status(call_id)
    saw = str(told.get("status"))
    stage.promise(
        Promise("call followed", saw, happened, "-", held=saw == happened and bool(turns))
    )


async def killed_amid_a_call(agent: Agent, world: World, cast: Cast, server: ServerChild) -> None:
    """The server dies after the phone rang and before it could know."""
    stage = agent.stage
    stage.scene("The server is killed in the middle of a call")
    release = anyio.Event()
    fault = world.vocobase.script("delay", method="POST", path="/calls/start", release=release)
    stage.line("agent", f"start_call  to_number={SECOND}")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_call_in_vain, agent, cast)
        with anyio.move_on_after(COMMITTED_S):
            await fault.reached.wait()
        if not fault.reached.is_set():
            raise CutShort("the call did not reach Vocobase")
        stage.line("network", "POST /calls/start reached Vocobase; its answer is on the way")
        stage.line("host", "kill -9")
        server.kill()
    release.set()


async def _call_in_vain(agent: Agent, cast: Cast) -> None:
    try:
        heard = await agent.asks("start_call", **cast.call(SECOND))
    except MCPError as error:
        agent.stage.line("agent", f"hears only: {error}")
    else:
        agent.stage.line("answer", _told(heard))


async def next_server_knows(agent: Agent, world: World, cast: Cast) -> None:
    """One phone rang in all for the second number."""
    stage = agent.stage
    stage.line("host", "starts another server on the same ledger")
    status = await agent.calls("get_status")
    unsettled = status.data.get("unsettled", ())
    for intent in unsettled:
        stage.line("answer", f"unsettled: {intent['tool']}, sent at {intent['sent_at']}")
    before = len(world.vocobase.seen)
    again = await agent.calls("start_call", f"the same, to_number={SECOND}", **cast.call(SECOND))
    stage.line("network", world.requests_since(before))
    stage.line("answer", _told(again))
    rang = world.phones - 1
    stage.line("upstream", _count(rang, "phone rang", "phones rang"))
    is_known = [intent["tool"] for intent in unsettled] == ["start_call"]
    stage.promise(
        Promise(
            "call, server killed",
            f"{len(unsettled)} unsettled, then {'ok' if again.ok else 'an error'}",
            _count(rang, "phone rang", "phones rang"),
            _count(cast.plain.phones, "phone rang", "phones rang"),
            held=rang == 1 and is_known and again.ok and again.replayed,
        )
    )


async def reads_too_fast(agent: Agent, world: World, cast: Cast) -> None:
    """The limit is told before the upstream has to."""
    stage = agent.stage
    stage.scene("The agent asks faster than Vocobase allows")
    answered = 0
    while (heard := await agent.calls("list_calls")).ok and answered < READS:
        answered += 1
        low = [
            f"{b['left']} of {b['of']} {b['limit']} left" for b in heard.content.get("budget", ())
        ]
        stage.line("answer", ", ".join(["ok", *low]))
    wait_s = heard.error.get("retry_after_s")
    stage.line("answer", f"{heard.error.get('code')}: retry_after_s {wait_s}")
    stage.line("", f"{heard.error.get('next_step')}")
    stage.line("upstream", _count(world.refusals, "refusal", "refusals"))
    stage.promise(
        Promise(
            "limit reached",
            f"wait {wait_s or 0:.0f} s, then the same",
            _count(world.refusals, "refusal", "refusals"),
            _count(cast.plain.refusals, "refusal", "refusals"),
            held=world.refusals == 0 and bool(wait_s),
        )
    )


def _items(heard: Heard) -> list[dict[str, Any]]:
    if not heard.ok:
        raise CutShort(_told(heard))
    return heard.data["items"]


def _told(heard: Heard) -> str:
    """The gist of an answer."""
    if not heard.ok:
        return f"{heard.error.get('code')}: {heard.error.get('message')}"
    what = f"{heard.data.get('status')}, {_id(heard)}"
    return f"ok, replayed: {what}" if heard.replayed else f"ok: {what}"


def _id(heard: Heard) -> str:
    if "call_id" in heard.data:
        return f"call {_short(heard.data['call_id'])}"
    return f"post {_short(heard.data.get('id', ''))}"


def _short(identifier: str) -> str:
    return f"{identifier[:8]}..."


def _said(first: Heard, again: Heard) -> str:
    return f"{'ok' if first.ok else 'error'}, {'replayed' if again.replayed else 'done anew'}"


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _hour(when: datetime) -> str:
    return when.isoformat(timespec="minutes")


def tomorrow_at_nine(now: datetime) -> datetime:
    """An instant to come, as a person would say it."""
    return now.astimezone(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(
        days=1
    )
