"""One HTTP/1.1 exchange as bytes and events, for the fault proxy."""

import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio
import h11

__all__ = ["Hangup", "Request", "Wire", "forward", "read_request"]

_CHUNK = 65_536
_MAX_BODY = 64 * 1024 * 1024
_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection"})


class Hangup(Exception):  # noqa: N818 -- a turn of the conversation, not a failure
    """The client's connection is over."""


@dataclass(frozen=True)
class Request:
    """A request in full."""

    head: h11.Request
    body: bytes


class Wire:
    """A client's connection, on a raw socket: a reset needs the very last reference to it."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock

    async def receive(self) -> bytes:
        """Return what has arrived; nothing at the end."""
        while True:
            try:
                return self._socket.recv(_CHUNK)
            except BlockingIOError:
                await anyio.wait_readable(self._socket)
            except ConnectionError:
                return b""

    async def send(self, data: bytes) -> None:
        """Send everything."""
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.send(view) :]
            except BlockingIOError:
                await anyio.wait_writable(self._socket)
            except OSError as gone:
                raise Hangup from gone

    def close(self) -> None:
        """End the connection in order (FIN)."""
        self._socket.close()

    def reset(self) -> None:
        """End the connection at once (RST): to linger for no time is to throw it away."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


async def read_request(client: h11.Connection, wire: Wire) -> Request:
    """Read one request whole, whatever its framing."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = client.next_event()
        if event is h11.NEED_DATA:
            if client.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                await wire.send(client.send(go_on) or b"")
            client.receive_data(await wire.receive())
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return Request(head, bytes(body))
        else:
            raise Hangup
        if len(body) > _MAX_BODY:
            raise Hangup


async def forward(
    request: Request, upstream: tuple[str, int], sink: Callable[[h11.Event], Awaitable[None]]
) -> None:
    """Send a request on a connection of its own, and give the answer's events to `sink`."""
    server = h11.Connection(h11.CLIENT)
    head = h11.Request(
        method=request.head.method,
        target=request.head.target,
        headers=[*_end_to_end(request.head), (b"Connection", b"close")],
    )
    try:
        async with await anyio.connect_tcp(*upstream) as stream:
            for event in (head, h11.Data(data=request.body), h11.EndOfMessage()):
                await stream.send(server.send(event) or b"")
            while True:
                event = server.next_event()
                if event is h11.NEED_DATA:
                    try:
                        server.receive_data(await stream.receive(_CHUNK))
                    except anyio.EndOfStream:
                        server.receive_data(b"")
                elif isinstance(event, h11.Response):
                    await sink(
                        h11.Response(
                            status_code=event.status_code,
                            reason=event.reason,
                            headers=_end_to_end(event),
                        )
                    )
                elif isinstance(event, h11.Data):
                    await sink(h11.Data(data=bytes(event.data)))
                elif isinstance(event, h11.EndOfMessage):
                    await sink(h11.EndOfMessage())
                    return
                elif not isinstance(event, h11.InformationalResponse):
                    raise Hangup
    except (OSError, anyio.BrokenResourceError, h11.RemoteProtocolError) as broken:
        raise Hangup from broken


def _end_to_end(head: h11.Request | h11.Response) -> list[tuple[bytes, bytes]]:
    items = head.headers.raw_items()
    return [(name, value) for name, value in items if name.lower() not in _HOP_BY_HOP]
