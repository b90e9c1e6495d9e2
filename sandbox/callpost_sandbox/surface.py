"""What stands around both APIs: the control surface, the journal, the faults and the delay.

    GET    /_sandbox/journal               requests, statuses and effects so far
    POST   /_sandbox/faults                plan a fault (fields of `Fault`)
    DELETE /_sandbox/faults                forget the planned faults
    POST   /_sandbox/advance {"seconds"}   move the sandbox's clock

It lies outside authentication and limits, and is the sandbox's own: no vendor has it. Every whole
answer carries the sandbox's calendar as `Date`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import anyio
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callpost_sandbox.clock import SandboxClock, real_now
from callpost_sandbox.faults import Fault, FaultPlan, spoiled_chunks
from callpost_sandbox.journal import Journal, Seen

__all__ = ["Surface"]

_CONTROL = "/_sandbox/"


class _Advance(BaseModel):
    seconds: float = Field(ge=0)


@dataclass
class _Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Surface:
    """ASGI middleware around one API.

    Attributes:
        app: The API itself.
        prefix: Path of the API's base, such as `/api/v2`; journal and faults see paths below it.
        error_body: The API's own envelope for a status, used for faults of kind `status`.
        delay_s: Real seconds between every effect and its answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        prefix: str,
        journal: Journal,
        faults: FaultPlan,
        clock: SandboxClock,
        error_body: Callable[[int], dict[str, Any]],
        delay_s: float = 0.0,
    ) -> None:
        self.app = app
        self.prefix = prefix
        self.journal = journal
        self.faults = faults
        self.clock = clock
        self.error_body = error_body
        self.delay_s = delay_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        if path.startswith(_CONTROL):
            answer = await self._control(Request(scope, receive), path.removeprefix(_CONTROL))
            await answer(scope, receive, send)
            return
        await self._pass_on(scope, receive, send, path.removeprefix(self.prefix) or "/")

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        method: str = scope["method"]
        fault = self.faults.take(method, path)
        key = Request(scope).headers.get("idempotency-key")
        label = None if fault is None else f"{fault.when}:{fault.kind}"
        arrived_at = real_now()

        def saw(status: int) -> None:
            self.journal.saw(Seen(method, path, status, arrived_at, key, label))

        if fault is not None and fault.when == "before":
            await anyio.sleep(fault.delay_s)
            if fault.kind != "delay":
                saw(0)
                body = json.dumps(self.error_body(fault.status)).encode()
                await _send_spoiled(send, fault, _Answer(fault.status, [], body))
                return
        answer = await _captured(self.app, scope, receive)
        saw(answer.status)
        await anyio.sleep(self.delay_s)
        if fault is not None and fault.when == "after":
            await anyio.sleep(fault.delay_s)
            if fault.kind == "status":
                answer.body = json.dumps(self.error_body(fault.status)).encode()
            if fault.kind != "delay":
                await _send_spoiled(send, fault, answer)
                return
        date = formatdate(self.clock.wall(), usegmt=True).encode()
        headers = [*answer.headers, (b"date", date)]
        await _send(send, answer.status, headers, iter((answer.body,)))

    async def _control(self, request: Request, what: str) -> Response:
        match request.method, what:
            case "GET", "journal":
                return JSONResponse(self.journal.as_json())
            case "DELETE", "faults":
                self.faults.clear()
                return JSONResponse({"planned": 0})
            case "POST", "faults" | "advance":
                return self._command(what, await request.body())
            case _:
                return JSONResponse({"error": "no such control"}, status_code=404)

    def _command(self, what: str, body: bytes) -> Response:
        try:
            if what == "faults":
                self.faults.add(Fault.model_validate_json(body))
                return JSONResponse({"planned": len(self.faults.planned())})
            self.clock.advance(_Advance.model_validate_json(body).seconds)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            return JSONResponse({"error": problems}, status_code=400)
        return JSONResponse({"now": self.clock.now()})


async def _captured(app: ASGIApp, scope: Scope, receive: Receive) -> _Answer:
    answer = _Answer(500, [], b"")

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = list(message.get("headers", ()))
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, keep)
    return answer


async def _send_spoiled(send: Send, fault: Fault, answer: _Answer) -> None:
    media_type, length, chunks = spoiled_chunks(fault, answer.body)
    status = answer.status if fault.kind == "truncated_json" else fault.status
    # The application's own headers (limits, replay marks) are lost with its answer.
    headers = [(b"content-type", media_type.encode()), (b"content-length", str(length).encode())]
    if fault.retry_after is not None:
        headers.append((b"retry-after", str(fault.retry_after).encode()))
    await _send(send, status, headers, chunks)


async def _send(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], chunks: Iterator[bytes]
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
