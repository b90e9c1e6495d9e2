"""A ledger to try out: owners that come, go and die, on one engine."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from callpost.ledger import (
    Ask,
    Claim,
    Departure,
    Hold,
    Ledger,
    Outcome,
    Record,
    SlotAsk,
    State,
    StepRecord,
)
from callpost.ledger.sqlite import SqliteLedger
from callpost.pace import Limit, Priority
from callpost.toolset import Dedupe

DAY_S = 24 * 3600.0
ASK = Ask(
    key="start_call-scope-abc",
    tool="start_call",
    api="vocobase",
    scope="scope",
    fingerprint="abc",
    occurrence=1,
    rule=Dedupe.CONTENT,
    window_s=DAY_S,
)
ROUTINE = Outcome(State.SUCCEEDED, {"id": "e1"}, "e1")


@dataclass
class World:
    """One state, any number of owners; each stands for a process."""

    path: Path
    instant: float = 1_000_000.0
    owners: list[Ledger] = field(default_factory=list[Ledger])

    def now(self) -> float:
        return self.instant

    def open(self) -> Ledger:
        """One more owner."""
        ledger = SqliteLedger(self.path, self.now)
        self.owners.append(ledger)
        return ledger

    async def die(self, ledger: Ledger) -> None:
        """The process is gone, and its locks with it; nothing was tidied up."""
        self.owners.remove(ledger)
        await ledger.close()

    async def claim(self, ledger: Ledger, **changes: Any) -> Claim:
        return await ledger.claim(replace(ASK, **changes), self.now())

    async def hold(self, ledger: Ledger, **changes: Any) -> Hold:
        hold = (await self.claim(ledger, **changes)).hold
        assert hold is not None
        return hold

    async def send(
        self, ledger: Ledger, hold: Hold, n: int = 1, *, slot: SlotAsk | None = None
    ) -> StepRecord:
        departed = await ledger.depart(
            Departure(
                scope="scope",
                limits={"calls": Limit(1_000_000, 60.0)},
                priority=Priority.WRITE,
                holder=hold.key,
                patience_s=0.0,
                hold=hold,
                n=n,
                name="POST /calls/start",
                slot=slot,
            ),
            self.now(),
        )
        assert departed.step is not None
        return departed.step

    async def record(self, ledger: Ledger, hold: Hold, outcome: Outcome, n: int = 1) -> None:
        await ledger.record(hold, n, outcome, self.now())

    async def finish(self, ledger: Ledger, hold: Hold, state: State, answer: Any = None) -> None:
        await ledger.finish(hold, state, answer, DAY_S, self.now())

    async def only(self, ledger: Ledger) -> Record:
        [record] = await ledger.recent(limit=10)
        return record


@asynccontextmanager
async def world(path: Path) -> AsyncGenerator[World]:
    made = World(path)
    try:
        yield made
    finally:
        for ledger in list(made.owners):
            await made.die(ledger)
