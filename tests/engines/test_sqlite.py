"""What only the SQLite engine can get wrong: its file, its locks, its schema."""

import hashlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import anyio
import pytest
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from callpost.errors import LedgerError
from callpost.ledger import Ledger, State, Verdict
from callpost.ledger.owners import OwnerLocks
from callpost.ledger.schema import STEPS
from callpost.ledger.sqlite import SqliteLedger
from engines.world import ASK, ROUTINE, World, world

OWNER = str(Path(__file__).with_name("owner.py"))
TESTS = str(Path(__file__).parents[1])
WAIT_S = 30.0


@pytest.fixture
async def here(tmp_path: Path) -> AsyncGenerator[World]:
    async with world(tmp_path / "state" / "ledger.sqlite3") as made:
        yield made


@asynccontextmanager
async def owner(path: Path, what: str, argument: str = ASK.key) -> AsyncGenerator[Process]:
    environ = {
        "PYTHONPATH": TESTS,
        **{k: v for k, v in os.environ.items() if k.startswith("COVERAGE_")},
    }
    process = await anyio.open_process(
        [sys.executable, OWNER, str(path), what, argument], env=environ, stderr=None
    )
    try:
        yield process
    finally:
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                process.kill()
            await process.wait()
            await process.aclose()


async def said(process: Process) -> str:
    assert process.stdout is not None
    with anyio.fail_after(WAIT_S):
        return (await TextReceiveStream(process.stdout).receive()).strip()


@pytest.mark.parametrize("what", ["claim", "send"])
async def test_killed_process_loses_its_claim_at_once(here: World, what: str) -> None:
    ledger = here.open()
    async with owner(here.path, what) as process:
        assert await said(process) == "claimed act"
        assert (await here.claim(ledger)).verdict is Verdict.WAIT
        process.send_signal(signal.SIGKILL)
        await process.wait()
        claim = await here.claim(ledger)
    assert claim.verdict is Verdict.RESUME
    assert claim.record is not None
    assert claim.record.is_open is (what == "send")


async def test_stopped_process_keeps_its_claim(here: World) -> None:
    ledger = here.open()
    async with owner(here.path, "claim") as process:
        assert await said(process) == "claimed act"
        process.send_signal(signal.SIGSTOP)
        here.instant += 10 * 24 * 3600
        assert (await here.claim(ledger)).verdict is Verdict.WAIT
        process.send_signal(signal.SIGCONT)


async def test_eight_processes_that_start_at_once_on_a_new_file_agree(here: World) -> None:
    verdicts: list[str] = []

    async def one() -> None:
        async with owner(here.path, "claim") as process:
            verdicts.append(await said(process))
            if len(verdicts) == 8:
                everybody.set()
            await everybody.wait()  # so that each meets all the others alive

    everybody = anyio.Event()
    with anyio.fail_after(2 * WAIT_S):
        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(one)
    assert sorted(verdicts) == ["claimed act"] + ["claimed wait"] * 7


async def test_only_the_person_can_read_the_state(here: World) -> None:
    old = os.umask(0)
    try:
        ledger = here.open()
        hold = await here.hold(ledger)
        await here.send(ledger, hold)
    finally:
        os.umask(old)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in here.path.parent.iterdir()}
    assert set(modes) >= {"ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3-owners"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(here.path.parent.stat().st_mode) == 0o700


def connection(ledger: Ledger) -> sqlite3.Connection:
    """The ledger's own, to make its disk full or read-only without a mount."""
    assert isinstance(ledger, SqliteLedger)
    made = ledger._db._connection  # pyright: ignore[reportPrivateUsage] because there is no other way to it
    assert made is not None
    return made


async def refused(here: World) -> str:
    with pytest.raises(LedgerError) as error:
        await here.claim(here.open())
    assert str(here.path) in str(error.value)
    return str(error.value)


async def test_newer_schema_is_refused_by_name(here: World) -> None:
    await here.claim(here.open())
    with closing(sqlite3.connect(here.path)) as db, db:
        db.execute("INSERT INTO callpost_schema VALUES ('999_later', 0)")
    message = await refused(here)
    assert "999_later" in message
    assert "newer Callpost" in message


async def test_file_that_is_no_database_is_refused_and_left_alone(here: World) -> None:
    here.path.parent.mkdir()
    here.path.write_bytes(b"somebody's notes, and no database at all" * 100)
    before = here.path.read_bytes()
    assert "not a database" in await refused(here)
    assert here.path.read_bytes() == before


async def test_damaged_file_is_refused(here: World) -> None:
    ledger = here.open()
    await here.hold(ledger)
    await here.die(ledger)
    data = bytearray(here.path.read_bytes())
    data[100 : len(data)] = os.urandom(len(data) - 100)
    here.path.write_bytes(data)
    assert "cannot be used" in await refused(here)


async def test_folder_that_cannot_be_made_is_refused(here: World) -> None:
    here.path.parent.write_text("a file where the folder should be")
    assert "CALLPOST_STATE" in await refused(here)


async def test_folder_that_is_read_only_is_refused(here: World) -> None:
    if os.geteuid() == 0:  # root may write to any folder but those that the kernel makes up
        here.path = Path("/proc/self/ledger.sqlite3")
    else:
        here.path.parent.mkdir(mode=0o500)
    assert "CALLPOST_STATE" in await refused(here)


async def test_file_that_another_program_made_read_only_is_refused(here: World) -> None:
    ledger = here.open()
    await here.hold(ledger)
    here.instant += 1
    database = connection(ledger)
    database.execute("PRAGMA query_only = ON")
    with pytest.raises(LedgerError, match="readonly"):
        await here.claim(ledger, key="x")
    database.execute("PRAGMA query_only = OFF")
    assert (await here.claim(ledger, key="x")).verdict is Verdict.ACT


async def test_full_disk_is_told_and_forgotten_once_there_is_room(here: World) -> None:
    ledger = here.open()
    hold = await here.hold(ledger)
    database = connection(ledger)
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages}")

    async def fill() -> None:
        for number in range(200):
            await here.hold(ledger, key=f"k{number}", fingerprint="x" * 1000)

    with pytest.raises(LedgerError, match="full") as error:
        await fill()
    assert str(here.path) in str(error.value)
    database.execute("PRAGMA max_page_count = 1000000")
    await here.send(ledger, hold)
    await here.record(ledger, hold, ROUTINE)
    await here.finish(ledger, hold, State.SUCCEEDED, {})
    assert (await here.claim(ledger)).verdict is Verdict.REPLAY


async def test_file_that_may_not_grow_is_told_by_name(here: World) -> None:
    here.path.parent.mkdir()
    async with owner(here.path, "fill", "200000") as process:
        told = await said(process)
    assert told.startswith("full")
    assert str(here.path) in told


RELEASED = {
    "001_intents": "e9e410dbca889c30",
    "002_pace": "b04786ab2e7fe2f4",
}


def test_released_steps_of_the_schema_are_never_edited() -> None:
    """A wrong hash here means: append a step instead, and pin that."""
    hashes = {name: hashlib.sha256(sql.encode()).hexdigest()[:16] for name, sql in STEPS}
    assert list(hashes)[: len(RELEASED)] == list(RELEASED)
    assert {name: hashes[name] for name in RELEASED} == RELEASED


async def test_opening_again_applies_no_step_twice(here: World) -> None:
    for _ in range(3):
        ledger = here.open()
        await here.claim(ledger)
        await here.die(ledger)
    with closing(sqlite3.connect(here.path)) as db:
        names = [row[0] for row in db.execute("SELECT step FROM callpost_schema ORDER BY step")]
    assert names == [name for name, _ in STEPS]


async def test_starting_needs_no_file(here: World) -> None:
    here.open()
    assert not here.path.parent.exists()


async def test_state_of_an_idle_server_does_not_grow(here: World) -> None:
    ledger = here.open()
    hold = await here.hold(ledger)
    await here.finish(ledger, hold, State.SUCCEEDED, {})

    async def size() -> dict[str, int]:
        for _ in range(50):
            assert (await here.claim(ledger)).verdict is Verdict.REPLAY
            await ledger.recent(limit=5, only_open=True)
            await ledger.find("start")
        return {p.name: p.stat().st_size for p in sorted(here.path.parent.iterdir())}

    assert await size() == await size()


async def test_owners_that_came_and_went_leave_little_behind(here: World) -> None:
    keeper = here.open()
    await here.hold(keeper)
    with closing(sqlite3.connect(here.path)) as db, db:
        db.execute("INSERT INTO owners (owner, started_at) VALUES (5000, 0)")
    await here.claim(here.open())
    with closing(sqlite3.connect(here.path)) as db:
        owners = {row[0] for row in db.execute("SELECT owner FROM owners")}
    assert owners == {1, 5000, 5001}


def test_owners_of_one_process_do_not_take_each_others_locks(tmp_path: Path) -> None:
    one, two = OwnerLocks(tmp_path / "locks"), OwnerLocks(tmp_path / "locks")
    assert one.hold(3)
    assert not two.hold(3)
    assert two.hold(4)
    assert two.lives(3)
    one.close()
    assert not two.lives(3)
    assert two.lives(4)
    probe = "import sys; from callpost.ledger.owners import OwnerLocks; from pathlib import Path; "
    probe += f"locks = OwnerLocks(Path({str(tmp_path / 'locks')!r})); "
    probe += "sys.exit(10 * locks.lives(4) + locks.lives(3))"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 10
    two.close()
    two.close()
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


async def test_claim_that_could_not_be_written_is_free(here: World) -> None:
    ledger = here.open()
    await here.hold(ledger, key="first")
    database = connection(ledger)
    database.execute(
        "CREATE TABLE broken (x REFERENCES owners (owner) DEFERRABLE INITIALLY DEFERRED)"
    )
    database.execute(
        "CREATE TRIGGER spoil AFTER INSERT ON intents BEGIN INSERT INTO broken VALUES (99); END"
    )
    with pytest.raises(LedgerError):
        await here.claim(ledger)  # fails at its very end, when it is committed
    database.execute("DROP TRIGGER spoil")
    assert (await here.claim(ledger)).verdict is Verdict.ACT


async def test_transaction_that_sqlite_ended_by_itself_is_told_by_its_cause(here: World) -> None:
    ledger = here.open()
    await here.hold(ledger)
    connection(ledger).execute(
        "CREATE TRIGGER spoil BEFORE INSERT ON intents BEGIN SELECT RAISE(ROLLBACK, 'gone'); END"
    )
    with pytest.raises(LedgerError, match="gone"):
        await here.claim(ledger, key="x")
    connection(ledger).execute("DROP TRIGGER spoil")
    assert (await here.claim(ledger, key="x")).verdict is Verdict.ACT


async def test_number_that_somebody_still_holds_is_not_taken_by_a_new_owner(here: World) -> None:
    here.path.parent.mkdir()
    locks = OwnerLocks(here.path.with_name(here.path.name + "-owners"))
    assert locks.hold(1)
    ledger = here.open()
    await here.hold(ledger)
    assert (await here.only(ledger)).owner == 2
    locks.close()
