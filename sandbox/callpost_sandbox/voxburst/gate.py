"""The way of every request: key, limit, operation, scope, replay protection, headers.

Sources: voxburst.md sections 1 to 5. Two things are decided here: a request without a valid key
uses up nothing of the limit and is never refused by it; unknown paths are 404 after the key check.
"""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from callpost_sandbox.voxburst.answers import Answer, ApiError
from callpost_sandbox.voxburst.call import Call, Dispatch, Operation
from callpost_sandbox.voxburst.idempotency import METHODS, Idempotency, Turn, fingerprint
from callpost_sandbox.voxburst.state import State
from callpost_sandbox.voxburst.values import check_id
from callpost_sandbox.windows import RateWindow, Verdict

__all__ = ["PREFIX", "Gate"]

PREFIX = "/v1"
_KEY = "vb_live_"
_LIMITS = {"free": 120, "starter": 200, "pro": 500, "agency": 1_000}


class Gate:
    """Takes requests below `/v1` to their operations."""

    def __init__(
        self,
        state: State,
        operations: Sequence[Operation],
        idempotency: Idempotency,
        settle: Callable[[], None],
        now: Callable[[], float],
    ) -> None:
        # Fixed paths before those with parameters: /webhooks/test is no webhook.
        self._operations = sorted(operations, key=lambda operation: operation.path.count("{"))
        self._state = state
        self._idempotency = idempotency
        self._settle = settle
        self._now = now
        settings = state.settings
        self._window = RateWindow(self._limit(), settings.window_s, settings.window_kind)

    async def respond(self, request: Request) -> Response:
        """Answer one request."""
        self._settle()
        path = request.url.path.removeprefix(PREFIX)
        headers = {"X-VoxBurst-Supports-Idempotency": "true"}
        try:
            answer = await self._passed(request, path, headers)
        except ApiError as refusal:
            answer = refusal.answer()
        return answer.response(headers)

    async def _passed(self, request: Request, path: str, headers: dict[str, str]) -> Answer:
        operation, ids = self._find(request.method, path)
        self._window.limit = self._limit()
        key = self._key(request, operation)
        if key is None:
            headers |= _limit_headers(self._untouched())
            if operation is None or operation.needs_key:
                raise ApiError(401, "Missing or invalid API key")
        else:
            verdict = self._window.take(key, self._now())
            headers |= _limit_headers(verdict)
            if not verdict.allowed:
                retry_after = max(1, math.ceil(verdict.retry_after_s))
                headers["Retry-After"] = str(retry_after)
                raise ApiError(429, "Too many requests", retryAfter=retry_after)
        if operation is None:
            raise ApiError(404, "No such path")
        act = partial(
            self._run, operation, ids, await request.body(), request, self._dispatcher(request)
        )
        replay_key = request.headers.get("idempotency-key")
        if replay_key is None or request.method not in METHODS or not operation.needs_key:
            return await act()
        print_ = fingerprint(request.method, path, await request.body())
        return await self._idempotency.once(
            replay_key, print_, Turn.of(request.scope), self._state.now(), act
        )

    def _limit(self) -> int:
        limit = self._state.settings.post_limit
        return _LIMITS[self._state.plan] if limit is None else limit

    def _untouched(self) -> Verdict:
        limit, window_s = self._window.limit, self._window.window_s
        return Verdict(
            allowed=True,
            limit=limit,
            remaining=limit,
            reset_at=self._now() + window_s,
            retry_after_s=0.0,
        )

    def _key(self, request: Request, operation: Operation | None) -> str | None:
        """Return the key that a request may act with."""
        if operation is not None and not operation.needs_key:
            return None
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        # Preferences belong to a person: their examples carry a session token (section 1).
        if operation is not None and operation.path.startswith("/settings/"):
            return (
                key
                if key == self._state.settings.voxburst_key or key in self._state.sessions
                else None
            )
        return key if key == self._state.settings.voxburst_key and key.startswith(_KEY) else None

    def _find(self, method: str, path: str) -> tuple[Operation | None, dict[str, str]]:
        for operation in self._operations:
            ids = operation.match(method, path)
            if ids is not None:
                return operation, ids
        return None, {}

    async def _run(
        self,
        operation: Operation,
        ids: Mapping[str, str],
        raw: bytes,
        request: Request,
        dispatch: Dispatch,
    ) -> Answer:
        try:
            self._state.need_scope(operation.scope)
            for name, value in ids.items():
                if name != "platform":
                    check_id(value, name)
            answer = operation.handle(
                Call(
                    state=self._state,
                    method=operation.method,
                    path=operation.path,
                    ids=ids,
                    query=request.query_params,
                    raw=raw,
                    base_url=str(request.base_url).rstrip("/"),
                    dispatch=dispatch,
                )
            )
            return await answer if inspect.isawaitable(answer) else answer
        except ApiError as refusal:
            return refusal.answer()

    def _dispatcher(self, request: Request) -> Dispatch:
        async def dispatch(
            method: str, path: str, raw: bytes, headers: Mapping[str, str]
        ) -> Answer:
            """Run an operation of a batch: same key and workspace, outside the request limit."""
            operation, ids = self._find(method, path)
            if operation is None:
                return ApiError(404, "No such path").answer()
            act = partial(self._run, operation, ids, raw, request, dispatch)
            key = next((v for k, v in headers.items() if k.lower() == "idempotency-key"), None)
            if key is None:
                return await act()
            print_ = fingerprint(method, path, raw)
            try:
                return await self._idempotency.once(key, print_, None, self._state.now(), act)
            except ApiError as refusal:
                return refusal.answer()

        return dispatch


def _limit_headers(verdict: Verdict) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(verdict.limit),
        "X-RateLimit-Remaining": str(verdict.remaining),
        "X-RateLimit-Reset": str(math.ceil(verdict.reset_at)),
    }
