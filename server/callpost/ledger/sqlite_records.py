"""The half of the SQLite ledger that people use: see what is there, settle it, forget it."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from callpost.ledger import Record, State
from callpost.ledger.database import Database
from callpost.ledger.rows import KEPT_LONGER_S, encoded, record_of

__all__ = ["SqliteRecords"]

SETTLED_LASTS_S = 24 * 3600.0
"""How long a person's word is replayed, at most: the longest window of a rule."""


class SqliteRecords:
    """The methods of `Ledger` that need no hold."""

    _db: Database
    _held: dict[int, int]
    """The claims that this process works on: record to fence."""

    def _is_held(self, row: sqlite3.Row) -> bool:
        """Whether somebody works on it; one whose end this process could not record is not held."""
        if row["owner"] in {0, self._db.owner}:
            return row["owner"] != 0 and self._held.get(row["id"]) == row["fence"]
        return self._db.owners.lives(row["owner"])

    async def forget(self, key: str) -> bool:
        """Drop an intent, by a person's decision; only the number of its attempt stays."""

        def work(db: sqlite3.Connection) -> bool:
            row = db.execute(
                "SELECT * FROM intents WHERE key = ? AND fingerprint != ''", (key,)
            ).fetchone()
            if row is None or self._is_held(row):
                return False
            db.execute("DELETE FROM steps WHERE intent = ?", (row["id"],))
            db.execute(
                "UPDATE intents SET state = 'rejected', owner = 0, fence = fence + 1,"
                " fingerprint = '', answer = NULL,"
                " keep_until = max(coalesce(keep_until, 0), changed_at + ?) WHERE id = ?",
                (KEPT_LONGER_S, row["id"]),
            )
            return True

        return await self._db.run(work, durable=True)

    async def settle_by_hand(
        self, key: str, state: State, answer: Any, now: float, effect_id: str | None = None
    ) -> bool:
        """A person says what became of an open intent, and which effect is its own."""

        def work(db: sqlite3.Connection) -> bool:
            row = db.execute(
                "SELECT * FROM intents WHERE key = ? AND state IN ('sent', 'unsettled')", (key,)
            ).fetchone()
            if row is None or self._is_held(row):
                return False
            db.execute(
                "UPDATE steps SET state = ?, effect_id = coalesce(?, effect_id)"
                " WHERE intent = ? AND state IN ('sent', 'unsettled')",
                (state.value, effect_id, row["id"]),
            )
            # What earlier steps did stays done: the intent goes on behind them.
            is_half_done = state is State.REJECTED and record_of(db, row).has_acted
            db.execute(
                "UPDATE intents SET state = ?, owner = 0, fence = fence + 1, changed_at = ?,"
                " keep_until = ?, answer = ? WHERE id = ?",
                (
                    State.RESERVED.value if is_half_done else state.value,
                    *(now, now + SETTLED_LASTS_S + KEPT_LONGER_S, encoded(answer), row["id"]),
                ),
            )
            return True

        return await self._db.run(work, durable=True)

    async def find(self, key_prefix: str) -> Sequence[Record]:
        """Intents whose key begins so."""

        def work(db: sqlite3.Connection) -> Sequence[Record]:
            rows = db.execute(
                "SELECT * FROM intents WHERE key >= ? AND key < ? AND fingerprint != ''"
                " ORDER BY key LIMIT 20",
                (key_prefix, key_prefix + "\U0010ffff"),
            ).fetchall()
            return [record_of(db, row) for row in rows]

        return await self._db.run(work)

    async def recent(self, *, limit: int, only_open: bool = False) -> Sequence[Record]:
        """The newest intents first."""
        where = (
            "WHERE state IN ('sent', 'unsettled') ORDER BY changed_at"
            if only_open
            else "WHERE fingerprint != '' ORDER BY id"
        )

        def work(db: sqlite3.Connection) -> Sequence[Record]:
            rows = db.execute(
                f"SELECT * FROM intents {where} DESC LIMIT ?",  # noqa: S608 because both texts are ours
                (limit,),
            ).fetchall()
            return [record_of(db, row) for row in rows]

        return await self._db.run(work)
