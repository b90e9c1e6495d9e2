"""One thread reads the host's lines for as long as the process lives. Standard library only.

Until the SDK's server is there to take them, lines are kept, and some are answered from what is
known beforehand (`front`). The handover gives it every line that can matter to it, in order, and
says which requests were answered already: it comes into the state it would be in alone.
"""

import os
import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

from callpost.wire.pipe import Pipe

__all__ = ["Inlet", "Replies", "Reply", "Sink"]

Sink = Callable[[bytes | None], None]
"""Takes a line; None is the end. Raises `RuntimeError` when nobody listens any more."""


class Reply(NamedTuple):
    """An answer."""

    line: bytes
    is_for_both: bool
    """Whether the server has to hear the request too; its own answer is then left out."""


class Replies(Protocol):
    """Answers that need no server."""

    def reply(self, line: bytes) -> Reply | None:
        """The answer to a line, where it is surely the one the server would give."""
        ...

    @property
    def owes(self) -> bool:
        """Whether only the server can answer what came, or tell what is wrong with a setting."""
        ...

    @property
    def answered(self) -> set[str]:
        """Identifiers, as JSON, of the requests that the server hears and does not answer."""
        ...


class Inlet:
    """Kept lines until the handover, then a thread that passes them on."""

    def __init__(self, pipe: Pipe, replies: Replies | None = None) -> None:
        """Start reading with `start`."""
        self.answered: set[str] = replies.answered if replies else set()
        """Requests whose answer is to be left out; whoever leaves one out takes it away."""
        self._pipe = pipe
        self._replies = replies
        self._kept: list[bytes | None] = []
        self._sink: Sink | None = None
        self._turn = threading.Lock()

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._read, name="callpost-stdin", daemon=True).start()

    def hand_over(self, sink: Sink) -> None:
        """From now on `sink` takes every line, beginning with those that were kept."""
        with self._turn:
            for line in self._kept:
                sink(line)
            self._kept.clear()
            self._replies = None
            self._sink = sink

    def _read(self) -> None:
        try:
            for line in self._pipe.lines():
                self._take(line)
            self._take(None)
        except RuntimeError:  # the server stopped listening; so do we
            return

    def _take(self, line: bytes | None) -> None:
        with self._turn:
            if self._sink is None:
                self._keep(line)
                return
        self._sink(line)

    def _keep(self, line: bytes | None) -> None:
        if self._replies is None:
            self._kept.append(line)
        elif line is None:
            if not self._replies.owes:
                os._exit(0)
            self._kept.append(line)
        else:
            reply = self._replies.reply(line)
            if reply is None or reply.is_for_both:
                self._kept.append(line)
            if reply is not None:
                self._write(reply.line)

    def _write(self, answer: bytes) -> None:
        try:
            self._pipe.write(answer)
        except OSError:  # the host does not listen any more
            os._exit(0)
