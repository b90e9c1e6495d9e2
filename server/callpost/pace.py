"""Limits, and when a window of past attempts allows the next one. Numbers in, verdicts out.

The window is a sliding log: at most `requests` in any `window_s` seconds. Such a log keeps both
kinds of upstream window, sliding and fixed, because every fixed window is one of its windows.

An attempt counts from when it leaves until `window_s` after its answer came: the upstream counted
it somewhere in between, so neither clock differences nor network delay can make two windows
overlap. An attempt still under way counts as having just arrived.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["SLACK_S", "Limit", "Priority", "Room", "Waiting", "ahead", "room", "turn"]

SLACK_S = 0.02
"""Added to every wait: both machines' timers tick, and a window's edge is the upstream's."""

PROMOTED_AFTER_S = 10.0
"""How long a read or a background read waits before it counts as a write."""

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
    window_s: float

    @property
    def left(self) -> int:
        """Requests that may leave now."""
        return max(0, self.limit - self.used)

    @property
    def is_low(self) -> bool:
        """Whether less than a quarter is left."""
        return self.left < self.limit * LOW_SHARE


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits in line for a window."""

    holder: str
    owner: int
    priority: Priority
    since: float


def ahead(line: Sequence[Waiting], me: Waiting, now: float) -> int:
    """How many go before me.

    Writes before reads before background, but nobody waits for ever: after `PROMOTED_AFTER_S` every
    request counts as a write. Within a class the owners take turns, so that one busy agent, however
    long its queue, delays another by one request and not by its queue.
    """
    ranks: dict[tuple[int, int], int] = {}
    mine: tuple[int, int, float, str] | None = None
    orders: list[tuple[int, int, float, str]] = []
    for waiting in sorted([*(w for w in line if w.holder != me.holder), me], key=_age):
        kind = _priority(waiting, now)
        rank = ranks[kind, waiting.owner] = ranks.get((kind, waiting.owner), -1) + 1
        order = (kind, rank, waiting.since, waiting.holder)
        if waiting is me:
            mine = order
        else:
            orders.append(order)
    return sum(mine is not None and order < mine for order in orders)


def _age(waiting: Waiting) -> tuple[float, str]:
    return waiting.since, waiting.holder


def _priority(waiting: Waiting, now: float) -> int:
    return Priority.WRITE if now - waiting.since >= PROMOTED_AFTER_S else waiting.priority


def turn(ends: Sequence[float], before: int, limit: Limit, now: float) -> float:
    """The earliest instant at which I may leave.

    Args:
        ends: For each attempt that still counts, when it stops counting.
        before: How many go before me.
        limit: The limit.
        now: The instant, in the unit of `ends`.

    Returns:
        `now`, or the instant at which the place that will be mine becomes free.
    """
    counting = sorted(end for end in ends if end > now)
    at = now
    for _ in range(before + 1):
        # One leaves when fewer than the limit still count; it counts for a window from then on.
        if len(counting) >= limit.requests:
            at = max(at, counting[len(counting) - limit.requests] + SLACK_S)
        insort(counting, at + limit.window_s)
        counting = counting[-limit.requests :]
    return at


def room(ends: Sequence[float], limit: Limit, now: float) -> Room:
    """How much of the limit is left at `now`."""
    used = sum(end > now for end in ends)
    return Room(
        limit=limit.requests,
        used=used,
        next_free_s=turn(ends, 0, limit, now) - now,
        window_s=limit.window_s,
    )
