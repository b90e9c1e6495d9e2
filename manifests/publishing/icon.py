"""The icon, a post's bubble that rings; drawn by arithmetic, so that no binary is a source."""

import struct
import zlib
from collections.abc import Iterator

__all__ = ["png"]

SIZE = 128
_BACK, _FORE, _CLEAR = 0, 1, 2
_PALETTE = bytes((0x1F, 0x3A, 0x5F, 0xFF, 0xFF, 0xFF, 0, 0, 0))
_ALPHA = bytes((255, 255, 0))


def png() -> bytes:
    """The icon, 128 by 128, of three colours."""
    rows = b"".join(b"\0" + _packed(_row(y)) for y in range(SIZE))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 2, 3, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", _PALETTE),
            _chunk(b"tRNS", _ALPHA),
            # Stored, not compressed: other builds of zlib would give other bytes.
            _chunk(b"IDAT", zlib.compress(rows, 0)),
            _chunk(b"IEND", b""),
        )
    )


def _packed(colours: Iterator[int]) -> bytes:
    """Four pixels a byte."""
    return bytes(a << 6 | b << 4 | c << 2 | d for a, b, c, d in zip(*[colours] * 4, strict=True))


def _row(y: int) -> Iterator[int]:
    for x in range(SIZE):
        if not _in_rounded((x, y), (0, 0, SIZE - 1, SIZE - 1), 26):
            yield _CLEAR
        elif _is_drawn(x, y):
            yield _FORE
        else:
            yield _BACK


def _is_drawn(x: int, y: int) -> bool:
    tail = 40 <= x <= 40 + (104 - y) and 82 <= y <= 104
    bubble = tail or _in_rounded((x, y), (26, 28, 102, 82), 14)
    waves = any(
        abs((x - 50) ** 2 + (y - 66) ** 2 - radius**2) <= radius * 7 and x - 50 > abs(y - 66)
        for radius in (14, 26, 38)
    )
    return bubble and not waves and (x - 48) ** 2 + (y - 66) ** 2 > 6**2


def _in_rounded(at: tuple[int, int], box: tuple[int, int, int, int], radius: int) -> bool:
    (x, y), (left, top, right, bottom) = at, box
    across = max(left + radius - x, 0, x - (right - radius))
    down = max(top + radius - y, 0, y - (bottom - radius))
    return left <= x <= right and top <= y <= bottom and across**2 + down**2 <= radius**2


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
