"""The half of the SQLite ledger that keeps the pace: windows, slots, shared looks."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from callpost.ledger import SlotAsk, Told, line
from callpost.ledger.database import Database
from callpost.ledger.rows import encoded
from callpost.pace import Limit, Room

__all__ = ["SqlitePace"]


class SqlitePace:
    """The methods of `Ledger` that know no intents."""

    _db: Database

    async def arrive(
        self,
        scope: str,
        places: Sequence[int],
        limits: Mapping[str, Limit],
        now: float,
        told: Told | None = None,
    ) -> None:
        """The attempts in these places are over."""

        def work(db: sqlite3.Connection) -> None:
            line.arrive(db, places, limits, now)
            if told is not None:
                line.learn(db, scope, told, limits[told.window], now)

        await self._db.run(work)

    async def rooms(
        self, scope: str, limits: Mapping[str, Limit], now: float
    ) -> Mapping[str, Room]:
        """How much of each window is left."""
        return await self._db.run(lambda db: line.rooms(db, scope, limits, now))

    async def pause(self, scope: str, window: str, until: float, reason: str) -> None:
        """Close a window until an instant."""
        await self._db.run(lambda db: line.pause(db, scope, window, until, reason))

    async def take_slot_numbers(
        self, scope: str, slot: SlotAsk, *, limit: int, active: int, now: float
    ) -> None:
        """The upstream's own count of active things."""
        await self._db.run(
            lambda db: line.numbers(db, scope, slot, limit=limit, active=active, now=now)
        )

    async def free_slots(self, scope: str, name: str, upstream_ids: Iterable[str]) -> None:
        """These have ended."""
        ended = list(upstream_ids)
        await self._db.run(lambda db: line.free(db, scope, name, ended))

    async def slots_used(self, scope: str, slot: SlotAsk, now: float) -> tuple[int, int]:
        """(in use, limit)."""
        return await self._db.run(lambda db: line.slots_used(db, scope, slot, now))

    async def look(
        self, scope: str, what: str, now: float, *, max_age_s: float, lease_s: float
    ) -> tuple[Any, bool]:
        """A shared answer young enough, or whether the caller is to fetch it."""

        def work(db: sqlite3.Connection) -> tuple[Any, bool]:
            row = db.execute(
                "SELECT * FROM looks WHERE scope = ? AND what = ?", (scope, what)
            ).fetchone()
            if row and row["digest"] is not None and 0 <= now - row["taken_at"] <= max_age_s:
                return json.loads(row["digest"]), False
            if row and now < row["fetching_until"] <= now + lease_s:
                return None, False
            db.execute(
                "INSERT INTO looks VALUES (?, ?, 0, NULL, ?) ON CONFLICT (scope, what)"
                " DO UPDATE SET fetching_until = excluded.fetching_until",
                (scope, what, now + lease_s),
            )
            return None, True

        return await self._db.run(work)

    async def keep_look(self, scope: str, what: str, digest: Any, now: float) -> None:
        """Share an answer; None gives the right to fetch back."""
        await self._db.run(
            lambda db: db.execute(
                "UPDATE looks SET taken_at = ?, digest = ?, fetching_until = 0"
                " WHERE scope = ? AND what = ?",
                (now, encoded(digest), scope, what),
            )
        )
