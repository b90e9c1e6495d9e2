"""A TCP proxy that loses answers on purpose.

It stands between a client and an HTTP/1.1 server on loopback, knows where a request and an answer
begin and end, and does to chosen requests what networks do: closes, resets, holds, cuts, drips.
"""

import re
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self, assert_never

import anyio
import anyio.abc
import h11

from callpost_sandbox.exchange import Hangup, Request, Wire, forward, read_request

__all__ = ["Fault", "FaultKind", "FaultProxy", "SeenRequest"]

FaultKind = Literal[
    "drop_before",
    "reset_before",
    "drop_after",
    "reset_after",
    "cut_headers",
    "cut_body",
    "delay",
    "drip",
    "black_hole",
]
"""What can happen to one exchange.

- `drop_before`, `reset_before`: closed (FIN) or reset (RST) before anything was forwarded.
- `drop_after`, `reset_after`: forwarded, answered in full upstream; the client gets no byte of it.
- `cut_headers`: forwarded; the first `keep_bytes` bytes of the answer's head, then closed.
- `cut_body`: forwarded; the head and half of the body, then closed.
- `delay`: forwarded; the answer is held until `release` is set, or else for `delay_s` seconds.
- `drip`: forwarded; the answer leaves byte by byte, `gap_s` apart.
- `black_hole`: never forwarded, never answered; open until the client gives up.
"""


@dataclass(eq=False)
class Fault:
    """One scripted fault: what happens to the next `times` requests that match.

    Attributes:
        kind: What happens.
        method: HTTP method, or None for all.
        path: Regular expression searched for in the request target (path and query).
        times: How many requests it meets.
        keep_bytes: For `cut_headers`.
        delay_s: For `delay`, real seconds.
        gap_s: For `drip`, real seconds.
        release: For `delay`.
        applied: How many requests it has met.
        reached: Set when a request has met it; where it is forwarded, once the server answered.
    """

    kind: FaultKind
    method: str | None = None
    path: str = ""
    times: int = 1
    keep_bytes: int = 20
    delay_s: float = 0.0
    gap_s: float = 0.0
    release: anyio.Event | None = None
    applied: int = 0
    reached: anyio.Event = field(default_factory=anyio.Event)

    def matches(self, method: str, target: str) -> bool:
        """Whether this fault is still due for the request line."""
        return (
            self.applied < self.times
            and self.method in (None, method)
            and re.search(self.path, target) is not None
        )


@dataclass(frozen=True)
class SeenRequest:
    """A request that arrived at the proxy, and what was done to it."""

    method: str
    target: str
    fault: FaultKind | None


class FaultProxy:
    """An async context manager that listens on a free loopback port, before one upstream."""

    def __init__(
        self, upstream_host: str, upstream_port: int, *, max_connections: int = 64
    ) -> None:
        self._upstream = (upstream_host, upstream_port)
        self._places = anyio.Semaphore(max_connections)
        self._faults: list[Fault] = []
        self._listener: socket.socket | None = None
        self._tasks: anyio.abc.TaskGroup | None = None
        self._arrived = anyio.Event()
        self.seen: list[SeenRequest] = []

    @property
    def port(self) -> int:
        """The port it listens on."""
        if self._listener is None:
            raise RuntimeError("the proxy is not open")
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url_base(self) -> str:
        """What a client uses in place of the upstream's scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def faults_applied(self) -> int:
        """How many requests met a fault."""
        return sum(seen.fault is not None for seen in self.seen)

    def script(
        self,
        kind: FaultKind,
        *,
        method: str | None = None,
        path: str = "",
        times: int = 1,
        keep_bytes: int = 20,
        delay_s: float = 0.0,
        gap_s: float = 0.0,
        release: anyio.Event | None = None,
    ) -> Fault:
        """Do `kind` to the next `times` requests that match; earlier faults are used up first."""
        fault = Fault(kind, method, path, times, keep_bytes, delay_s, gap_s, release)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forget every fault; requests already caught keep theirs."""
        self._faults.clear()

    async def wait_for_requests(self, count: int) -> None:
        """Return once `count` requests have arrived in all."""
        while len(self.seen) < count:
            await self._arrived.wait()

    async def __aenter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0)
        self._tasks = await anyio.create_task_group().__aenter__()
        self._tasks.start_soon(self._accept, self._listener, self._tasks)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._tasks is None or self._listener is None:
            raise RuntimeError("the proxy is not open")
        self._tasks.cancel_scope.cancel()
        try:
            # Without the body's exception: the group would wrap it, and it passes on by itself.
            await self._tasks.__aexit__(None, None, None)
        finally:
            self._listener.close()

    async def _accept(self, listener: socket.socket, tasks: anyio.abc.TaskGroup) -> None:
        while True:
            await self._places.acquire()
            tasks.start_soon(self._serve, Wire(await _accepted(listener)))

    async def _serve(self, wire: Wire) -> None:
        try:
            with suppress(Hangup, h11.RemoteProtocolError, h11.LocalProtocolError):
                await self._converse(wire)
        finally:
            wire.close()
            self._places.release()

    async def _converse(self, wire: Wire) -> None:
        client = h11.Connection(h11.SERVER)

        async def pass_on(event: h11.Event) -> None:
            await wire.send(client.send(event) or b"")

        while True:
            request = await read_request(client, wire)
            fault = self._meet(request.head)
            if fault is None:
                await forward(request, self._upstream, pass_on)
            else:
                await self._spoil(fault, request, client, wire)
            if client.our_state is not h11.DONE or client.their_state is not h11.DONE:
                return
            client.start_next_cycle()

    def _meet(self, head: h11.Request) -> Fault | None:
        method, target = head.method.decode(), head.target.decode()
        fault = next((f for f in self._faults if f.matches(method, target)), None)
        if fault is not None:
            fault.applied += 1
        self.seen.append(SeenRequest(method, target, None if fault is None else fault.kind))
        self._arrived.set()
        self._arrived = anyio.Event()
        return fault

    async def _spoil(
        self, fault: Fault, request: Request, client: h11.Connection, wire: Wire
    ) -> None:
        parts: list[bytes] = []

        async def keep(event: h11.Event) -> None:
            parts.append(client.send(event) or b"")

        if fault.kind not in ("drop_before", "reset_before", "black_hole"):
            await forward(request, self._upstream, keep)
        fault.reached.set()
        await _deliver(fault, b"".join(parts[:1]), b"".join(parts[1:]), wire)


async def _deliver(fault: Fault, head: bytes, body: bytes, wire: Wire) -> None:
    """Do to an answer, which is empty if nothing was forwarded, what the fault says."""
    match fault.kind:
        case "delay":
            await _hold(fault)
            await wire.send(head + body)
            return
        case "drip":
            for byte in head + body:
                await wire.send(bytes((byte,)))
                await anyio.sleep(fault.gap_s)
            return
        case "cut_headers":
            await wire.send(head[: fault.keep_bytes])
        case "cut_body":
            await wire.send(head + body[: len(body) // 2])
        case "black_hole":
            while await wire.receive():
                pass
        case "reset_before" | "reset_after":
            wire.reset()
        case "drop_before" | "drop_after":
            pass
        case _:
            assert_never(fault.kind)
    raise Hangup


async def _hold(fault: Fault) -> None:
    if fault.release is not None:
        await fault.release.wait()
    else:
        await anyio.sleep(fault.delay_s)


async def _accepted(listener: socket.socket) -> socket.socket:
    while True:
        try:
            sock, _ = listener.accept()
        except BlockingIOError:
            await anyio.wait_readable(listener)
        except ConnectionError:
            continue  # gone before it was accepted
        else:
            return sock
