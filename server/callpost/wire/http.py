"""MCP over Streamable HTTP, both eras at `/mcp`, with the checks a server on a desktop needs.

A page in a browser must not reach a server on this machine: the Host and the Origin of a request
have to be ours. Beyond loopback nothing is served without a token.
"""

import contextlib
import hmac
import ipaddress
import socket
from collections.abc import Generator, Mapping
from typing import Any
from urllib.parse import urlsplit

import anyio
import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["PATH", "Gate", "http_app", "is_loopback", "serve_http"]

PATH = "/mcp"
HEALTH = "/health"
GRACE_S = 1
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def http_app(server: Server[dict[str, Any]], host: str, token: SecretStr | None) -> ASGIApp:
    """The application for a server that listens on `host`."""

    async def health(_: Request) -> Response:
        return JSONResponse({"ok": True})

    app = server.streamable_http_app(
        streamable_http_path=PATH,
        # The gate is before it, and also knows addresses beyond loopback.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        custom_starlette_routes=[Route(HEALTH, health, methods=["GET"])],
    )
    return Gate(app, only_loopback=is_loopback(host), token=token)


class Gate:
    """Lets through what comes from where it may, with the token where one is set."""

    def __init__(self, app: ASGIApp, *, only_loopback: bool, token: SecretStr | None) -> None:
        """Stand before `app`."""
        self._app = app
        self._only_loopback = only_loopback
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and (refusal := self._refusal(scope)) is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        host = headers.get("host", b"").decode("latin-1")
        if self._only_loopback and _name(f"//{host}") not in LOOPBACK_NAMES:
            return PlainTextResponse("Invalid Host header", status_code=421)
        if "origin" in headers and not self._is_ours(headers["origin"].decode("latin-1"), host):
            return PlainTextResponse("Invalid Origin header", status_code=403)
        if self._token is not None and scope["path"] != HEALTH and not self._is_let_in(headers):
            return PlainTextResponse(
                "A valid token is required", 401, headers={"www-authenticate": "Bearer"}
            )
        return None

    def _is_ours(self, origin: str, host: str) -> bool:
        name = _name(origin)
        if self._only_loopback:
            return name in LOOPBACK_NAMES
        return name is not None and urlsplit(origin).netloc == host

    def _is_let_in(self, headers: Mapping[str, bytes]) -> bool:
        scheme, _, given = headers.get("authorization", b"").partition(b" ")
        wanted = self._token.get_secret_value().encode() if self._token else b""
        return scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), wanted)


def _name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


async def serve_http(app: ASGIApp, listener: socket.socket, stop: anyio.Event) -> None:
    """Serve on a listening socket until told to stop; open streams get a moment."""
    server = _Server(
        uvicorn.Config(
            app,
            lifespan="on",
            log_config=None,  # the command's logging is the process's
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
        )
    )

    async def watch() -> None:
        await stop.wait()
        server.should_exit = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        await server.serve(sockets=[listener])
        tasks.cancel_scope.cancel()


class _Server(uvicorn.Server):
    """A server that is a task among others: signals are the command's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the process's signal handlers alone."""
        yield
