"""What the demo shows: scenes, who does what in them, and what was promised and held."""

import shutil
import sys
import textwrap
from dataclasses import dataclass, field
from typing import TextIO

from callpost.cli.colour import Paint, Shade, paint_for
from callpost.cli.tables import table

__all__ = ["CutShort", "Promise", "Stage"]

WIDEST = 96
NARROWEST = 60
WHO = 10
_SHADES = {
    "agent": Shade.CYAN,
    "answer": Shade.GREEN,
    "host": Shade.YELLOW,
    "network": Shade.YELLOW,
    "upstream": Shade.BOLD,
}


class CutShort(Exception):  # noqa: N818 because it ends a play, and need not be a mistake of ours
    """What was shown leaves nothing for the next scenes to go on with."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One row of the last table."""

    what: str
    agent_saw: str
    upstream_did: str
    without: str
    """What a client that just repeats the request brought about."""
    held: bool


@dataclass(slots=True)
class Stage:
    """Where it is shown."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    paint: Paint = field(init=False)
    promises: list[Promise] = field(default_factory=list[Promise])
    scenes: int = 0
    is_cut_short: bool = False

    def __post_init__(self) -> None:
        self.paint = paint_for(self.out)

    def title(self, text: str, *below: str) -> None:
        """The first words."""
        self._print(self.paint(text, Shade.BOLD))
        for line in below:
            self._print(line)

    def scene(self, title: str) -> None:
        """A new scene."""
        self.scenes += 1
        self._print()
        self._print(self.paint(f"{self.scenes}  {title}", Shade.BOLD))

    def line(self, who: str, text: str) -> None:
        """Who does or hears what; nothing where there is nothing to say."""
        if not text:
            return
        columns = shutil.get_terminal_size((WIDEST, 24)).columns
        width = max(NARROWEST, min(WIDEST, columns)) - WHO - 3
        first, *rest = textwrap.wrap(text, width)
        self._print(f"   {self.paint(who.ljust(WHO), _SHADES.get(who))}{first}")
        for more in rest:
            self._print(" " * (WHO + 3) + more)

    def promise(self, promise: Promise) -> None:
        """Keep what was promised and what became of it."""
        self.promises.append(promise)

    def cut_short(self, why: BaseException) -> None:
        """The rest cannot be shown."""
        self.is_cut_short = True
        self._print()
        self._print(self.paint(f"The demo cannot go on: {why}", Shade.RED))

    def verdict(self) -> bool:
        """The table of what the agent saw against what the upstream did; whether all held."""
        if not self.promises:
            return False
        self._print()
        self._print(
            table(
                ("what happened", "the agent saw", "upstream did", "plain retry", "held"),
                [
                    (p.what, p.agent_saw, p.upstream_did, p.without, "yes" if p.held else "NO")
                    for p in self.promises
                ],
                paint=self.paint,
                shades={"yes": Shade.GREEN, "NO": Shade.RED},
            )
        )
        return all(promise.held for promise in self.promises) and not self.is_cut_short

    def last(self, text: str, *, good: bool) -> None:
        """The last words."""
        self._print()
        self._print(self.paint(text, Shade.GREEN if good else Shade.RED))

    def _print(self, text: str = "") -> None:
        print(text, file=self.out, flush=True)
