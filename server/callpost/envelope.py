"""The one shape of every answer (DESIGN section 5)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from callpost.errors import Fault
from callpost.pace import Room

__all__ = ["Answer", "Receipt", "failure", "success"]

LARGEST = 76_000
"""Bytes of data in an answer: with the rest, 20,000 tokens."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool call is answered with."""

    content: Mapping[str, Any]
    """Valid against the tool's output schema, on errors too."""

    @property
    def is_error(self) -> bool:
        """Whether the model has to do something about it."""
        return not self.content["ok"]

    @property
    def text(self) -> str:
        """The same as compact JSON; several frameworks show a model nothing else."""
        return json.dumps(self.content, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Which intent an answer belongs to, and whether it acted now or then."""

    key: str
    occurrence: int
    replayed: bool = False
    done_at: float | None = None
    note: str | None = None

    def content(self) -> dict[str, Any]:
        """As JSON values."""
        shown: dict[str, Any] = {"idempotency_key": self.key, "replayed": self.replayed}
        if self.done_at is not None:
            instant = datetime.fromtimestamp(self.done_at, UTC)
            shown["done_at"] = instant.isoformat(timespec="seconds").replace("+00:00", "Z")
        shown["occurrence"] = self.occurrence
        if self.note is not None:
            shown["note"] = self.note
        return shown


def success(
    data: Mapping[str, Any],
    receipt: Receipt | None = None,
    low: Mapping[str, Room] | None = None,
) -> Answer:
    """It is done, or read."""
    content: dict[str, Any] = {"ok": True, "data": _bounded(data)}
    if receipt is not None:
        content["receipt"] = receipt.content()
    if low:
        content["budget"] = [
            {
                "limit": name,
                "left": room.left,
                "of": room.limit,
                "window_s": room.window_s,
                "next_free_s": round(max(0.0, room.next_free_s), 1),
            }
            for name, room in low.items()
        ]
    return Answer(content)


def _bounded(data: Mapping[str, Any]) -> Any:
    """The same, cut where it is larger than a context window should be asked to take."""
    for longest, most in ((None, None), (8000, 200), (2000, 100), (400, 50), (100, 20), (40, 5)):
        cut = data if longest is None or most is None else _cut(data, longest, most)
        if len(json.dumps(cut, separators=(",", ":"), ensure_ascii=False).encode()) <= LARGEST:
            return cut
    return {}


def _cut(value: Any, longest: int, most: int) -> Any:
    if isinstance(value, str) and len(value) > longest:
        return f"{value[:longest]}… ({len(value) - longest} more characters)"
    if isinstance(value, Mapping):
        parts = cast("Mapping[str, Any]", value)
        return {name: _cut(part, longest, most) for name, part in parts.items()}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [_cut(item, longest, most) for item in items[:most]]
    return value


def failure(fault: Fault, receipt: Receipt | None = None) -> Answer:
    """It is not done, or nobody knows; the advice is in values."""
    error: dict[str, Any] = {
        "code": fault.code,
        "message": fault.message,
        "side_effect": fault.side_effect,
        "retry": fault.retry,
    }
    if fault.retry_after_s is not None:
        error["retry_after_s"] = fault.retry_after_s
    error["next_step"] = fault.next_step
    if fault.fields:
        error["fields"] = [{"path": f.path, "problem": f.problem} for f in fault.fields]
    if fault.upstream is not None:
        told = fault.upstream
        quoted = {"status": told.status, "code": told.code, "message": told.message}
        error["upstream"] = {"api": told.api} | {k: v for k, v in quoted.items() if v is not None}
    content: dict[str, Any] = {"ok": False, "error": error}
    if receipt is not None:
        content["receipt"] = receipt.content()
    return Answer(content)
