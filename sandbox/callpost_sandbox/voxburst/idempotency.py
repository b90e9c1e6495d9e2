"""Replay protection (voxburst.md section 4).

What the seed leaves open is decided as its emulator default says: 2xx and 4xx answers are stored
except 401, 403 and 429, never 5xx; the fingerprint is method, path and raw body.

A request counts as running from its arrival until its answer has left, delays of planned faults
included. Its answer is stored when it is made, so a lost or spoiled one is replayed afterwards.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from callpost_sandbox.voxburst.answers import Answer, ApiError

__all__ = ["KEPT_S", "METHODS", "Holders", "Idempotency", "Running", "Turn", "fingerprint"]

KEPT_S = 24 * 3600.0
METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEY = re.compile(r"[A-Za-z0-9_-]{1,255}")
_NOT_STORED = frozenset({401, 403, 429})
_TURN = "callpost_sandbox.turn"


class Turn:
    """The stay of one request in the sandbox."""

    @staticmethod
    def of(scope: Scope) -> "Turn | None":
        """Return the turn that `Running` gave to a request."""
        return scope.get(_TURN)


class Holders:
    """Which request holds which key: the first that came, until its answer has left."""

    def __init__(self) -> None:
        self._turns: dict[str, Turn] = {}

    def take(self, key: str, turn: Turn) -> None:
        """Hold the key, unless another request does."""
        self._turns.setdefault(key, turn)

    def leave(self, key: str, turn: Turn) -> None:
        """Stop holding it."""
        if self._turns.get(key) is turn:
            del self._turns[key]

    def held(self, key: str, turn: Turn | None) -> bool:
        """Whether another request holds the key."""
        return self._turns.get(key, turn) is not turn


class Running:
    """ASGI middleware, outermost: requests hold their keys while they are in the sandbox."""

    def __init__(self, app: ASGIApp, holders: Holders, authorization: str) -> None:
        self.app = app
        self._holders = holders
        self._authorization = authorization

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        key = headers.get("idempotency-key")
        # The scope is the workspace: a stranger's request holds nothing.
        if key is None or headers.get("authorization") != self._authorization:
            await self.app(scope, receive, send)
            return
        turn = Turn()
        self._holders.take(key, turn)
        try:
            await self.app({**scope, _TURN: turn}, receive, send)
        finally:
            self._holders.leave(key, turn)


@dataclass(frozen=True)
class _Record:
    fingerprint: bytes
    at: float
    answer: Answer | None = None


def fingerprint(method: str, path: str, raw: bytes) -> bytes:
    """Return what has to be the same for a replay."""
    return hashlib.sha256(f"{method} {path}\n".encode() + raw).digest()


class Idempotency:
    """The answers of the workspace, by key."""

    def __init__(self, holders: Holders) -> None:
        self._holders = holders
        self._records: dict[str, _Record] = {}

    async def once(
        self,
        key: str,
        print_: bytes,
        turn: Turn | None,
        now: float,
        act: Callable[[], Awaitable[Answer]],
    ) -> Answer:
        """Act for a new key; replay, refuse or ask to wait for a known one."""
        if _KEY.fullmatch(key) is None:
            raise ApiError(
                400,
                "Idempotency-Key has to be 1 to 255 of A-Z, a-z, 0-9, - and _",
                "IDEMPOTENCY_INVALID_KEY",
                **_details(key),
            )
        record = self._records.get(key)
        if record is not None and now - record.at >= KEPT_S:
            record = None
        if record is not None and record.fingerprint != print_:
            message = "This Idempotency-Key was used for another request"
            raise ApiError(409, message, "IDEMPOTENCY_CONFLICT", **_details(key))
        if self._holders.held(key, turn) or (record is not None and record.answer is None):
            message = "The first request with this Idempotency-Key is still running"
            raise ApiError(409, message, "IDEMPOTENCY_IN_PROGRESS", **_details(key))
        if record is not None and record.answer is not None:
            headers = {**record.answer.headers, "Idempotency-Key-Used": "true"}
            return replace(record.answer, headers=headers)
        self._records[key] = record = _Record(print_, now)
        try:
            answer = await act()
        except BaseException:
            del self._records[key]
            raise
        if answer.status >= 500 or answer.status in _NOT_STORED:  # noqa: PLR2004 -- server faults
            del self._records[key]
        else:
            self._records[key] = replace(record, answer=answer)
        return answer


def _details(key: str) -> dict[str, Any]:
    return {"idempotencyKey": key[:255]}
