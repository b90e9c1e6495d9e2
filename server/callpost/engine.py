"""The life of one tool call, in the order in which it happens.

`Engine.run` is the whole story: validate, guard, intend, act, answer. What acting means for one
request (pace, record as sent, send, settle) is told in `once`; what a handler may ask for is
`errand`.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import anyio

from callpost.arguments import understood
from callpost.bounds import Bounds
from callpost.clock import Clock
from callpost.envelope import Answer, Receipt, failure, success
from callpost.errand import Errand
from callpost.errors import Broken, Fault, InProgress, LedgerError, Refused
from callpost.health import Health
from callpost.intent import Intent, intent_of
from callpost.ledger import Ask, Claim, Hold, Ledger, LostClaimError, State, Verdict
from callpost.models import Args
from callpost.toolset import CONTENT_WINDOW_S, Dedupe, Tool
from callpost.upstream import Access, Upstream

__all__ = ["Engine", "Guard", "OpenGuard", "Turn"]

logger = logging.getLogger(__name__)

TWIN_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Turn:
    """What the host said beside the arguments."""

    client_key: str | None = None
    """The client's own idempotency key."""
    progress: Callable[[str, float, float | None], Awaitable[None]] | None = None


class Guard(Protocol):
    """May this happen? Raises `Denied` where not."""

    async def allow(self, tool: Tool, args: Args, turn: Turn) -> None: ...


class OpenGuard:
    """No policy: everything the keys allow is allowed."""

    async def allow(self, tool: Tool, args: Args, turn: Turn) -> None:
        """Let it pass."""


@dataclass(slots=True)
class Engine:
    """Runs tools: any number at once, any number of engines on one ledger."""

    ledger: Ledger
    upstream: Upstream
    clock: Clock
    access: Mapping[str, Access]
    bounds: Bounds
    guard: Guard = field(default_factory=OpenGuard)
    health: Health = field(default_factory=Health)
    name: str = field(default_factory=lambda: secrets.token_hex(4))
    """Tells engines apart that wait in line for the same read."""

    async def run(
        self, tool: Tool, arguments: Mapping[str, Any] | None, turn: Turn | None = None
    ) -> Answer:
        """One tool call, answered; it raises nothing but cancellation."""
        turn = turn or Turn()
        errand = Errand(self, tool, turn=turn)
        intent: Intent | None = None
        try:
            args, occurrence = understood(tool, arguments)
            await self.guard.allow(tool, args, turn)
            errand.key()
            if not tool.writes:
                return success((await tool.handler(args, errand)).compact(), low=errand.low)
            intent = await self._intend(tool, args, occurrence, errand)
            return await self._do_once(tool, args, intent, errand)
        except Fault as fault:
            return failure(errand.truthful(fault), _receipt(intent))
        except LedgerError as error:
            logger.exception("the state could not be used")
            return failure(errand.truthful(_no_ledger(error, errand)), _receipt(intent))
        except Exception:
            logger.exception("%s failed by a defect", tool.name)
            return failure(errand.truthful(_defect()), _receipt(intent))

    async def _intend(self, tool: Tool, args: Args, occurrence: int, errand: Errand) -> Intent:
        material = await tool.key_material(args, errand) if tool.key_material else None
        return intent_of(
            tool,
            self.access[tool.api.name].scope,
            args,
            occurrence=occurrence,
            material=material,
            client_key=errand.client_key,
        )

    async def _do_once(self, tool: Tool, args: Args, intent: Intent, errand: Errand) -> Answer:
        claim = await self._claim(tool, intent, errand.client_key)
        done = claim.record if claim.verdict is Verdict.REPLAY else None
        if done is not None and tool.stands is not None and errand.client_key is None:
            errand.has_acted = True  # whatever goes wrong from here, it was done before
            if not await tool.stands(args, errand):
                claim = await self._claim(tool, intent, None, anew=done.attempt)
        if claim.verdict is Verdict.REPLAY and claim.record is not None:
            return success(claim.record.answer or {}, _replayed(tool, intent, claim))
        hold = errand.begin(claim)
        try:
            result = await tool.handler(args, errand)
        except Fault as fault:
            await self._rest(hold, errand, tool)
            raise errand.truthful(fault) from None
        except LostClaimError:
            raise _running() from None
        except BaseException:
            await self._rest(hold, errand, tool)
            raise
        await self._close(hold, State.SUCCEEDED, result.stored(), tool)
        done_at = None if errand.has_sent else errand.done_at
        is_replay = errand.was_done_before or not errand.has_sent
        receipt = Receipt(intent.key, intent.occurrence, is_replay, done_at)
        return success(result.compact(), receipt, errand.low)

    async def _claim(
        self, tool: Tool, intent: Intent, client_key: str | None, *, anew: int = 0
    ) -> Claim:
        """The right to act, or what is there instead; waits for a running twin.

        A client that brings its own key says itself what is the same, whatever the tool's rule.
        """
        ask = Ask(
            key=intent.key,
            tool=tool.name,
            api=tool.api.name,
            scope=self.access[tool.api.name].scope,
            fingerprint=intent.fingerprint,
            occurrence=intent.occurrence,
            rule=tool.dedupe if tool.dedupe and client_key is None else Dedupe.CONTENT,
            window_s=tool.window_s if client_key is None else CONTENT_WINDOW_S,
            anew=anew,
        )
        waited = 0.0
        while True:
            claim = await self.ledger.claim(ask, self.clock.now())
            if claim.verdict is Verdict.CONFLICT:
                raise _other_arguments()
            if claim.verdict is not Verdict.WAIT:
                return claim
            if waited >= self.bounds.max_wait_s:
                raise _running()
            await self.clock.sleep(TWIN_POLL_S)
            waited += TWIN_POLL_S

    async def _rest(self, hold: Hold, errand: Errand, tool: Tool) -> None:
        """Leave the intent as it truly is: open, half done, or free again."""
        await self._close(hold, errand.resting_state, None, tool)

    async def _close(self, hold: Hold, state: State, answer: Any, tool: Tool) -> None:
        with anyio.CancelScope(shield=True):
            try:
                await self.ledger.finish(hold, state, answer, tool.window_s, self.clock.now())
            except (LedgerError, LostClaimError):
                # What left is on record as sent; a retry settles it.
                logger.exception("the end of an intent could not be recorded")


def _receipt(intent: Intent | None) -> Receipt | None:
    return None if intent is None else Receipt(intent.key, intent.occurrence)


def _replayed(tool: Tool, intent: Intent, claim: Claim) -> Receipt:
    note = None
    if tool.dedupe is Dedupe.CONTENT:
        note = (
            "This was done before, at done_at; nothing was done now. Only if the person wants it "
            f"done again, call with occurrence {intent.occurrence + 1}."
        )
    done_at = claim.record.changed_at if claim.record else None
    return Receipt(intent.key, intent.occurrence, replayed=True, done_at=done_at, note=note)


def _other_arguments() -> Fault:
    return Refused(
        "This idempotency key was used before with other arguments. Nothing was sent.",
        code="idempotency_conflict",
        retry="after_fix",
        next_step="Use a new key for new arguments, or repeat the call with the first ones.",
    )


def _running() -> Fault:
    return InProgress(
        "The same call is still running.",
        retry_after_s=5.0,
        next_step="Wait 5 s, then call again with the same arguments; it will not act twice.",
    )


def _no_ledger(error: LedgerError, errand: Errand) -> Fault:
    nothing = "" if errand.has_sent or errand.is_open else " Nothing was sent."
    return Fault(
        f"{error}{nothing}",
        code="internal",
        next_step="Tell the person to make the state file usable; without it nothing is sent. Then "
        "call again with the same arguments: what was sent before is found out first.",
    )


def _defect() -> Fault:
    return Broken(
        "Callpost failed by a defect of its own; its log on stderr tells more.",
        code="internal",
        retry="never",
        next_step="Tell the person; get_status lists what is open.",
    )
