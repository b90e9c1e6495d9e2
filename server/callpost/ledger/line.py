"""The windows, the line before them, and the slots: what `pace` computes with, kept in SQLite.

Every function runs inside a transaction of `Database.run`; the arithmetic is in `pace`.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from callpost.ledger import Departed, Departure, SlotAsk, Told
from callpost.pace import Limit, Room, Waiting, ahead, room, turn

__all__ = ["arrive", "free", "learn", "numbers", "pause", "queue", "rooms", "slots_used"]

GRACE_S = 2.0
"""How long a place in line is kept for one who is late, or was told when to come back."""
LONGEST_FLIGHT_S = 120.0
"""An attempt whose end nobody recorded: its process is gone, and the answer can no longer come."""
RECHECK_S = 1.0
"""The line may move faster than foreseen, so a waiting request looks again at least this often."""
NUMBERS_LAST_S = 15.0
"""How long the upstream's own count of active things is trusted."""


@dataclass(frozen=True, slots=True)
class _Window:
    limit: Limit
    ends: Sequence[float]
    paused_until: float
    reason: str | None


def _window(db: sqlite3.Connection, scope: str, name: str, limit: Limit, now: float) -> _Window:
    db.execute(
        "DELETE FROM places WHERE scope = ? AND window = ? AND ends_at <= ?", (scope, name, now)
    )
    told = db.execute(
        "SELECT requests, paused_until, reason FROM windows WHERE scope = ? AND window = ?",
        (scope, name),
    ).fetchone()
    requests = told["requests"] if told and told["requests"] else limit.requests
    rows = db.execute(
        "SELECT left_at, ends_at FROM places WHERE scope = ? AND window = ?", (scope, name)
    ).fetchall()
    ends = [
        row["ends_at"]
        if row["ends_at"] is not None
        # Still under way: the upstream may count it only now.
        else min(now, row["left_at"] + LONGEST_FLIGHT_S) + limit.window_s
        for row in rows
    ]
    return _Window(
        limit=Limit(requests, limit.window_s, limit.title),
        ends=ends,
        paused_until=told["paused_until"] if told else 0.0,
        reason=told["reason"] if told else None,
    )


def queue(
    db: sqlite3.Connection,
    departure: Departure,
    owner: int,
    now: float,
    lives: Callable[[int], bool],
) -> Departed:
    """Take a place in every window, or stand in line, or be told when to come back.

    Who is told when to come back keeps its place until a moment after that, so that coming back
    then succeeds. Places of processes that are gone are free.
    """
    _drop_the_gone(db, departure.scope, owner, lives)
    due, reason = now, None
    windows = {
        name: _window(db, departure.scope, name, limit, now)
        for name, limit in departure.limits.items()
    }
    for name, window in windows.items():
        before = _before_me(db, departure, name, owner, now)
        mine = turn(window.ends, before, window.limit, now)
        if window.paused_until > mine:
            mine, reason = window.paused_until, window.reason
        due = max(due, mine)
    if due > now:
        waits = due - now <= departure.patience_s
        keep_until = (now + RECHECK_S if waits else due) + GRACE_S
        for name in departure.limits:
            _stand(db, departure, name, owner, since=now, keep_until=keep_until)
        wait = min(due - now, RECHECK_S) if waits else due - now
        return Departed(wait_s=wait, due_s=due - now, paused=reason)
    if departure.slot is not None:
        used, limit = slots_used(db, departure.scope, departure.slot, now)
        if used >= limit:
            return Departed(full_slot=departure.slot.name)
        _occupy(db, departure, departure.slot, now)
    places = tuple(_take(db, departure, name, now) for name in departure.limits)
    left = {
        name: room([*window.ends, now + window.limit.window_s], window.limit, now)
        for name, window in windows.items()
    }
    low = {name: rest for name, rest in left.items() if rest.is_low}
    return Departed(may_leave=True, places=places, low=low)


def _drop_the_gone(
    db: sqlite3.Connection, scope: str, owner: int, lives: Callable[[int], bool]
) -> None:
    others = db.execute(
        "SELECT DISTINCT owner FROM line WHERE scope = ? AND owner != ?", (scope, owner)
    ).fetchall()
    gone = [(row["owner"],) for row in others if not lives(row["owner"])]
    db.executemany("DELETE FROM line WHERE owner = ?", gone)


def _before_me(
    db: sqlite3.Connection, departure: Departure, name: str, owner: int, now: float
) -> int:
    rows = db.execute(
        "SELECT holder, owner, priority, since, keep_until FROM line"
        " WHERE scope = ? AND window = ?",
        (departure.scope, name),
    ).fetchall()
    if not rows:
        return 0
    db.execute(
        "DELETE FROM line WHERE scope = ? AND window = ? AND keep_until < ?",
        (departure.scope, name, now),
    )
    since = next((r["since"] for r in rows if r["holder"] == departure.holder), now)
    me = Waiting(departure.holder, owner, departure.priority, since)
    line = [
        Waiting(r["holder"], r["owner"], r["priority"], r["since"])
        for r in rows
        if r["keep_until"] >= now
    ]
    return ahead(line, me, now)


def _stand(
    db: sqlite3.Connection,
    departure: Departure,
    name: str,
    owner: int,
    *,
    since: float,
    keep_until: float,
) -> None:
    db.execute(
        "INSERT INTO line (scope, window, holder, owner, priority, since, keep_until)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (scope, window, holder) DO UPDATE SET keep_until = excluded.keep_until,"
        " owner = excluded.owner",
        (departure.scope, name, departure.holder, owner, departure.priority, since, keep_until),
    )


def _take(db: sqlite3.Connection, departure: Departure, name: str, now: float) -> int:
    db.execute(
        "DELETE FROM line WHERE scope = ? AND window = ? AND holder = ?",
        (departure.scope, name, departure.holder),
    )
    row = db.execute(
        "INSERT INTO places (scope, window, left_at) VALUES (?, ?, ?) RETURNING id",
        (departure.scope, name, now),
    ).fetchone()
    return row["id"]


def arrive(
    db: sqlite3.Connection, places: Iterable[int], limits: Mapping[str, Limit], now: float
) -> None:
    """The attempts are over: they count for one window more."""
    for place in places:
        row = db.execute("SELECT window FROM places WHERE id = ?", (place,)).fetchone()
        if row is not None:
            ends_at = now + limits[row["window"]].window_s
            db.execute("UPDATE places SET ends_at = ? WHERE id = ?", (ends_at, place))


def rooms(
    db: sqlite3.Connection, scope: str, limits: Mapping[str, Limit], now: float
) -> Mapping[str, Room]:
    """How much of each window is left."""
    found: dict[str, Room] = {}
    for name, limit in limits.items():
        window = _window(db, scope, name, limit, now)
        found[name] = room(window.ends, window.limit, now)
    return found


def learn(db: sqlite3.Connection, scope: str, told: Told, declared: Limit, now: float) -> None:
    """Take over what the upstream says; count what somebody else must have spent."""
    name, limit, left, resets_at = told.window, told.limit, told.left, told.resets_at
    if limit is not None and limit > 0:
        db.execute(
            "INSERT INTO windows (scope, window, requests) VALUES (?, ?, ?)"
            " ON CONFLICT (scope, window) DO UPDATE SET requests = excluded.requests"
            " WHERE requests IS NOT excluded.requests",
            (scope, name, limit),
        )
    if left is None:
        return
    window = _window(db, scope, name, declared, now)
    others = window.limit.requests - len(window.ends) - left
    ends_at = now + declared.window_s
    if resets_at is not None and now < resets_at < ends_at:
        ends_at = resets_at
    db.executemany(
        "INSERT INTO places (scope, window, left_at, ends_at) VALUES (?, ?, ?, ?)",
        [(scope, name, now, ends_at)] * max(0, min(others, window.limit.requests)),
    )


def pause(db: sqlite3.Connection, scope: str, name: str, until: float, reason: str) -> None:
    """Close a window until an instant, as the upstream asked."""
    db.execute(
        "INSERT INTO windows (scope, window, paused_until, reason) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (scope, window) DO UPDATE SET"
        " paused_until = max(paused_until, excluded.paused_until), reason = excluded.reason",
        (scope, name, until, reason),
    )


def slots_used(db: sqlite3.Connection, scope: str, slot: SlotAsk, now: float) -> tuple[int, int]:
    """(in use, limit): ours, and while the upstream's word is fresh, other programs'."""
    db.execute(
        "DELETE FROM slots WHERE scope = ? AND name = ? AND free_at <= ?", (scope, slot.name, now)
    )
    ours = db.execute(
        "SELECT count(*) FROM slots WHERE scope = ? AND name = ?", (scope, slot.name)
    ).fetchone()[0]
    told = db.execute(
        "SELECT requests, others, told_at FROM slot_numbers WHERE scope = ? AND name = ?",
        (scope, slot.name),
    ).fetchone()
    if told is None:
        return ours, slot.limit
    others = told["others"] if now - told["told_at"] < NUMBERS_LAST_S else 0
    return ours + others, told["requests"]


def _occupy(db: sqlite3.Connection, departure: Departure, slot: SlotAsk, now: float) -> None:
    db.execute(
        "INSERT INTO slots (scope, name, holder, taken_at, free_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (scope, name, holder) DO UPDATE SET"
        " taken_at = excluded.taken_at, free_at = excluded.free_at, upstream_id = NULL",
        (departure.scope, slot.name, departure.holder, now, now + slot.hold_s),
    )


def numbers(
    db: sqlite3.Connection, scope: str, slot: SlotAsk, *, limit: int, active: int, now: float
) -> None:
    """The upstream's own count: fewer than ours means that some of ours have ended."""
    ours = db.execute(
        "SELECT count(*) FROM slots WHERE scope = ? AND name = ?", (scope, slot.name)
    ).fetchone()[0]
    db.execute(
        "DELETE FROM slots WHERE id IN (SELECT id FROM slots WHERE scope = ? AND name = ?"
        " AND upstream_id IS NOT NULL ORDER BY taken_at LIMIT ?)",
        (scope, slot.name, max(0, ours - active)),
    )
    db.execute(
        "INSERT INTO slot_numbers VALUES (?, ?, ?, ?, ?) ON CONFLICT (scope, name) DO UPDATE SET"
        " requests = excluded.requests, others = excluded.others, told_at = excluded.told_at",
        (scope, slot.name, limit, max(0, active - ours), now),
    )


def free(db: sqlite3.Connection, scope: str, name: str, upstream_ids: Sequence[str]) -> None:
    """These have ended."""
    db.executemany(
        "DELETE FROM slots WHERE scope = ? AND name = ? AND upstream_id = ?",
        [(scope, name, upstream_id) for upstream_id in upstream_ids],
    )
