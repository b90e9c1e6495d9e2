"""The ledger on SQLite: one file, any number of processes on one machine."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from callpost.ledger import (
    Ask,
    Begun,
    Claim,
    Departed,
    Departure,
    Hold,
    Outcome,
    Record,
    State,
    Verdict,
    line,
    verdict,
)
from callpost.ledger.database import Database
from callpost.ledger.rows import check_fence, encoded, prune, record_of, step_of, write_outcome
from callpost.ledger.sqlite_pace import SqlitePace

__all__ = ["SqliteLedger"]

KEPT_LONGER_S = 48 * 3600.0
"""A closed intent outlives its window by this, so that a number of attempts is not used twice while
an upstream may still remember a key made of it."""


class SqliteLedger(SqlitePace):
    """`Ledger` on one file. See the package for what the states mean."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._db = Database(path, now)

    async def claim(self, ask: Ask, now: float) -> Claim:
        """Take the right to act on a key, or learn why not."""

        def work(db: sqlite3.Connection) -> Claim:
            prune(db, now)
            row = db.execute("SELECT * FROM intents WHERE key = ?", (ask.key,)).fetchone()
            record = record_of(db, row) if row else None
            lives = record is not None and record.owner != 0 and self._db.owners.lives(record.owner)
            ruling = verdict(record, ask, now, owner_lives=lives)
            if ruling not in {Verdict.ACT, Verdict.RESUME}:
                return Claim(ruling, record=record)
            return Claim(ruling, self._take(db, row, ask, ruling, now), record)

        return await self._db.run(work)

    def _take(
        self,
        db: sqlite3.Connection,
        row: sqlite3.Row | None,
        ask: Ask,
        ruling: Verdict,
        now: float,
    ) -> Hold:
        if row is None:
            new = db.execute(
                "INSERT INTO intents (key, tool, api, scope, fingerprint, occurrence, state,"
                " attempt, fence, owner, created_at, changed_at)"
                " VALUES (?, ?, ?, ?, ?, ?, 'reserved', 1, 1, ?, ?, ?) RETURNING id",
                (
                    *(ask.key, ask.tool, ask.api, ask.scope, ask.fingerprint, ask.occurrence),
                    *(self._db.owner, now, now),
                ),
            ).fetchone()
            return Hold(new["id"], ask.key, fence=1, attempt=1)
        is_new_attempt = ruling is Verdict.ACT
        attempt = row["attempt"] + is_new_attempt
        fence = row["fence"] + 1
        state = State.RESERVED.value if is_new_attempt else row["state"]
        db.execute(
            "UPDATE intents SET owner = ?, fence = ?, attempt = ?, state = ?, keep_until = NULL,"
            " answer = NULL WHERE id = ?",
            (self._db.owner, fence, attempt, state, row["id"]),
        )
        if is_new_attempt:
            db.execute("DELETE FROM steps WHERE intent = ?", (row["id"],))
            db.execute("UPDATE intents SET created_at = ? WHERE id = ?", (now, row["id"]))
        return Hold(row["id"], ask.key, fence, attempt)

    async def begin(self, hold: Hold, n: int) -> Begun:
        """Where step `n` of the attempt stands."""

        def work(db: sqlite3.Connection) -> Begun:
            check_fence(db, hold)
            row = db.execute(
                "SELECT * FROM steps WHERE intent = ? AND n = ?", (hold.record_id, n)
            ).fetchone()
            return Begun(step_of(row) if row else None)

        return await self._db.run(work)

    async def depart(self, departure: Departure, now: float) -> Departed:
        """Take places and, for a write, record it as sent: all in one durable transaction."""
        hold = departure.hold

        def work(db: sqlite3.Connection) -> Departed:
            if hold is not None:
                check_fence(db, hold)
            departed = line.queue(db, departure, self._db.owner, now)
            if hold is None or not departed.may_leave:
                return departed
            row = db.execute(
                "INSERT INTO steps (intent, n, attempt, name, state, tries, sent_at, scope)"
                " VALUES (?, ?, ?, ?, 'sent', 1, ?, ?) ON CONFLICT (intent, n) DO UPDATE SET"
                " tries = tries + (state = 'rejected'), looks = looks * (state != 'rejected'),"
                " sent_at = CASE WHEN state = 'rejected' THEN excluded.sent_at ELSE sent_at END,"
                " state = 'sent' RETURNING *",
                (hold.record_id, departure.n, hold.attempt, departure.name, now, departure.scope),
            ).fetchone()
            db.execute(
                "UPDATE intents SET state = 'sent', changed_at = ? WHERE id = ?",
                (now, hold.record_id),
            )
            return replace(departed, step=step_of(row))

        return await self._db.run(work, durable=hold is not None)

    async def record(self, hold: Hold, n: int, outcome: Outcome, now: float) -> None:
        """What became of a step that was sent."""

        def work(db: sqlite3.Connection) -> None:
            check_fence(db, hold)
            write_outcome(db, hold, n, outcome, now)

        await self._db.run(work, durable=outcome.state is State.REJECTED)

    async def adopt(self, hold: Hold, n: int, name: str, outcome: Outcome, now: float) -> bool:
        """Record an effect found by looking, unless another intent has claimed it."""

        def work(db: sqlite3.Connection) -> bool:
            check_fence(db, hold)
            scope = db.execute(
                "SELECT scope FROM intents WHERE id = ?", (hold.record_id,)
            ).fetchone()["scope"]
            taken = db.execute(
                "SELECT 1 FROM steps WHERE effect_id = ? AND scope = ? AND name = ?"
                " AND intent != ?",
                (outcome.effect_id, scope, name, hold.record_id),
            ).fetchone()
            if outcome.effect_id is not None and taken:
                return False
            write_outcome(db, hold, n, outcome, now)
            return True

        return await self._db.run(work)

    async def finish(
        self, hold: Hold, state: State, answer: Any, window_s: float, now: float
    ) -> None:
        """Close the intent, or give the claim back."""

        def work(db: sqlite3.Connection) -> None:
            check_fence(db, hold)
            is_closed = state in {State.SUCCEEDED, State.REJECTED}
            db.execute(
                "UPDATE intents SET state = ?, owner = 0, changed_at = ?, keep_until = ?,"
                " answer = ? WHERE id = ?",
                (
                    state.value,
                    now,
                    now + window_s + KEPT_LONGER_S if is_closed else None,
                    encoded(answer),
                    hold.record_id,
                ),
            )
            if state is State.SUCCEEDED:
                db.execute("UPDATE steps SET answer = NULL WHERE intent = ?", (hold.record_id,))

        await self._db.run(work)

    async def forget(self, key: str) -> bool:
        """Drop an intent whole, by a person's decision."""
        return await self._db.run(
            lambda db: db.execute("DELETE FROM intents WHERE key = ?", (key,)).rowcount > 0
        )

    async def settle_by_hand(self, key: str, state: State, answer: Any, now: float) -> bool:
        """A person says what became of an open intent."""

        def work(db: sqlite3.Connection) -> bool:
            row = db.execute(
                "SELECT id FROM intents WHERE key = ? AND state IN ('sent', 'unsettled')", (key,)
            ).fetchone()
            if row is None:
                return False
            db.execute(
                "UPDATE intents SET state = ?, owner = 0, fence = fence + 1, changed_at = ?,"
                " keep_until = ?, answer = ? WHERE id = ?",
                (state.value, now, now + KEPT_LONGER_S, encoded(answer), row["id"]),
            )
            db.execute(
                "UPDATE steps SET state = ? WHERE intent = ? AND state IN ('sent', 'unsettled')",
                (state.value, row["id"]),
            )
            return True

        return await self._db.run(work, durable=True)

    async def find(self, key_prefix: str) -> Sequence[Record]:
        """Intents whose key begins so."""

        def work(db: sqlite3.Connection) -> Sequence[Record]:
            rows = db.execute(
                "SELECT * FROM intents WHERE key >= ? AND key < ? ORDER BY key LIMIT 20",
                (key_prefix, key_prefix + "\U0010ffff"),
            ).fetchall()
            return [record_of(db, row) for row in rows]

        return await self._db.run(work)

    async def recent(self, *, limit: int, only_open: bool = False) -> Sequence[Record]:
        """The newest intents first."""
        where = (
            "WHERE state IN ('sent', 'unsettled') ORDER BY changed_at"
            if only_open
            else "ORDER BY id"
        )

        def work(db: sqlite3.Connection) -> Sequence[Record]:
            rows = db.execute(
                f"SELECT * FROM intents {where} DESC LIMIT ?",  # noqa: S608 because both texts are ours
                (limit,),
            ).fetchall()
            return [record_of(db, row) for row in rows]

        return await self._db.run(work)

    async def claimed(self, scope: str, effect_ids: Iterable[str], but: str) -> frozenset[str]:
        """Which of these effects belong to another intent than `but`."""
        wanted = list(effect_ids)

        def work(db: sqlite3.Connection) -> frozenset[str]:
            found: set[str] = set()
            for effect_id in wanted:
                row = db.execute(
                    "SELECT 1 FROM steps JOIN intents ON intents.id = steps.intent"
                    " WHERE steps.effect_id = ? AND steps.scope = ? AND intents.key != ?",
                    (effect_id, scope, but),
                ).fetchone()
                if row:
                    found.add(effect_id)
            return frozenset(found)

        return await self._db.run(work)

    async def close(self) -> None:
        """Close the file."""
        await self._db.close()
