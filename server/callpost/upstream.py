"""The one HTTP client: keys, timeouts, sizes, and whether a request may have left.

A failure before the first byte (no name, no route, no TLS, no free connection) is `NotSentError`;
from then on it is `LostError`, because an upstream may have acted on what reached it.
"""

import json
import logging
import math
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
from pydantic import SecretStr

from callpost import __version__
from callpost.api import Reply
from callpost.call import Route
from callpost.clock import Clock

__all__ = ["LOOPBACK", "Access", "LostError", "NotSentError", "Upstream", "clock_offset_s"]

logger = logging.getLogger(__name__)

LONGEST_BODY = 8 * 1024 * 1024
CONNECT_S = 5.0
CHUNK = 256 * 1024
LOOPBACK = {"127.0.0.1", "::1", "localhost"}

_SURELY_NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.ProxyError,
    httpx2.InvalidURL,
)


class NotSentError(Exception):
    """The request surely never left this machine."""


class LostError(Exception):
    """The request may have arrived; its answer did not, or not whole."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where an API is and with which key, for one credential."""

    base_url: str
    """Without a trailing slash."""
    key: SecretStr | None
    scope: str
    """Fingerprint that names budgets and intents of this credential."""


class Upstream:
    """Requests to the configured origins, and nowhere else with a key."""

    def __init__(
        self,
        clock: Clock,
        *,
        timeout_s: float,
        transports: Mapping[str, httpx2.AsyncBaseTransport] | None = None,
    ) -> None:
        """Make nothing yet: clients, and their TLS context, come with the first request.

        Args:
            clock: For the time replies are received at.
            timeout_s: From the first byte sent to the last received.
            transports: The seam to the network, by origin; tests pass their own.
        """
        self._clock = clock
        self._timeout_s = timeout_s
        self._transports = dict(transports or {})
        self._clients: dict[str, httpx2.AsyncClient] = {}

    async def send(
        self,
        access: Access,
        method: str,
        path: Route,
        *,
        query: Mapping[str, str | int | bool] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        fresh: bool = False,
    ) -> Reply:
        """One request, once.

        Args:
            access: Origin and key.
            method: HTTP method.
            path: From `route`.
            query: Parameters; booleans travel as true and false.
            body: JSON, or None for no body.
            headers: Besides the usual ones.
            timeout_s: Shorter than the client's, where little time is left.
            fresh: On a connection of its own: an idle one may be closing, and whether a request on
                it arrived could not be told.

        Raises:
            NotSentError: Before the first byte.
            LostError: After it.
        """
        sent = {"accept": "application/json", **(headers or {})}
        if access.key is not None:
            sent["authorization"] = f"Bearer {access.key.get_secret_value()}"
        if fresh:
            sent["connection"] = "close"
        client = self._client(access.base_url, fresh=fresh)
        request = client.build_request(
            method,
            access.base_url + path,
            params=_parameters(query),
            content=None if body is None else json.dumps(body, ensure_ascii=False).encode(),
            headers=sent | ({"content-type": "application/json"} if body is not None else {}),
        )
        return await self._exchange(client, request, min(timeout_s or math.inf, self._timeout_s))

    async def put_file(self, url: str, headers: Mapping[str, str], path: Path, size: int) -> Reply:
        """PUT a file to a presigned URL, without any key.

        Raises:
            NotSentError: Before the first byte, or the URL is not one to send a file to.
            LostError: After it.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise NotSentError("the upload address is not https")
        origin = f"{parts.scheme}://{parts.netloc}"
        client = self._client(origin, fresh=False)
        request = client.build_request(
            "PUT",
            url,
            headers={**headers, "content-length": str(size)},
            content=_chunks(path),
        )
        return await self._exchange(client, request, max(self._timeout_s, 40.0))

    async def _exchange(
        self, client: httpx2.AsyncClient, request: httpx2.Request, timeout_s: float
    ) -> Reply:
        try:
            with anyio.fail_after(timeout_s):
                response = await client.send(request, stream=True)
                try:
                    content = await _limited(response)
                finally:
                    await response.aclose()
        except _SURELY_NOT_SENT as error:
            raise NotSentError(type(error).__name__) from None
        except TimeoutError:
            raise LostError("no answer in time") from None
        except httpx2.TimeoutException:
            raise LostError("no answer in time") from None
        except (httpx2.HTTPError, OSError) as error:
            logger.debug("a request was lost: %s", type(error).__name__)
            raise LostError("the connection broke") from None
        parsed, is_json = _parsed(content)
        return Reply(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=parsed,
            is_json=is_json,
            is_empty=not content,
            received_at=self._clock.now(),
        )

    def _client(self, base_url: str, *, fresh: bool) -> httpx2.AsyncClient:
        parts = urlsplit(base_url)
        origin = f"{parts.scheme}://{parts.netloc}"
        name = origin + (" fresh" if fresh else "")
        if name not in self._clients:
            self._clients[name] = httpx2.AsyncClient(
                transport=self._transports.get(origin),
                # Environment proxies must not see what goes to this machine in the clear.
                trust_env=parts.scheme == "https",
                follow_redirects=False,
                timeout=httpx2.Timeout(self._timeout_s, connect=CONNECT_S),
                limits=httpx2.Limits(
                    max_connections=100, max_keepalive_connections=0 if fresh else 20
                ),
                headers={"user-agent": f"callpost/{__version__}"},
            )
        return self._clients[name]

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()


def clock_offset_s(reply: Reply, sent_at: float) -> float | None:
    """Upstream clock minus ours by the reply's `Date`, to about a second; None without one."""
    date = reply.headers.get("date")
    if date is None:
        return None
    try:
        told = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
    return told + 0.5 - (sent_at + reply.received_at) / 2


def _parameters(query: Mapping[str, str | int | bool] | None) -> dict[str, str]:
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in (query or {}).items()
    }


async def _limited(response: httpx2.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > LONGEST_BODY:
            raise LostError("the answer is larger than any this API gives")
    return bytes(content)


def _parsed(content: bytes) -> tuple[Any, bool]:
    if not content.strip():
        return None, False
    try:
        return json.loads(content), True
    except (ValueError, RecursionError):
        return None, False


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        while chunk := await file.read(CHUNK):
            yield chunk
