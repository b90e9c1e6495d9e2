"""The VoxBurst API of one workspace as an ASGI application."""

from collections.abc import Callable
from typing import Any

import anyio
import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from callpost_sandbox.clock import SandboxClock, real_now
from callpost_sandbox.faults import FaultPlan
from callpost_sandbox.journal import Journal
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.surface import Surface
from callpost_sandbox.voxburst import (
    accounts,
    ai,
    analytics,
    approvals,
    audience,
    billing,
    bulk,
    hashtags,
    media,
    personas,
    posts,
    repair,
    sessions,
    webhooks,
)
from callpost_sandbox.voxburst.answers import error_body
from callpost_sandbox.voxburst.gate import PREFIX, Gate
from callpost_sandbox.voxburst.idempotency import Holders, Idempotency, Running
from callpost_sandbox.voxburst.publishing import settle_posts
from callpost_sandbox.voxburst.records import Account, Media, Post
from callpost_sandbox.voxburst.seed import seed
from callpost_sandbox.voxburst.state import State

__all__ = ["OPERATIONS", "VoxburstWorld"]

OPERATIONS = (
    *posts.OPERATIONS,
    *repair.OPERATIONS,
    *bulk.OPERATIONS,
    *approvals.OPERATIONS,
    *accounts.OPERATIONS,
    *media.OPERATIONS,
    *analytics.OPERATIONS,
    *webhooks.OPERATIONS,
    *personas.OPERATIONS,
    *hashtags.OPERATIONS,
    *audience.OPERATIONS,
    *billing.OPERATIONS,
    *ai.OPERATIONS,
    *sessions.OPERATIONS,
)
"""Every operation of the contract."""
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class VoxburstWorld:
    """One workspace: its application, and what it saw and did.

    Time acts on a look: `posts`, `media` and the journal show what is due by now, as requests do.
    `run` makes it act in between, and sends webhooks.

    Args:
        settings: Everything that can be told.
        clock: Time of the life cycles.
        now: Real time, for the request limit.
        transport: How webhooks leave; None: over sockets.
    """

    def __init__(
        self,
        settings: SandboxSettings,
        clock: SandboxClock,
        now: Callable[[], float] = real_now,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.journal: Journal = _LiveJournal(self.settle)
        self.faults = FaultPlan()
        self.state = State(settings, clock, self.journal, transport)
        seed(self.state)
        holders = Holders()
        gate = Gate(self.state, OPERATIONS, Idempotency(holders), self.settle, now)
        routes = [
            Route(f"{PREFIX}/{{path:path}}", gate.respond, methods=_METHODS),
            Route(media.UPLOAD_PATH, self._receive, methods=["PUT"]),
            Route("/{path:path}", _edge, methods=_METHODS),
        ]
        surface = Surface(
            Starlette(routes=routes),
            prefix=PREFIX,
            journal=self.journal,
            faults=self.faults,
            clock=clock,
            error_body=error_body,
            delay_s=settings.response_delay_s,
        )
        self.app: ASGIApp = Running(surface, holders, f"Bearer {settings.voxburst_key}")

    @property
    def posts(self) -> dict[str, Post]:
        """Posts by id."""
        self.settle()
        return self.state.posts

    @property
    def media(self) -> dict[str, Media]:
        """Media by id."""
        self.settle()
        return self.state.media

    @property
    def accounts(self) -> dict[str, Account]:
        """Accounts by id."""
        return self.state.accounts

    def settle(self) -> None:
        """Let everything happen that is due by now."""
        settle_posts(self.state)
        media.settle_media(self.state)
        ai.settle_images(self.state)

    async def run(self, *, poll_s: float = 0.05) -> None:
        """Let time act and send webhooks, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.state.outbox.run)
            while True:
                self.settle()
                await anyio.sleep(poll_s)

    async def _receive(self, request: Request) -> Response:
        self.settle()
        return await media.receive(self.state, request)


async def _edge(_: Request) -> Response:
    """Answer outside the API's base, as the edge does (voxburst.md section 1)."""
    return JSONResponse({"error": {"code": "FORBIDDEN", "message": "Forbidden"}}, 403)


class _LiveJournal(Journal):
    """A journal that is up to date whenever somebody reads effects."""

    def __init__(self, settle: Callable[[], None]) -> None:
        super().__init__()
        self._settle = settle

    def effects(self, kind: str | None = None) -> list[tuple[str, str]]:
        self._settle()
        return super().effects(kind)

    def as_json(self) -> dict[str, Any]:
        self._settle()
        return super().as_json()
