"""The same faults met by a client that does what HTTP clients do: send the request again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from callpost.call import route
from callpost.cli.demo.world import World, world
from callpost.clock import SystemClock
from callpost.upstream import Access, LostError, Upstream
from callpost_sandbox.vocobase import DEMO_AGENT_ID
from callpost_sandbox.voxburst import ACCOUNT_IDS

__all__ = ["Plain", "plain_retries"]

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Plain:
    """What it brought about."""

    phones: int
    """One call, its answer lost once."""
    posts: int
    """One post, its answer lost once."""
    refusals: int
    """As many reads as the agent of the demo was kept from."""


async def plain_retries(when: datetime, reads: int) -> Plain:
    """Meet the faults, in a world of its own."""
    async with world() as own:
        upstream = Upstream(SystemClock(), timeout_s=TIMEOUT_S)
        try:
            return await _meet(own, upstream, when, reads)
        finally:
            await upstream.close()


async def _meet(own: World, upstream: Upstream, when: datetime, reads: int) -> Plain:
    box = own.sandbox
    vocobase = Access(own.vocobase_url, SecretStr(box.vocobase_key), "plain")
    voxburst = Access(own.voxburst_url, SecretStr(box.voxburst_key), "plain")

    async def sent_until_answered(access: Access, path: str, body: Mapping[str, Any]) -> None:
        while True:
            try:
                await upstream.send(access, "POST", route(path), body=body)
            except LostError:
                continue
            return

    own.vocobase.script("drop_after", method="POST", path="/calls/start")
    call = {"agent_id": DEMO_AGENT_ID, "to_number": "+14155550111", "provider": "twilio"}
    await sent_until_answered(vocobase, "/calls/start", call)
    own.voxburst.script("drop_after", method="POST", path="/posts")
    post = {
        "content": "We open at nine.",
        "accountIds": [ACCOUNT_IDS["twitter"]],
        "scheduledFor": when.isoformat(),
    }
    await sent_until_answered(voxburst, "/posts", post)
    for _ in range(reads):
        await upstream.send(vocobase, "GET", route("/calls"))
    return Plain(own.phones, own.posts, own.refusals)
