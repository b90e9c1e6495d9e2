"""Colour on a terminal, none anywhere else."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TextIO

__all__ = ["PLAIN", "Paint", "Shade", "paint_for"]


class Shade(Enum):
    """What a text looks like; the value is its ANSI parameter."""

    BOLD = "1"
    DIM = "2"
    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    CYAN = "36"


@dataclass(frozen=True, slots=True)
class Paint:
    """Shades texts, or leaves them as they are."""

    is_on: bool

    def __call__(self, text: str, shade: Shade | None) -> str:
        """The text in this shade."""
        if not self.is_on or shade is None or not text:
            return text
        return f"\x1b[{shade.value}m{text}\x1b[0m"


PLAIN = Paint(is_on=False)


def paint_for(stream: TextIO, env: Mapping[str, str] | None = None) -> Paint:
    """Colour if the stream is a terminal that has it and nobody has said NO_COLOR.

    Args:
        stream: Where the text goes.
        env: Instead of the process's environment, which holds the person's wish.
    """
    env = os.environ if env is None else env
    unwanted = env.get("NO_COLOR") or env.get("TERM") == "dumb"
    # Other consoles of Windows print the codes as they are.
    lacks = sys.platform == "win32" and not env.get("WT_SESSION")
    return Paint(is_on=stream.isatty() and not unwanted and not lacks)
