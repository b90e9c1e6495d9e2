"""The Vocobase sandbox put together: state, operations, gate and surface."""

from collections.abc import Callable

import anyio
import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callpost_sandbox.clock import SandboxClock, real_now
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.surface import Surface
from callpost_sandbox.vocobase import (
    account,
    agents,
    audio,
    calls,
    dictionaries,
    documents,
    outreach,
    projects,
    telephony,
    voicelink,
    voicelink_ready,
)
from callpost_sandbox.vocobase.ask import (
    ApiError,
    Ask,
    Operation,
    error_body,
    failure,
    not_found,
)
from callpost_sandbox.vocobase.gate import PREFIX, Gate
from callpost_sandbox.vocobase.seed import seed
from callpost_sandbox.vocobase.state import State
from callpost_sandbox.vocobase.storage import Storage

__all__ = ["OPERATIONS", "VocobaseWorld"]

_TICK_S = 0.05

# Fixed paths come before those with a parameter: Starlette takes the first that fits.
OPERATIONS: tuple[Operation, ...] = tuple(
    sorted(
        (
            *account.OPERATIONS,
            *agents.OPERATIONS,
            *audio.OPERATIONS,
            *calls.OPERATIONS,
            *dictionaries.OPERATIONS,
            *documents.OPERATIONS,
            *outreach.OPERATIONS,
            *projects.OPERATIONS,
            *telephony.OPERATIONS,
            *voicelink.OPERATIONS,
            *voicelink_ready.OPERATIONS,
        ),
        key=lambda operation: operation.path.count("{"),
    )
)


class VocobaseWorld(State):
    """A seeded account, and the application in front of it.

    Args:
        settings: Everything that can be told.
        clock: Time of the life cycles.
        now: Real time, for the rate windows.
        transport: How webhooks leave; None takes sockets.
    """

    def __init__(
        self,
        settings: SandboxSettings,
        clock: SandboxClock,
        now: Callable[[], float] = real_now,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(settings, clock, now, transport=transport)
        seed(self)
        storage = Storage(self)
        routes = [
            Route("/storage/uploads/{token}", storage.upload, methods=["PUT"]),
            Route("/storage/files/{name}", storage.file),
            Route("/storage/recordings/{name}", storage.recording),
        ]
        routes += [self._route(operation) for operation in OPERATIONS]
        api = Starlette(
            routes=routes,
            exception_handlers={ApiError: _refused, HTTPException: _unknown, 500: _broken},
        )
        self.app = Surface(
            Gate(api, self),
            prefix=PREFIX,
            journal=self.journal,
            faults=self.faults,
            clock=clock,
            error_body=error_body,
            delay_s=settings.response_delay_s,
        )

    async def run(self) -> None:
        """Let time act and send what it brings, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.outbox.run)
            while True:
                self.settle()
                await anyio.sleep(_TICK_S)

    def _route(self, operation: Operation) -> Route:
        async def answer(request: Request) -> Response:
            return await operation.handler(Ask(self, request))

        return Route(PREFIX + operation.path, answer, methods=[operation.method])


async def _refused(_request: Request, error: Exception) -> Response:
    return failure(error if isinstance(error, ApiError) else ApiError(500, "Unexpected error"))


async def _unknown(_request: Request, _error: Exception) -> Response:
    return failure(not_found("Endpoint"))


async def _broken(_request: Request, _error: Exception) -> Response:
    return failure(ApiError(500, "Unexpected error"))
