"""What the demo plays on: both sandboxes, each behind a line that loses answers, and a ledger."""

import contextlib
import tempfile
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from callpost_sandbox.proxy import FaultProxy
from callpost_sandbox.serve import Sandbox, serve_sandbox
from callpost_sandbox.settings import SandboxSettings

__all__ = ["World", "world"]

SPEED = 8.0
"""Calls live this much faster than real ones: a minute's talk is over in eight seconds."""

LONGEST_LOG = 8_000


@dataclass(frozen=True, slots=True)
class World:
    """Everything beside the servers."""

    sandbox: Sandbox
    vocobase: FaultProxy
    voxburst: FaultProxy
    state: Path
    errors: IO[bytes]
    """Where the servers' stderr goes."""

    @property
    def vocobase_url(self) -> str:
        """Vocobase, through the line."""
        return self.vocobase.url_base + urlsplit(self.sandbox.vocobase_url).path

    @property
    def voxburst_url(self) -> str:
        """VoxBurst, through the line."""
        return self.voxburst.url_base + urlsplit(self.sandbox.voxburst_url).path

    @property
    def env(self) -> dict[str, str]:
        """A server's settings."""
        return {
            "VOCOBASE_API_URL": self.vocobase_url,
            "VOCOBASE_API_KEY": self.sandbox.vocobase_key,
            "VOXBURST_API_URL": self.voxburst_url,
            "VOXBURST_API_KEY": self.sandbox.voxburst_key,
            "CALLPOST_STATE": str(self.state),
        }

    @property
    def phones(self) -> int:
        """How many phones have rung."""
        return len(self.sandbox.vocobase.journal.effects("call"))

    @property
    def posts(self) -> int:
        """How many posts there are."""
        return len(self.sandbox.voxburst.journal.effects("post_created"))

    @property
    def refusals(self) -> int:
        """How many 429 both APIs have given."""
        apis = (self.sandbox.vocobase, self.sandbox.voxburst)
        return sum(api.journal.refused_by_limit for api in apis)

    def call_status(self, call_id: str) -> str:
        """How a call stands by Vocobase's own knowledge."""
        call = self.sandbox.vocobase.calls.get(call_id)
        return "unknown" if call is None else call.status_at(self.sandbox.clock.now())

    def servers_said(self) -> str:
        """The end of the servers' stderr."""
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")[-LONGEST_LOG:]

    def requests_since(self, before: int) -> str:
        """What went to Vocobase after so many requests."""
        return ", then ".join(
            f"{seen.method} {_path(seen.target)}{' (answer cut off)' if seen.fault else ''}"
            for seen in self.vocobase.seen[before:]
        )

    def posts_sent(self) -> str:
        """With how many keys posts were asked for."""
        lost = self.voxburst.faults_applied
        keys = [
            seen.idempotency_key
            for seen in self.sandbox.voxburst.journal.requests
            if (seen.method, seen.path) == ("POST", "/posts")
        ]
        return (
            f"POST /posts {len(keys)} times ({lost} answer cut off), under {len(set(keys))} "
            "Idempotency-Key"
        )


def _path(target: str) -> str:
    return urlsplit(target).path.removeprefix("/api/v2")


@contextlib.asynccontextmanager
async def world() -> AsyncGenerator[World]:
    """A new world, gone with the context."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callpost-demo-")))
        errors = stack.enter_context((folder / "stderr").open("w+b"))
        sandbox = await stack.enter_async_context(serve_sandbox(SandboxSettings(speed=SPEED)))
        vocobase = await stack.enter_async_context(_before(sandbox.vocobase_url))
        voxburst = await stack.enter_async_context(_before(sandbox.voxburst_url))
        yield World(sandbox, vocobase, voxburst, folder / "ledger.sqlite3", errors)


def _before(url: str) -> FaultProxy:
    parts = urlsplit(url)
    return FaultProxy(parts.hostname or "", parts.port or 0)
