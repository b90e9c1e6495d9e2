"""The process's standard streams, for the protocol alone. Standard library only.

From then on stdin is empty and stdout is stderr for all other code and for child processes, so that
a stray print cannot damage the protocol.
"""

import os
import sys
from collections.abc import Iterator

__all__ = ["Pipe"]

CHUNK = 64 * 1024
LONGEST_LINE = 64 * 1024 * 1024
"""A longer line is dropped: it would be held in memory whole, several times."""


class Pipe:
    """Lines from the host and to it, as bytes."""

    def __init__(self, source: int, target: int) -> None:
        """Use these descriptors; they are never closed, because a thread may be reading."""
        self._source = source
        self._target = target

    @classmethod
    def taken(cls) -> "Pipe":
        """Take stdin and stdout; what else the process does with them misses the host."""
        pipe = cls(_above_standard(0), _above_standard(1))
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        try:
            os.dup2(2, 1)
        except OSError:  # started without a stderr
            os.dup2(nothing, 1)
        os.close(nothing)
        return pipe

    def lines(self) -> Iterator[bytes]:
        """Every line until the host closes its end, without line ends."""
        parts: list[bytes] = []
        held = 0
        while chunk := self._read():
            *ended, rest = chunk.split(b"\n")
            for part in ended:
                if held + len(part) <= LONGEST_LINE:
                    yield b"".join((*parts, part))
                parts, held = [], 0
            held += len(rest)
            parts = [*parts, rest] if held <= LONGEST_LINE else []
        if held and parts:
            yield b"".join(parts)

    def _read(self) -> bytes:
        try:
            return os.read(self._source, CHUNK)
        except OSError:  # stdin was closed from the start, or its terminal is gone
            return b""

    def write(self, line: bytes) -> None:
        """Write a line whole.

        Raises:
            OSError: The host does not listen any more.
        """
        rest = memoryview(line + b"\n")
        while rest:
            rest = rest[os.write(self._target, rest) :]


def _above_standard(number: int) -> int:
    """A private duplicate beyond the three standard descriptors, not inherited by children."""
    try:
        copy = os.dup(number)
    except OSError:  # closed by whoever started us
        return os.open(os.devnull, os.O_RDWR)
    below: list[int] = []
    while copy <= 2:  # noqa: PLR2004 -- stderr, the last of the standard descriptors
        below.append(copy)
        copy = os.dup(number)
    for other in below:
        os.close(other)
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 -- there only

        msvcrt.setmode(copy, os.O_BINARY)
    return copy
