"""The order of the scenes."""

import sys
from datetime import UTC, datetime
from typing import cast

import anyio
from mcp import Client
from mcp.shared.exceptions import MCPError

from callpost.cli.demo import scenes
from callpost.cli.demo.agent import Agent
from callpost.cli.demo.child import ServerChild
from callpost.cli.demo.plain import Plain, plain_retries
from callpost.cli.demo.stage import CutShort, Stage
from callpost.cli.demo.world import World, world
from callpost.clock import SystemClock

__all__ = ["play"]


async def play(stage: Stage | None = None) -> bool:
    """Play all scenes; whether every promise held."""
    stage = stage or Stage()
    began = anyio.current_time()
    when = scenes.tomorrow_at_nine(datetime.fromtimestamp(SystemClock().now(), UTC))
    stage.title(
        "Callpost: an agent's calls and posts happen once, however often it has to ask.",
        "",
        "   agent -- callpost serve (stdio) -- a line that loses answers -- Vocobase, VoxBurst",
        "",
        "Client, server, ledger, line and kill are real; both APIs are played on this machine, as",
        "documented. Nobody is called, nothing is posted.",
    )
    plain = await plain_retries(when, scenes.READS)
    async with world() as there:
        try:
            await _scenes(stage, there, plain, when)
        except* (CutShort, MCPError) as group:
            stage.cut_short(_first(group))
        held = stage.verdict()
        if not held:
            print(there.servers_said(), file=sys.stderr)
    lasted = anyio.current_time() - began
    stage.last(
        f"Every promise held, in {lasted:.0f} s." if held else "A promise was broken.", good=held
    )
    return held


async def _scenes(stage: Stage, there: World, plain: Plain, when: datetime) -> None:
    server = ServerChild(there.env, there.errors)
    async with Client(server) as client:
        agent = Agent(client, stage)
        found = await scenes.looks_around(agent, plain)
        call_id = await scenes.lost_call(agent, there, found)
        await scenes.lost_post(agent, there, found, when)
        await scenes.call_ends(agent, there, call_id)
        await scenes.killed_amid_a_call(agent, there, found, server)
    async with Client(ServerChild(there.env, there.errors)) as client:
        agent = Agent(client, stage)
        await scenes.next_server_knows(agent, there, found)
        await scenes.reads_too_fast(agent, there, found)


def _first(error: BaseException) -> BaseException:
    """What task groups have wrapped."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error
