"""Requests per window and key, counted exactly.

Neither contract says whether its window slides (vocobase.md section 2, voxburst.md section 2), so
both kinds exist. A refused request uses up nothing.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal

__all__ = ["RateWindow", "Verdict", "WindowKind"]

WindowKind = Literal["sliding", "fixed"]


@dataclass(frozen=True)
class Verdict:
    """Whether one request may pass, and what the client may be told about the next ones."""

    allowed: bool
    limit: int
    remaining: int
    reset_at: float
    retry_after_s: float


class RateWindow:
    """At most `limit` requests per key in `window_s`, as a log of the requests that passed."""

    def __init__(self, limit: int, window_s: float = 60.0, kind: WindowKind = "sliding") -> None:
        self.limit = limit
        self.window_s = window_s
        self.kind: WindowKind = kind
        self._passed: dict[str, deque[float]] = {}

    def take(self, key: str, now: float) -> Verdict:
        """Let one request of this key pass, or say how long it has to wait."""
        passed = self._passed.setdefault(key, deque())
        # A fixed window starts at a multiple of its length; a sliding one ends now.
        start = math.floor(now / self.window_s) * self.window_s
        while passed and self._is_over(passed[0], start, now):
            passed.popleft()
        allowed = len(passed) < self.limit
        if allowed:
            passed.append(now)
        if self.kind == "fixed":
            reset_at = start + self.window_s
        else:
            reset_at = (passed[0] if passed else now) + self.window_s
        return Verdict(
            allowed=allowed,
            limit=self.limit,
            remaining=max(0, self.limit - len(passed)),
            reset_at=reset_at,
            retry_after_s=0.0 if allowed else max(0.0, reset_at - now),
        )

    def _is_over(self, passed_at: float, start: float, now: float) -> bool:
        if self.kind == "fixed":
            return passed_at < start
        return passed_at <= now - self.window_s
