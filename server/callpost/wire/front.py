"""The static front: openings and lists answered while the server is still being imported.

Standard library only. Hosts send `initialize` or `server/discover` the moment a process runs, and
the SDK needs most of a second to be imported. Their answers are known beforehand, so the thread
that reads stdin gives them. The server is then told what it has to know (the first request, which
decides the era, and the handshake), and its own answers to that are left out: it is in the state it
would be in.

Whatever is not plainly one of these requests is left to the server, and from the first message that
could change what a later answer has to be, everything is.
"""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from callpost.wire.inlet import Reply
from callpost.wire.listing import Listing
from callpost.wire.shapes import CAPABILITIES, IMPLEMENTATION, fits

__all__ = ["Front"]

PREFIX = "io.modelcontextprotocol/"
VERSION = PREFIX + "protocolVersion"
CLIENT_CAPABILITIES = PREFIX + "clientCapabilities"
CLIENT_INFO = PREFIX + "clientInfo"
TRACE = {"traceparent", "tracestate", "baggage"}

Message = dict[str, Any]
Result = str
"""JSON."""


class Front:
    """What can be answered on one connection before the server is there."""

    def __init__(self, *, sandbox: bool = False, environ: Mapping[str, str] | None = None) -> None:
        """Read nothing yet; the first line, or the end, makes it read its files.

        Args:
            sandbox: Whether both keys will be the sandbox's.
            environ: Instead of the process's environment.
        """
        self._sandbox = sandbox
        self._environ = os.environ if environ is None else environ
        self._listing: Listing | None = None
        self._is_read = False
        self._is_over = False
        self._era: str | None = None
        self._is_open = False
        self._ids: set[str] = set()
        self._owed = 0
        self.answered: set[str] = set()
        """Identifiers, as JSON, of the requests that the server hears and does not answer."""

    @property
    def owes(self) -> bool:
        """Whether only the server can answer what came, or tell what is wrong with a setting."""
        return self._read() is None or self._owed > 0

    def reply(self, line: bytes) -> Reply | None:
        """The answer to a line, where it is surely the one the server would give."""
        listing = self._read()
        if self._is_over or listing is None:
            return None
        is_first = self._era is None
        try:
            message = _plain(line)
            if message is None:
                return None
            result = self._result(message, listing)
        except _Unsure as unsure:
            self._owed += 1
            self._is_over = self._is_over or unsure.is_final
            return None
        identifier = json.dumps(message["id"])
        is_for_both = is_first or message["method"] == "initialize"
        if is_for_both:
            self.answered.add(identifier)
        answer = f'{{"jsonrpc":"2.0","id":{identifier},"result":{result}}}'
        return Reply(answer.encode(), is_for_both)

    def _read(self) -> Listing | None:
        if not self._is_read:
            self._is_read = True
            self._listing = Listing.sure(self._environ, sandbox=self._sandbox)
        return self._listing

    def _result(self, message: Message, listing: Listing) -> Result:
        method, params = message["method"], message.get("params", {})
        key = str(message["id"])  # the server takes "7" and 7 for one
        if key in self._ids:
            _leave(is_final=True)
        self._ids.add(key)
        meta: Message = params.get("_meta", {})
        modern = VERSION in meta and method != "initialize"
        if self._era is None:
            self._era = "modern" if modern else "handshake"
        if modern != (self._era == "modern"):
            _leave()
        known = self._modern if modern else self._handshake
        handler = known().get(method)
        if handler is None:
            # A second handshake may change the version, and with it later answers.
            _leave(is_final=method == "initialize")
        return handler(params, meta, listing)

    def _modern(self) -> dict[str, Callable[[Message, Message, Listing], Result]]:
        return {"server/discover": self._discover, "tools/list": self._list_modern}

    def _handshake(self) -> dict[str, Callable[[Message, Message, Listing], Result]]:
        listed = {"tools/list": self._list} if self._is_open else {}
        opening = {} if self._is_open else {"initialize": self._initialize}
        return {"ping": self._ping, **listed, **opening}

    def _initialize(self, params: Message, meta: Message, listing: Listing) -> Result:
        version = params.get("protocolVersion")
        if (
            params.keys() - {"_meta"} != {"protocolVersion", "capabilities", "clientInfo"}
            or not _is_idle(meta, set())
            or not fits(params["capabilities"], CAPABILITIES)
            or not fits(params["clientInfo"], IMPLEMENTATION)
            or version not in {*listing.versions, listing.modern}
        ):
            _leave(is_final=True)
        self._is_open = True
        agreed = version if version in listing.versions else listing.latest
        return _json({"protocolVersion": agreed, **listing.handshake})

    def _ping(self, params: Message, meta: Message, _: Listing) -> Result:
        _only_meta(params, meta, set())
        return "{}"

    def _list(self, params: Message, meta: Message, listing: Listing) -> Result:
        _only_meta(params, meta, set())
        return _tools(listing) + "}"

    def _list_modern(self, params: Message, meta: Message, listing: Listing) -> Result:
        _only_envelope(params, meta, listing)
        return _tools(listing) + "," + _json(listing.envelope)[1:]

    def _discover(self, params: Message, meta: Message, listing: Listing) -> Result:
        _only_envelope(params, meta, listing)
        return _json(listing.discovery)


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _tools(listing: Listing) -> str:
    """The beginning of an object that is still open."""
    return '{"tools":[' + ",".join(listing.tools) + "]"


class _Unsure(Exception):  # noqa: N818 -- no error: the server answers
    def __init__(self, *, is_final: bool) -> None:
        super().__init__()
        self.is_final = is_final


def _leave(*, is_final: bool = False) -> NoReturn:
    """To the server: this message, or this and all that follow."""
    raise _Unsure(is_final=is_final)


def _plain(line: bytes) -> Message | None:
    """A request of the usual form; None for a notification, which nobody answers.

    Raises:
        _Unsure: It is anything else.
    """
    if b"\\ud" in line.lower():
        _leave(is_final=True)
    try:
        message = json.loads(line.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        _leave(is_final=bool(line.strip()))
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":  # pyright: ignore[reportUnknownMemberType] -- JSON
        _leave(is_final=True)
    given: Message = message  # pyright: ignore[reportUnknownVariableType] -- JSON
    shape_ok = (
        given.keys() <= {"jsonrpc", "id", "method", "params"}
        and isinstance(given.get("method"), str)
        and isinstance(given.get("params", {}), dict)
        and isinstance(given.get("params", {}).get("_meta", {}), dict)
    )
    if not shape_ok:
        _leave(is_final=True)
    if "id" not in given:
        return None
    if type(given["id"]) not in {int, str}:
        _leave(is_final=True)
    return given


def _refuse(_: str) -> NoReturn:
    raise ValueError


def _only_meta(params: Message, meta: Message, more: set[str]) -> None:
    """No parameter but metadata, and none of that but what is known to change nothing."""
    if params.keys() - {"_meta"} or not _is_idle(meta, more):
        _leave()


def _is_idle(meta: Message, more: set[str]) -> bool:
    return (
        meta.keys() <= {"progressToken", *TRACE, *more}
        and type(meta.get("progressToken", "")) in {int, str}
        and all(type(meta[name]) is str for name in TRACE & meta.keys())
    )


def _only_envelope(params: Message, meta: Message, listing: Listing) -> None:
    _only_meta(params, meta, {VERSION, CLIENT_CAPABILITIES, CLIENT_INFO})
    if (
        meta[VERSION] != listing.modern
        or not fits(meta.get(CLIENT_CAPABILITIES), CAPABILITIES)
        or not fits(meta.get(CLIENT_INFO, {"name": "", "version": ""}), IMPLEMENTATION)
    ):
        _leave()
