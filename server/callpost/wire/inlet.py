"""One thread reads the host's lines for as long as the process lives. Standard library only.

Until the SDK's server is there to take them, lines are kept, and some are answered from what is
known beforehand (`front`). The handover gives it every line that came, in order, and says which
requests were answered already: it hears exactly what it would have heard alone.
"""

import os
import threading
from collections.abc import Callable
from typing import Protocol

from callpost.wire.pipe import Pipe

__all__ = ["Inlet", "Replies", "Sink"]

Sink = Callable[[bytes | None], None]
"""Takes a line; None is the end. Raises `RuntimeError` when nobody listens any more."""


class Replies(Protocol):
    """Answers that need no server."""

    def reply(self, line: bytes) -> bytes | None:
        """The answer to a line, where it is surely the one the server would give."""
        ...

    @property
    def owes(self) -> bool:
        """Whether only the server can answer what came, or tell what is wrong with a setting."""
        ...

    @property
    def answered(self) -> set[str]:
        """Identifiers, as JSON, of the requests answered here and not yet by the server."""
        ...


class Inlet:
    """Kept lines until the handover, then a thread that passes them on."""

    def __init__(self, pipe: Pipe, replies: Replies | None = None) -> None:
        """Start reading with `start`."""
        self._pipe = pipe
        self._replies = replies
        self._kept: list[bytes | None] = []
        self._sink: Sink | None = None
        self._turn = threading.Lock()

    @property
    def answered(self) -> set[str]:
        """What the server's answers are not wanted for; whoever leaves one out takes it away."""
        return self._replies.answered if self._replies else set()

    def start(self) -> None:
        """Begin to read."""
        threading.Thread(target=self._read, name="callpost-stdin", daemon=True).start()

    def hand_over(self, sink: Sink) -> None:
        """From now on `sink` takes every line, beginning with those that were kept."""
        with self._turn:
            for line in self._kept:
                sink(line)
            self._kept.clear()
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
        self._kept.append(line)
        if self._replies is None:
            return
        if line is None:
            if not self._replies.owes:
                os._exit(0)
            return
        answer = self._replies.reply(line)
        if answer is not None:
            try:
                self._pipe.write(answer)
            except OSError:
                os._exit(0)
