"""Webhooks, signed and sent.

Vocobase (vocobase.md section 7): `X-Webhook-Signature: sha256=<hex>` over timestamp, dot and raw
body, 10 s timeout, any 2xx is success, retries after 1, 2 and 4 s, then dropped.
VoxBurst (voxburst.md section 10): `X-VoxBurst-Signature: sha256=<hex>` over the raw body; its
retries are not documented, so the same ones are used.

The sandbox sends to loopback addresses only, whatever was configured.
"""

import hashlib
import hmac
import ipaddress
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import anyio
import httpx2

from callpost_sandbox.clock import SandboxClock

__all__ = [
    "Attempt",
    "Outbox",
    "Signer",
    "is_loopback",
    "iso",
    "sign_vocobase",
    "sign_voxburst",
]

Signer = Callable[[str, bytes, float], dict[str, str]]
"""Secret, raw body and time to the headers of a delivery."""


@dataclass(frozen=True)
class Attempt:
    """One try of one delivery; `status` is 0 if nothing answered, -1 if it was not sent at all."""

    url: str
    number: int
    status: int
    at: float

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it (any 2xx)."""
        return httpx2.codes.is_success(self.status)


@dataclass(frozen=True)
class _Delivery:
    url: str
    secret: str
    body: bytes
    on_attempt: Callable[[Attempt], None] | None


def iso(at: float) -> str:
    """Write Unix seconds as ISO 8601 in UTC with milliseconds and `Z`."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_loopback(url: str) -> bool:
    """Whether an address of the web surely stays on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def sign_vocobase(secret: str, body: bytes, at: float) -> dict[str, str]:
    """Sign as Vocobase does; the key is the whole secret with its `whsec_` prefix."""
    stamp = iso(at)
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Webhook-Signature": f"sha256={digest}", "X-Webhook-Timestamp": stamp}


def sign_voxburst(secret: str, body: bytes, at: float) -> dict[str, str]:  # noqa: ARG001 -- a Signer; VoxBurst signs no time
    """Sign as VoxBurst does."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-VoxBurst-Signature": f"sha256={digest}"}


class Outbox:
    """Deliveries on their way. `post` queues; `flush` or `run` sends.

    Pauses between tries are seconds of the sandbox, so they shrink with `speed`.
    """

    def __init__(
        self,
        sign: Signer,
        clock: SandboxClock,
        *,
        speed: float = 1.0,
        delays_s: tuple[float, ...] = (1.0, 2.0, 4.0),
        timeout_s: float = 10.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.attempts: deque[Attempt] = deque(maxlen=10_000)
        self._sign = sign
        self._clock = clock
        self._pauses = tuple(delay / speed if speed else 0.0 for delay in delays_s)
        self._timeout_s = timeout_s
        self._transport = transport
        self._queue: deque[_Delivery] = deque()

    def post(
        self,
        url: str,
        secret: str,
        body: bytes,
        on_attempt: Callable[[Attempt], None] | None = None,
    ) -> None:
        """Queue one delivery; `on_attempt` hears of each try."""
        self._queue.append(_Delivery(url, secret, body, on_attempt))

    async def flush(self) -> None:
        """Send what is queued and return when each delivery was taken or dropped."""
        async with anyio.create_task_group() as tasks:
            while self._queue:
                tasks.start_soon(self._deliver, self._queue.popleft())

    async def run(self, *, poll_s: float = 0.05) -> None:
        """Send what is queued, until cancelled."""
        async with anyio.create_task_group() as tasks:
            while True:
                while self._queue:
                    tasks.start_soon(self._deliver, self._queue.popleft())
                await anyio.sleep(poll_s)

    async def _deliver(self, delivery: _Delivery) -> None:
        for number, pause in enumerate((0.0, *self._pauses), start=1):
            await anyio.sleep(pause)
            status = await self._try(delivery)
            attempt = Attempt(delivery.url, number, status, self._clock.wall())
            self.attempts.append(attempt)
            if delivery.on_attempt is not None:
                delivery.on_attempt(attempt)
            if attempt.delivered or status < 0:
                return

    async def _try(self, delivery: _Delivery) -> int:
        if not is_loopback(delivery.url):
            return -1
        headers = self._sign(delivery.secret, delivery.body, self._clock.wall())
        headers["Content-Type"] = "application/json"
        try:
            async with httpx2.AsyncClient(
                transport=self._transport, timeout=self._timeout_s, trust_env=False
            ) as client:
                answer = await client.post(delivery.url, content=delivery.body, headers=headers)
        except httpx2.HTTPError:
            return 0
        return answer.status_code
