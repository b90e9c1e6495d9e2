"""What tests of doing things once say over and over: deeds, patience, and processes that die."""

import sqlite3
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio

from callpost.errors import LedgerError
from callpost.ledger import Ledger
from callpost.ledger.sqlite import SqliteLedger
from callpost_sandbox.settings import SandboxSettings
from callpost_sandbox.vocobase import DEMO_AGENT_ID
from callpost_sandbox.voxburst.seed import ACCOUNT_IDS
from harness import Harness

NUMBER = "+14155550111"
START = {"agent_id": DEMO_AGENT_ID, "to_number": NUMBER, "provider": "twilio"}
POST: dict[str, Any] = {
    "content": "Fresh bread at nine",
    "account_ids": [ACCOUNT_IDS["twitter"]],
    "when": "draft",
}
WIDE = "vocobase.calls=100000/60,vocobase.general=100000/60,voxburst.requests=100000/60"
"""Our own limits out of the way."""
ROOMY = SandboxSettings(
    speed=0, calls_limit=100_000, general_limit=100_000, post_limit=100_000, active_calls=100_000
)
"""The sandbox's limits out of the way."""


def calls(h: Harness) -> int:
    """Calls placed upstream."""
    return len(h.sandbox.vocobase.journal.effects("call"))


def did(h: Harness, kind: str) -> int:
    """Effects of a kind at VoxBurst."""
    return len(h.sandbox.voxburst.journal.effects(kind))


async def patiently(
    h: Harness, name: str, arguments: Mapping[str, Any], *, times: int = 6
) -> list[dict[str, Any]]:
    """A tool called as its answers say, until it is done or refused; all answers."""
    answers: list[dict[str, Any]] = []
    for _ in range(times):
        answers.append(await h.run(name, arguments))
        error = answers[-1].get("error")
        if error is None or error["retry"] != "same_arguments":
            break
        h.clock.advance(error.get("retry_after_s", 0.0))
    return answers


class Killed(BaseException):
    """The process ends here: nothing after this may reach the ledger or an upstream."""


class Dying:
    """A ledger whose process dies around its `n`-th use."""

    def __init__(self, ledger: Ledger, n: int, *, before: bool) -> None:
        self.ledger = ledger
        self.left = n
        self.before = before
        self.is_dead = False

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self.ledger, name)

        async def used(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.is_dead or (self.before and self.left <= 0):
                self._die()
            result = await method(*args, **kwargs)
            if self.left <= 0:
                self._die()
            return result

        return method if name == "close" else used

    def _die(self) -> None:
        self.is_dead = True
        raise Killed


async def die(h: Harness, name: str, arguments: Mapping[str, Any], n: int, *, before: bool) -> bool:
    """Call a tool in a process that dies around the `n`-th use of its ledger; False if it lives."""
    ledger = h.callpost.engine.ledger
    dying = Dying(ledger, n, before=before)
    h.callpost.engine.ledger = dying  # pyright: ignore[reportAttributeAccessIssue] because it imitates every method
    try:
        await h.run(name, arguments)
    except Killed:
        await ledger.close()  # the kernel lets go of the owner's lock
        return True
    except BaseExceptionGroup as group:
        if group.subgroup(Killed) is None:
            raise
        await ledger.close()
        return True
    finally:
        h.callpost.engine.ledger = ledger
        await anyio.lowlevel.checkpoint()
    return False


class Failing:
    """A disk that is full from the `n`-th transaction on; only those of some methods, if named."""

    def __init__(self, h: Harness, *names: str, n: int = 1, times: int = 10_000) -> None:
        ledger = h.callpost.engine.ledger
        assert isinstance(ledger, SqliteLedger)
        self.database = ledger._db  # pyright: ignore[reportPrivateUsage] because disks fail below the ledger
        self.run = self.database.run
        self.codes = {getattr(SqliteLedger, name).__code__ for name in names}
        self.failing = range(n, n + times)
        self.uses = 0
        self.database.run = self.failed  # pyright: ignore[reportAttributeAccessIssue] because it imitates the method

    async def failed(self, work: Callable[[sqlite3.Connection], Any], **how: Any) -> Any:
        caller = sys._getframe(1).f_code  # pyright: ignore[reportPrivateUsage] because only the caller tells the method
        if not self.codes or caller in self.codes:
            self.uses += 1
            if self.uses in self.failing:
                raise LedgerError("The state file /there/ledger.sqlite3 cannot be used: full.")
        return await self.run(work, **how)

    def mend(self) -> None:
        self.database.run = self.run
