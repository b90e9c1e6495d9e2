"""Rows of the SQLite ledger to values, and back. Every function runs inside a transaction."""

import json
import sqlite3
from typing import Any

from callpost.ledger import Hold, LostClaimError, Outcome, Record, State, StepRecord

__all__ = ["check_fence", "encoded", "prune", "record_of", "step_of", "write_outcome"]

PRUNED_AT_ONCE = 50


def encoded(value: Any) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def check_fence(db: sqlite3.Connection, hold: Hold) -> None:
    row = db.execute("SELECT fence FROM intents WHERE id = ?", (hold.record_id,)).fetchone()
    if row is None or row["fence"] != hold.fence:
        raise LostClaimError(hold.key)


def write_outcome(db: sqlite3.Connection, hold: Hold, n: int, outcome: Outcome, now: float) -> None:
    db.execute(
        "UPDATE steps SET state = ?, answer = ?, effect_id = coalesce(?, effect_id),"
        " looks = looks + ? WHERE intent = ? AND n = ?",
        (
            *(outcome.state.value, encoded(outcome.answer), outcome.effect_id),
            *(outcome.looked, hold.record_id, n),
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
