"""Limits, and when a window of past attempts allows the next one. Numbers in, verdicts out.

The window is a sliding log: at most `requests` in any `window_s` seconds. Such a log keeps both
kinds of upstream window, sliding and fixed, because every fixed window is one of its windows.

An attempt counts from when it leaves until `window_s` after its answer came: the upstream counted
it somewhere in between, so neither clock differences nor network delay can make two windows
overlap. An attempt still under way counts as having just arrived.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["SLACK_S", "Limit", "Priority", "Room", "earliest", "room"]

SLACK_S = 0.02
"""Added to every wait: both machines' timers tick, and a window's edge is the upstream's."""

LOW_SHARE = 0.25
"""Below this share of a limit an answer says how much is left."""


class Priority(IntEnum):
    """Who goes first when a window is full."""

    WRITE = 0
    READ = 1
    BACKGROUND = 2


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `requests` in any `window_s` seconds."""

    requests: int
    window_s: float
    title: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """How much of a limit is left."""

    limit: int
    used: int
    next_free_s: float
    """Seconds until a request may leave; 0 where one may leave now."""

    @property
    def left(self) -> int:
        """Requests that may leave now."""
        return max(0, self.limit - self.used)

    @property
    def is_low(self) -> bool:
        """Whether less than a quarter is left."""
        return self.left < self.limit * LOW_SHARE


def earliest(ends: Sequence[float], limit: Limit, now: float) -> float:
    """The earliest instant at which one more request may leave.

    Args:
        ends: For each attempt that still counts, when it stops counting, in ascending order.
            Attempts booked for later are among them.
        limit: The limit.
        now: The instant, in the unit of `ends`.

    Returns:
        `now`, or the end of the attempt whose place becomes free for this one.
    """
    over = len(ends) - limit.requests
    return now if over < 0 else max(now, ends[over] + SLACK_S)


def room(ends: Sequence[float], limit: Limit, now: float) -> Room:
    """How much of the limit is left at `now`."""
    counting = [end for end in ends if end > now]
    return Room(
        limit=limit.requests,
        used=len(counting),
        next_free_s=earliest(counting, limit, now) - now,
    )
