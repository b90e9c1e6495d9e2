"""One SQLite file, many processes: opening it, one transaction at a time, and plain errors.

Every write is one `BEGIN IMMEDIATE` transaction on a worker thread. What must survive a power cut
(`durable=True`) is synced before the call returns; the rest survives the death of the process,
which is all that a reservation or a place in a window needs.
"""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread

from callpost.errors import LedgerError
from callpost.ledger.owners import OwnerLocks
from callpost.ledger.rows import release_dead
from callpost.ledger.schema import STEPS

__all__ = ["Database"]

T = TypeVar("T")
BUSY_S = 20.0
REMEDY = "Make the file writable, free some disk, or set CALLPOST_STATE."


class Database:
    """A file opened on first use: starting needs nothing, and listing tools neither."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self.path = path
        self.owners = OwnerLocks(path.with_name(path.name + "-owners"))
        self.owner = 0
        self._now = now
        self._connection: sqlite3.Connection | None = None
        self._place = (0, 0)
        self._one_at_a_time = anyio.CapacityLimiter(1)

    async def run(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = False) -> T:
        """Run `work` in one transaction; all of it happens, or nothing.

        Raises:
            LedgerError: The file cannot be read or written.
        """
        # Not abandoned on cancellation: a transaction is short, and its end must be known.
        return await anyio.to_thread.run_sync(
            self._transaction, work, durable, limiter=self._one_at_a_time
        )

    def _transaction(self, work: Callable[[sqlite3.Connection], T], durable: bool) -> T:  # noqa: FBT001 because to_thread passes positionally
        try:
            connection = self._open()
            self._must_be_there()
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                # A full disk ends the transaction by itself; a busy file leaves it open.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error
        return result

    def _must_be_there(self) -> None:
        """What is written to a file that was removed or replaced is lost to every other process."""
        place = self.path.stat()
        if (place.st_dev, place.st_ino) != self._place:
            raise OSError("it was replaced while it was in use; start the server again")

    def _unusable(self, error: Exception) -> LedgerError:
        return LedgerError(f"The state file {self.path} cannot be used: {error}. {REMEDY}")

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.path.exists():
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(
            self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        try:
            connection.row_factory = sqlite3.Row
            # SQLite does not wait for its own lock on this pragma; processes may meet on a new
            # file.
            with self.owners.alone():
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            self._migrate(connection)
            self.owner = self._enrol(connection)
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            self.owners.close()
            raise
        place = self.path.stat()
        self._place = (place.st_dev, place.st_ino)
        self._connection = connection
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS callpost_schema (step TEXT PRIMARY KEY, applied_at REAL)"
        )
        done = {row["step"] for row in connection.execute("SELECT step FROM callpost_schema")}
        unknown = done - {name for name, _ in STEPS}
        if unknown:
            raise LedgerError(
                f"A newer Callpost ({min(unknown)}) wrote the state file {self.path}. "
                "Install that version, or set CALLPOST_STATE to another file."
            )
        for name, statements in STEPS:
            if name not in done:
                for statement in filter(str.strip, statements.split(";")):
                    connection.execute(statement)
                connection.execute("INSERT INTO callpost_schema VALUES (?, ?)", (name, self._now()))

    def _enrol(self, connection: sqlite3.Connection) -> int:
        while True:
            row = connection.execute(
                "INSERT INTO owners (started_at) VALUES (?) RETURNING owner", (self._now(),)
            ).fetchone()
            if self.owners.hold(row["owner"]):
                break
        release_dead(connection, self.owners.lives, self._now())
        connection.execute(
            "DELETE FROM owners WHERE owner < ? - 1000 AND owner NOT IN"
            " (SELECT owner FROM intents WHERE owner != 0)",
            (row["owner"],),
        )
        return row["owner"]

    async def close(self) -> None:
        """Close the file and let go of the owner's lock."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._close, limiter=self._one_at_a_time)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.owners.close()
