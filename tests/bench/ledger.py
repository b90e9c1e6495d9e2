"""What doing it once costs: claim, depart, record and finish, from 10 to 1,000,000 records.

Against a raw equivalent: the same rows written by bare `sqlite3` in as many transactions, equally
durable, also on a worker thread. Prints medians in milliseconds, their ratio, and the size of the
file. Run: `make bench-ledger`.
"""

import hashlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from callpost.clock import SystemClock
from callpost.ledger import Ask, Departure, Outcome, State
from callpost.ledger.sqlite import SqliteLedger
from callpost.pace import Limit, Priority
from callpost.toolset import Dedupe

SIZES = (10, 1_000, 100_000, 1_000_000)
ROUNDS = 300
SCOPE = "0123456789ab"
DAY_S = 24 * 3600.0
ANSWER = {
    "call_id": "5a0db0c5-0000-4000-8000-000000000000",
    "session_id": "5a0db0c5-0000-4000-8000-000000000001",
    "status": "pending",
    "provider": "twilio",
    "agent_id": "5a0db0c5-0000-4000-8000-000000000002",
}
TEXT = (
    '{"call_id":"5a0db0c5-0000-4000-8000-000000000000","session_id":"5a0db0c5-0000-4000-8000-'
    '000000000001","status":"pending","provider":"twilio","agent_id":"5a0db0c5-0000-4000-8000-'
    '000000000002"}'
)


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


async def opened(path: Path) -> SqliteLedger:
    ledger = SqliteLedger(path, SystemClock().now)
    await ledger.recent(limit=1)
    return ledger


def fill(path: Path, records: int) -> None:
    """Done calls, spread over the three days that a ledger keeps them."""
    now = SystemClock().now()
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany(
            "INSERT INTO intents (key, tool, api, scope, fingerprint, occurrence, state, attempt,"
            " fence, owner, created_at, changed_at, keep_until, answer)"
            " VALUES (?, 'start_call', 'vocobase', ?, ?, 1, 'succeeded', 1, 1, 0, ?, ?, ?, ?)",
            (
                (
                    f"start_call-{SCOPE}-{digest(n)}",
                    SCOPE,
                    digest(n),
                    now,
                    now,
                    now + DAY_S + n,
                    TEXT,
                )
                for n in range(records)
            ),
        )
        db.executemany(
            "INSERT INTO steps (intent, n, attempt, name, state, tries, sent_at, scope, effect_id)"
            " VALUES (?, 1, 1, 'POST /calls/start', 'succeeded', 1, ?, ?, ?)",
            ((n + 1, now, SCOPE, digest(-n)[:36]) for n in range(records)),
        )


async def one_write(ledger: SqliteLedger, number: int) -> None:
    """What the engine asks of the ledger for one write."""
    print_ = digest(10_000_000 + number)
    key = f"start_call-{SCOPE}-{print_}"
    now = SystemClock().now()
    ask = Ask(key, "start_call", "vocobase", SCOPE, print_, 1, Dedupe.CONTENT, DAY_S)
    hold = (await ledger.claim(ask, now)).hold
    assert hold is not None
    await ledger.begin(hold, 1)
    limits = {"calls": Limit(1_000_000, 1.0)}
    departed = await ledger.depart(
        Departure(
            SCOPE,
            limits,
            Priority.WRITE,
            key,
            0.0,
            hold,
            1,
            "POST /calls/start",
        ),
        now,
    )
    await ledger.arrive(SCOPE, departed.places, limits, now)
    await ledger.record(hold, 1, Outcome(State.SUCCEEDED, ANSWER, print_[:36]), now)
    await ledger.finish(hold, State.SUCCEEDED, ANSWER, DAY_S, now)


class Raw:
    """The same rows without any of the rules."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode = WAL")

    def write(self, level: str, sql: str, *values: object) -> None:
        self.db.execute(f"PRAGMA synchronous = {level}")
        self.db.execute("BEGIN IMMEDIATE")
        self.db.execute(sql, values)
        self.db.execute("COMMIT")

    async def one_write(self, number: int) -> None:
        print_ = digest(20_000_000 + number)
        key, now = f"start_call-{SCOPE}-{print_}", SystemClock().now()
        intent = 20_000_000 + number
        insert = (
            "INSERT INTO intents VALUES"
            " (?, ?, 'start_call', 'vocobase', ?, ?, 1, 'reserved', 1, 1, 0, ?, ?, ?, ?)"
        )
        statements: list[tuple[str, str, *tuple[object, ...]]] = [
            (
                "NORMAL",
                insert,
                *(intent, key, SCOPE, print_, now, now, None, None),
            ),
            (
                "FULL",
                "INSERT INTO steps VALUES (?, 1, 1, 'POST /calls/start', 'sent', 1, ?, 0, ?, ?, ?)",
                *(intent, now, SCOPE, None, None),
            ),
            (
                "NORMAL",
                "UPDATE steps SET state = 'succeeded', effect_id = ?, answer = ? WHERE intent = ?",
                *(print_[:36], TEXT, intent),
            ),
            (
                "NORMAL",
                "UPDATE intents SET state = 'succeeded', answer = ?, keep_until = ? WHERE id = ?",
                *(TEXT, now + DAY_S, intent),
            ),
        ]
        for statement in statements:
            await anyio.to_thread.run_sync(partial(self.write, *statement))


async def median_ms(write: Callable[[int], Awaitable[None]]) -> float:
    costs: list[float] = []
    for number in range(ROUNDS):
        begin = time.perf_counter()
        await write(number)
        costs.append((time.perf_counter() - begin) * 1000)
    return statistics.median(costs)


async def row(records: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite3"
        ledger = await opened(path)
        fill(path, records)

        async def ours(number: int) -> None:
            await one_write(ledger, number)

        cost = await median_ms(ours)
        raw = Raw(path)
        bare = await median_ms(raw.one_write)
        raw.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.db.close()
        size = path.stat().st_size / 1e6
        await ledger.close()
    return f"| {records:,} | {cost:.2f} | {bare:.2f} | {cost / bare:.2f} | {size:.0f} |"


async def main() -> None:
    print("| records | a write, ms | raw, ms | ratio | file, MB |")
    print("|---|---|---|---|---|")
    for records in SIZES:
        print(await row(records), flush=True)


if __name__ == "__main__":
    anyio.run(main)
