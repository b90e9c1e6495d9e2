"""The ledger on SQLite: one file, any number of processes on one machine."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from callpost.ledger import (
    SOON_S,
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
from callpost.ledger.rows import (
    KEPT_LONGER_S,
    check_fence,
    encoded,
    move,
    prune,
    record_of,
    step_of,
    write_outcome,
)
from callpost.ledger.sqlite_pace import SqlitePace
from callpost.ledger.sqlite_records import SqliteRecords

__all__ = ["SqliteLedger"]


class SqliteLedger(SqlitePace, SqliteRecords):
    """`Ledger` on one file. See the package for what the states mean."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._db = Database(path, now)
        self._held = {}

    async def claim(self, ask: Ask, now: float) -> Claim:
        """Take the right to act on a key, or learn why not."""
        taken: list[Hold] = []

        def work(db: sqlite3.Connection) -> Claim:
            prune(db, now)
            row = db.execute("SELECT * FROM intents WHERE key = ?", (ask.key,)).fetchone()
            record = record_of(db, row) if row else None
            ruling = verdict(record, ask, now, is_held=row is not None and self._is_held(row))
            if ruling not in {Verdict.ACT, Verdict.RESUME}:
                return Claim(ruling, record=record)
            if row is None or record is None:
                hold = self._take_new(db, ask, now)
            else:
                hold = self._take_over(db, row, record, ask, ruling)
                if ruling is Verdict.ACT:
                    db.execute("UPDATE intents SET created_at = ? WHERE id = ?", (now, row["id"]))
            self._held[hold.record_id] = hold.fence
            taken.append(hold)
            return Claim(ruling, hold, record)

        try:
            return await self._db.run(work)
        except BaseException:
            for hold in taken:
                self._let_go(hold)
            raise

    def _let_go(self, hold: Hold) -> None:
        if self._held.get(hold.record_id) == hold.fence:
            del self._held[hold.record_id]

    def _take_new(self, db: sqlite3.Connection, ask: Ask, now: float) -> Hold:
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

    def _take_over(
        self, db: sqlite3.Connection, row: sqlite3.Row, record: Record, ask: Ask, ruling: Verdict
    ) -> Hold:
        fence, attempt, state = row["fence"] + 1, row["attempt"], row["state"]
        if ruling is Verdict.ACT:
            attempt += 1
            # A state may be set anew while an earlier try is open: that stays known.
            state = "unsettled" if record.may_have_acted else "reserved"
            db.execute("DELETE FROM steps WHERE intent = ?", (row["id"],))
        db.execute(
            "UPDATE intents SET owner = ?, fence = ?, attempt = ?, state = ?, fingerprint = ?,"
            " occurrence = ?, keep_until = NULL, answer = NULL WHERE id = ?",
            (
                *(self._db.owner, fence, attempt, state),
                *(ask.fingerprint, ask.occurrence, row["id"]),
            ),
        )
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
            departed = line.queue(db, departure, self._db.owner, now, self._db.owners.lives)
            if hold is None or not departed.may_leave:
                return departed
            move(db, hold, departure.n, State.SENT)
            row = db.execute(
                "INSERT INTO steps (intent, n, attempt, name, state, tries, sent_at, scope)"
                " VALUES (?, ?, ?, ?, 'sent', 1, ?, ?) ON CONFLICT (intent, n) DO UPDATE SET"
                " tries = tries + (state = 'rejected'), looks = looks * (state != 'rejected'),"
                " sent_at = CASE WHEN state = 'rejected' THEN excluded.sent_at ELSE sent_at END,"
                " name = excluded.name, state = 'sent' RETURNING *",
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
            is_open = state is State.UNSETTLED
            db.execute(
                "UPDATE intents SET state = ?, owner = 0, changed_at = ?, keep_until = ?,"
                " answer = ? WHERE id = ?",
                (
                    state.value,
                    now,
                    None if is_open else now + window_s + KEPT_LONGER_S,
                    encoded(answer),
                    hold.record_id,
                ),
            )
            if state is State.SUCCEEDED:
                db.execute("UPDATE steps SET answer = NULL WHERE intent = ?", (hold.record_id,))

        try:
            await self._db.run(work)
        finally:
            self._let_go(hold)

    async def claimed(
        self, scope: str, effect_ids: Iterable[str], but: str
    ) -> Mapping[str, float | None]:
        """Which of these effects belong to another intent than `but`, and when it was made."""
        wanted = list(effect_ids)

        def work(db: sqlite3.Connection) -> Mapping[str, float | None]:
            found: dict[str, float | None] = {}
            for effect_id in wanted:
                # A request that names it in its path acted on what was there before.
                row = db.execute(
                    "SELECT count(*) AS steps, min(CASE WHEN instr(steps.name, steps.effect_id) = 0"
                    " AND intents.changed_at - steps.sent_at BETWEEN 0 AND ?"
                    " THEN steps.sent_at END) AS sent_at"
                    " FROM steps JOIN intents ON intents.id = steps.intent"
                    " WHERE steps.effect_id = ? AND steps.scope = ? AND intents.key != ?",
                    (SOON_S, effect_id, scope, but),
                ).fetchone()
                if row["steps"]:
                    found[effect_id] = row["sent_at"]
            return found

        return await self._db.run(work)

    async def close(self) -> None:
        """Close the file."""
        await self._db.close()
