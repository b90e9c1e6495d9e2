"""Values for completion, from the list tools, kept for a minute."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio

from callpost.assembly import Callpost
from callpost.know_how import Choice

__all__ = ["KEPT_S", "Choices"]

KEPT_S = 60.0
"""A person types several letters a second; the APIs are asked once."""


@dataclass(frozen=True, slots=True)
class _Kept:
    at: float
    values: tuple[tuple[str, str], ...]
    """Identifier and label."""


class Choices:
    """What an argument may be, by its name."""

    def __init__(self, callpost: Callpost, choices: Iterable[Choice]) -> None:
        """Ask nothing yet."""
        self._callpost = callpost
        self._by_argument = {c.argument: c for c in choices if c.tool in callpost.tools}
        self._kept: dict[str, _Kept] = {}
        self._turn = anyio.Lock()

    async def of(self, argument: str, typed: str) -> list[str]:
        """Identifiers that begin with what was typed, or whose label contains it."""
        choice = self._by_argument.get(argument)
        if choice is None:
            return []
        before, comma, typed = typed.rpartition(",") if argument.endswith("s") else ("", "", typed)
        wanted = typed.strip().casefold()
        return [
            f"{before}{comma}{identifier}"
            for identifier, label in await self._values(choice)
            if identifier.casefold().startswith(wanted) or wanted in label.casefold()
        ]

    async def _values(self, choice: Choice) -> tuple[tuple[str, str], ...]:
        async with self._turn:
            now = self._callpost.engine.clock.now()
            kept = self._kept.get(choice.argument)
            if kept is None or now - kept.at >= KEPT_S:
                kept = _Kept(now, await self._asked(choice))
                self._kept[choice.argument] = kept
            return kept.values

    async def _asked(self, choice: Choice) -> tuple[tuple[str, str], ...]:
        answer = await self._callpost.engine.run(self._callpost.tools[choice.tool], {})
        data: Mapping[str, Any] = answer.content.get("data") or {}
        items: list[Mapping[str, Any]] = data.get("items") or []
        return tuple(
            (str(item[choice.identifier]), str(item.get(choice.label, "")))
            for item in items
            if item.get(choice.identifier)
        )
