"""Rows of the SQLite ledger to values, and back. Every function runs inside a transaction."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from callpost.ledger import (
    Hold,
    LostClaimError,
    Outcome,
    Record,
    State,
    StepRecord,
    check_move,
)

__all__ = [
    "KEPT_LONGER_S",
    "check_fence",
    "encoded",
    "move",
    "prune",
    "record_of",
    "release_dead",
    "step_of",
    "write_outcome",
]

PRUNED_AT_ONCE = 50
LOOKS_LAST_S = 7 * 24 * 3600.0
KEPT_LONGER_S = 48 * 3600.0
"""A closed intent outlives its window by this, so that a number of attempts is not used twice while
an upstream may still remember a key made of it."""
ABANDONED_S = 72 * 3600.0
"""How long an intent is kept whose process died before it had sent anything more."""


def encoded(value: Any) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def check_fence(db: sqlite3.Connection, hold: Hold) -> None:
    row = db.execute(
        "SELECT fence FROM intents WHERE id = ? AND key = ?", (hold.record_id, hold.key)
    ).fetchone()
    if row is None or row["fence"] != hold.fence:
        raise LostClaimError(hold.key)


def move(db: sqlite3.Connection, hold: Hold, n: int, after: State) -> None:
    """Refuse a move that is not in `MOVES`, and a late writer."""
    check_fence(db, hold)
    row = db.execute(
        "SELECT state FROM steps WHERE intent = ? AND n = ?", (hold.record_id, n)
    ).fetchone()
    check_move(State(row["state"]) if row else None, after)


def write_outcome(db: sqlite3.Connection, hold: Hold, n: int, outcome: Outcome, now: float) -> None:
    move(db, hold, n, outcome.state)
    db.execute(
        "UPDATE steps SET state = ?, answer = ?, effect_id = coalesce(?, effect_id),"
        " looks = looks + ?, tries = tries - ? WHERE intent = ? AND n = ?",
        (
            *(outcome.state.value, encoded(outcome.answer), outcome.effect_id),
            *(outcome.looked, not outcome.counts, hold.record_id, n),
        ),
    )
    open_state = outcome.state if outcome.state is State.UNSETTLED else State.RESERVED
    db.execute(
        "UPDATE intents SET state = ?, changed_at = ? WHERE id = ?",
        (open_state.value, now, hold.record_id),
    )
    if outcome.state is State.REJECTED:
        db.execute("DELETE FROM slots WHERE holder = ?", (hold.key,))
    elif outcome.effect_id is not None:
        db.execute(
            "UPDATE slots SET upstream_id = ? WHERE holder = ?", (outcome.effect_id, hold.key)
        )


def step_of(row: sqlite3.Row) -> StepRecord:
    return StepRecord(
        n=row["n"],
        name=row["name"],
        state=State(row["state"]),
        tries=row["tries"],
        sent_at=row["sent_at"],
        answer=json.loads(row["answer"]) if row["answer"] is not None else None,
        looks=row["looks"],
        effect_id=row["effect_id"],
    )


def record_of(db: sqlite3.Connection, row: sqlite3.Row) -> Record:
    steps = db.execute("SELECT * FROM steps WHERE intent = ? ORDER BY n", (row["id"],)).fetchall()
    return Record(
        key=row["key"],
        tool=row["tool"],
        api=row["api"],
        scope=row["scope"],
        fingerprint=row["fingerprint"],
        occurrence=row["occurrence"],
        state=State(row["state"]),
        attempt=row["attempt"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        answer=json.loads(row["answer"]) if row["answer"] is not None else None,
        owner=row["owner"],
        steps=tuple(step_of(step) for step in steps),
    )


def prune(db: sqlite3.Connection, now: float) -> None:
    db.execute(
        "DELETE FROM intents WHERE id IN (SELECT id FROM intents WHERE keep_until < ? LIMIT ?)",
        (now, PRUNED_AT_ONCE),
    )
    db.execute(
        "DELETE FROM looks WHERE taken_at < ? AND fetching_until < ?",
        (now - LOOKS_LAST_S, now),
    )


def release_dead(db: sqlite3.Connection, lives: Callable[[int], bool], now: float) -> None:
    """Give back the claims of processes that are gone; what they had sent is unsettled."""
    rows = db.execute("SELECT DISTINCT owner FROM intents WHERE owner != 0").fetchall()
    for owner in (row["owner"] for row in rows):
        if lives(owner):
            continue
        db.execute(
            "UPDATE steps SET state = 'unsettled' WHERE state = 'sent' AND intent IN"
            " (SELECT id FROM intents WHERE owner = ?)",
            (owner,),
        )
        db.execute(
            "UPDATE intents SET owner = 0, fence = fence + 1,"
            " keep_until = CASE state WHEN 'reserved' THEN ? END,"
            " state = CASE state WHEN 'sent' THEN 'unsettled' ELSE state END WHERE owner = ?",
            (now + ABANDONED_S, owner),
        )
