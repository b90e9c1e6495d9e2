import json
import os
from collections.abc import Generator
from contextlib import contextmanager

import anyio
import pytest
from mcp_types import INVALID_REQUEST, JSONRPCRequest

from callpost.wire import pipe as pipes
from callpost.wire.frames import message_of, refusal_of
from callpost.wire.inlet import Inlet, Reply
from callpost.wire.pipe import Pipe


@contextmanager
def piped(data: bytes) -> Generator[Pipe]:
    """A pipe that held this and was closed, and whose answers nobody reads."""
    source, feed = os.pipe()
    ear, target = os.pipe()
    try:
        os.write(feed, data)
        os.close(feed)
        yield Pipe(source, target)
    finally:
        for number in (source, ear, target):
            os.close(number)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\r\nb", [b"a\r", b"b"]),
        (b"\n\nlast", [b"", b"", b"last"]),
    ],
)
def test_lines_come_whole_and_the_last_one_without_its_end(data: bytes, lines: list[bytes]) -> None:
    with piped(data) as pipe:
        assert list(pipe.lines()) == lines


@pytest.mark.parametrize("chunk", [1, 2, 3, 7])
def test_lines_do_not_depend_on_how_they_arrive(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipes, "CHUNK", chunk)
    with piped(b"one\ntwo\n\nthree") as pipe:
        assert list(pipe.lines()) == [b"one", b"two", b"", b"three"]


@pytest.mark.parametrize("chunk", [1, 4, 100])
def test_a_line_longer_than_memory_should_hold_is_dropped_alone(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipes, "CHUNK", chunk)
    monkeypatch.setattr(pipes, "LONGEST_LINE", 8)
    with piped(b"12345678\n123456789\nnext\n" + b"x" * 50) as pipe:
        assert list(pipe.lines()) == [b"12345678", b"next"]


def test_a_source_that_cannot_be_read_has_ended() -> None:
    assert list(Pipe(-1, -1).lines()) == []


def test_half_a_surrogate_pair_is_mended() -> None:
    line = b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":"\\ud83d!"}}'
    parsed = message_of(line)
    assert parsed is not None
    assert isinstance(parsed.message, JSONRPCRequest)
    assert parsed.message.params == {"a": "\ufffd!"}


def test_bytes_that_are_no_text_are_mended() -> None:
    parsed = message_of(b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":"\xff"}}')
    assert parsed is not None
    assert isinstance(parsed.message, JSONRPCRequest)
    assert parsed.message.params == {"a": "\ufffd"}


@pytest.mark.parametrize("identifier", [7, "seven"])
def test_a_request_that_is_none_is_refused_under_its_id(identifier: int | str) -> None:
    line = json.dumps({"jsonrpc": "2.0", "id": identifier, "method": "x", "params": 3}).encode()
    assert message_of(line) is None
    refusal = refusal_of(line)
    assert refusal is not None
    assert (refusal.id, refusal.error.code) == (identifier, INVALID_REQUEST)


@pytest.mark.parametrize(
    "line",
    [b"", b"  ", b"x", b"[]", b"null", b'{"id":1}', b'{"id":true,"method":"x"}', b"[" * 100_000],
)
def test_what_is_no_request_is_dropped(line: bytes) -> None:
    assert message_of(line) is None
    assert refusal_of(line) is None


class Canned:
    """Answers everything that begins with «?», and wants the server to hear of «?!»."""

    def __init__(self) -> None:
        self.answered: set[str] = set()
        self.owes = True

    def reply(self, line: bytes) -> Reply | None:
        return Reply(b"to " + line, line == b"?!") if line.startswith(b"?") else None


async def test_the_server_hears_everything_that_matters_to_it_in_order() -> None:
    heard: list[bytes | None] = []
    ended = anyio.Event()
    token = anyio.lowlevel.current_token()

    def sink(line: bytes | None) -> None:
        heard.append(line)
        if line is None:
            anyio.from_thread.run_sync(ended.set, token=token)

    source, feed = os.pipe()
    ear, target = os.pipe()
    inlet = Inlet(Pipe(source, target), Canned())
    inlet.start()
    os.write(feed, b"one\n?\n?!\ntwo\n")
    with anyio.fail_after(10):
        # The answer to the last one that is answered: all before it have been taken by then.
        said = b""
        while b"?!" not in said:
            said += await anyio.to_thread.run_sync(os.read, ear, 100)
        await anyio.to_thread.run_sync(inlet.hand_over, sink)
        os.write(feed, b"?three\n")
        os.close(feed)
        await ended.wait()
    assert said == b"to ?\nto ?!\n"
    assert heard == [b"one", b"?!", b"two", b"?three", None]
    for number in (source, ear, target):
        os.close(number)


async def test_a_server_that_stops_listening_ends_the_reading() -> None:
    gone = anyio.Event()
    token = anyio.lowlevel.current_token()

    def sink(_: bytes | None) -> None:
        anyio.from_thread.run_sync(gone.set, token=token)
        raise RuntimeError("the loop is closed")

    source, feed = os.pipe()
    inlet = Inlet(Pipe(source, -1))
    inlet.start()
    await anyio.to_thread.run_sync(inlet.hand_over, sink)
    os.write(feed, b"one\n")
    with anyio.fail_after(10):
        await gone.wait()
    os.close(feed)
    os.close(source)
