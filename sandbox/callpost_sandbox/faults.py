"""Faults that a test, or the demo, plans for the sandbox.

`before`: the request never reaches the application, so nothing happens. `after`: the application
commits and then its answer is spoiled, so something happened and the client cannot tell.
"""

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["HUGE_BYTES", "Fault", "FaultPlan", "spoiled_chunks"]

HUGE_BYTES = 16 * 1024 * 1024
_CHUNK = 64 * 1024
_HTML = b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"
_GARBAGE = b"\x00\xff\xfe{not json: \x80"


class Fault(BaseModel):
    """One planned fault: which requests it meets, what it does to them, and how often.

    Attributes:
        method: HTTP method, or `*` for all.
        path_pattern: Regular expression that has to match the whole path below the API's base,
            such as `/calls/start` or `/posts/[^/]+`.
        when: Before the application, or after it committed.
        kind: `status` answers an error in the API's own envelope; `html`, `empty`, `garbage` and
            `huge` answer that under `status`; `truncated_json` keeps the application's status and
            cuts its body in half; `delay` only waits.
        status: Status of the spoiled answer.
        retry_after: Value of a `Retry-After` header on it.
        delay_s: Real seconds to wait, with every kind.
        times: How many requests it meets.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str = "*"
    path_pattern: str = ".*"
    when: Literal["before", "after"] = "before"
    kind: Literal["status", "html", "empty", "garbage", "huge", "truncated_json", "delay"] = (
        "status"
    )
    status: int = Field(default=500, ge=200, le=599)
    retry_after: str | int | None = None
    delay_s: float = Field(default=0.0, ge=0)
    times: int = Field(default=1, ge=1)

    def meets(self, method: str, path: str) -> bool:
        """Whether this fault is meant for such a request."""
        return self.method in ("*", method) and re.fullmatch(self.path_pattern, path) is not None


class FaultPlan:
    """The planned faults, taken in the order in which they were added."""

    def __init__(self) -> None:
        self._left: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        """Plan one more fault."""
        self._left.append((fault, fault.times))

    def clear(self) -> None:
        """Forget all planned faults."""
        self._left.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Use up and return the first fault that meets this request."""
        for index, (fault, left) in enumerate(self._left):
            if fault.meets(method, path):
                if left == 1:
                    del self._left[index]
                else:
                    self._left[index] = (fault, left - 1)
                return fault
        return None

    def planned(self) -> list[tuple[Fault, int]]:
        """Return the faults that are still to come, each with how often."""
        return list(self._left)


def spoiled_chunks(fault: Fault, body: bytes) -> tuple[str, int, Iterator[bytes]]:
    """Return media type, length and chunks of what a client gets instead of `body`."""
    if fault.kind == "html":
        return "text/html", len(_HTML), iter((_HTML,))
    if fault.kind == "empty":
        return "application/json", 0, iter((b"",))
    if fault.kind == "garbage":
        return "application/json", len(_GARBAGE), iter((_GARBAGE,))
    if fault.kind == "huge":
        return "application/json", HUGE_BYTES, _huge()
    cut = body[: len(body) // 2] if fault.kind == "truncated_json" else body
    return "application/json", len(cut), iter((cut,))


def _huge() -> Iterator[bytes]:
    head, tail = b'{"padding":"', b'"}'
    yield head
    left = HUGE_BYTES - len(head) - len(tail)
    while left:
        size = min(left, _CHUNK)
        left -= size
        yield b"x" * size
    yield tail
