"""One write, done once: the story of a single step of an intent.

::

    where does the step stand?
    ├── done            answer from the ledger
    ├── never sent      send
    └── sent, no word   find out first
            ├── the API honours our key, or repeating is harmless    send the same again
            ├── looking finds the effect                             adopt it as the answer
            ├── looking twice, late enough, finds nothing            it never happened: send
            └── otherwise                                            outcome_unknown, with advice

    send: wait in line ─▶ record «sent» on disk ─▶ one request ─▶ record what became of it
            2xx and readable    succeeded
            a definite refusal  rejected, the fault is told
            429                 rejected, the window is closed; wait or tell how long
            never left          rejected, `Unreachable`
            anything else       unsettled, find out

From «sent» to «recorded» nothing can cancel it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio
from pydantic import ValidationError

from callpost.api import Reply
from callpost.call import LocalFile, Route, Sent, Settle
from callpost.errors import Fault, InProgress, Paced, Unreachable, Unsettled
from callpost.ledger import Outcome, State, StepRecord
from callpost.models import Result
from callpost.pace import Priority
from callpost.upstream import LostError, NotSentError

if TYPE_CHECKING:
    from callpost.errand import Errand

__all__ = ["Write", "write_once"]

ResultT = TypeVar("ResultT", bound=Result)

SENDS_IN_ONE_CALL = 4
BACKOFF_S = (0.3, 1.0, 2.0)
IN_PROGRESS_POLL_S = 1.0
FIRST_LOOK_S = 1.0
"""A list may lag; looking at once would mostly find nothing."""
LOOKS = 2
KEY_MARGIN_S = 300.0
"""Resending with the same key ends this long before the upstream forgets it."""
HTTP_OK = range(200, 300)
HTTP_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Write(Generic[ResultT]):
    """What a handler asked to be written."""

    method: str
    path: Route
    body: Mapping[str, Any] | None
    into: type[ResultT]
    settle: Settle[ResultT] | None
    slot: str | None
    repeatable: bool
    gone_is_done: bool = False


@dataclass(slots=True)
class _Try:
    """What this tool call knows of the step."""

    step: StepRecord | None
    sends: int = 0
    look_first: bool = True
    """The upstream may have acted without keeping our key: after a crash, or an answer of 5xx."""
    fault: Fault | None = None
    """Why the outcome is unknown."""

    @property
    def is_open(self) -> bool:
        return self.step is not None and self.step.state in {State.SENT, State.UNSETTLED}


async def write_once(
    errand: "Errand",
    write: Write[ResultT],
    *,
    file: LocalFile | None = None,
    file_headers: Mapping[str, str] | None = None,
) -> ResultT:
    """Do the next step of the errand's intent, exactly once over all calls and processes.

    Raises:
        Fault: What is known of it otherwise.
    """
    if errand.hold is None:
        raise TypeError(f"{errand.tool.name} writes, but is declared as a read")
    errand.step += 1
    known = _Try((await errand.engine.ledger.begin(errand.hold, errand.step)).step)
    if known.step is not None and known.step.state is State.SUCCEEDED:
        return write.into.from_stored(known.step.answer or {})
    while True:
        if known.is_open:
            found = await _find_out(errand, write, known)
            if found is not None:
                return found
        if known.sends >= SENDS_IN_ONE_CALL or errand.seconds_left() < 1.0:
            raise _unknown(errand, known)
        if known.sends:
            await errand.sleep(BACKOFF_S[min(known.sends, len(BACKOFF_S)) - 1])
        outcome = await _send(errand, write, known, file, file_headers)
        if outcome is not None:
            return outcome


async def _send(
    errand: "Errand",
    write: Write[ResultT],
    known: _Try,
    file: LocalFile | None,
    file_headers: Mapping[str, str] | None,
) -> ResultT | None:
    """One request; None where it has to be found out, or may be sent again."""
    hold, slot = errand.hold, errand.slot_ask(write.slot)
    assert hold is not None  # noqa: S101 because write_once has checked it
    was_open = known.is_open
    try:
        departed = await errand.depart(
            write.method,
            write.path,
            Priority.WRITE,
            hold=hold,
            slot=slot,
            is_upload=file is not None,
        )
    except Paced as paced:
        raise (_unknown(errand, known, paced) if was_open else paced) from None
    with anyio.CancelScope(shield=True):
        known.sends += 1
        errand.has_sent = errand.is_open = True
        try:
            if file is not None:
                reply = await errand.engine.upstream.put_file(
                    write.path, file_headers or {}, Path(file.path), file.size
                )
            else:
                reply = await errand.exchange(
                    departed,
                    write.method,
                    write.path,
                    body=write.body,
                    headers=errand.wire_key(departed.tries),
                    fresh=not errand.tool.api.key_header and not write.repeatable,
                )
        except NotSentError:
            verdict: ResultT | Fault = errand.unreachable()
        except LostError as lost:
            verdict = Unsettled(f"The request left, and its answer was lost: {lost}.")
            known.look_first = False
        else:
            verdict = _read(errand, write, reply, is_upload=file is not None)
            known.look_first = isinstance(verdict, Unsettled)
        return await _conclude(errand, write, known, verdict, was_open=was_open)


def _read(
    errand: "Errand", write: Write[ResultT], reply: Reply, *, is_upload: bool
) -> ResultT | Fault:
    """What a reply to a write means."""
    if reply.status in HTTP_OK:
        try:
            payload: Any = None if is_upload else errand.tool.api.unwrap(reply)
            return write.into.model_validate({} if payload is None else payload)
        except (ValueError, ValidationError):
            return Unsettled("The request was accepted, and its answer was unreadable.")
    if reply.status == HTTP_NOT_FOUND and write.gone_is_done and errand.prior_is_open:
        return write.into.model_validate({})
    return errand.tool.api.fault(reply)


async def _conclude(
    errand: "Errand",
    write: Write[ResultT],
    known: _Try,
    verdict: ResultT | Fault,
    *,
    was_open: bool,
) -> ResultT | None:
    """Record what became of a request; None where it has to be found out, or may be sent again."""
    if isinstance(verdict, Result):
        await _succeed(errand, verdict)
        return verdict
    known.fault = verdict
    if isinstance(verdict, Unsettled | InProgress):
        await _record(errand, known, Outcome(State.UNSETTLED))
        errand.prior_is_open = errand.prior_is_open or write.gone_is_done
        if isinstance(verdict, InProgress):
            known.look_first = False
            known.sends -= 1
            await errand.sleep(verdict.retry_after_s or IN_PROGRESS_POLL_S)
        return None
    if was_open:
        return await _conclude_resend(errand, write, known, verdict)
    await _record(errand, known, Outcome(State.REJECTED))
    return await _rejected(errand, write, known, verdict)


async def _conclude_resend(
    errand: "Errand", write: Write[ResultT], known: _Try, verdict: Fault
) -> ResultT | None:
    """Refused now says nothing of the earlier try, unless looking finds nothing either."""
    if isinstance(verdict, Paced | Unreachable):
        await _record(errand, known, Outcome(State.UNSETTLED))
        if isinstance(verdict, Paced):
            await errand.refused_for_pace(write.method, write.path, verdict)
        return None
    found = await _look(errand, write, known) if write.settle is not None else None
    if found is not None:
        return found
    await _record(errand, known, Outcome(State.REJECTED))
    raise verdict


async def _rejected(
    errand: "Errand", write: Write[ResultT], known: _Try, verdict: Fault
) -> ResultT | None:
    """It surely had no effect: tell, or try again where waiting was all it needed."""
    if isinstance(verdict, Paced):
        slot = errand.slot_ask(write.slot)
        await errand.refused_for_pace(write.method, write.path, verdict, slot)
        known.sends -= 1
        return None
    if isinstance(verdict, Unreachable):
        if known.sends < SENDS_IN_ONE_CALL - 1:
            return None
        raise errand.with_stop(verdict)
    raise verdict


async def _find_out(errand: "Errand", write: Write[ResultT], known: _Try) -> ResultT | None:
    """What became of an earlier request; None where sending (again) is safe."""
    may_resend = write.repeatable or _has_key(errand, known)
    if write.settle is None and not may_resend:
        raise _unknown(errand, known)
    if write.settle is None or (may_resend and (write.repeatable or not known.look_first)):
        return None
    if known.sends and not may_resend:
        await errand.sleep(min(FIRST_LOOK_S, errand.engine.bounds.settle_after_s / 2))
    while True:
        try:
            found = await _look(errand, write, known)
        except Fault as fault:
            if may_resend:
                return None
            raise _unknown(errand, known, fault) from None
        if found is not None or may_resend:
            return found
        wait = await _absent(errand, known)
        if wait is None:
            return None
        if wait > min(errand.engine.bounds.max_wait_s, errand.seconds_left() - 2.0):
            raise _unknown(errand, known, retry_after_s=wait)
        await errand.progress("Looking whether it happened", done=0.0, total=wait)
        await errand.sleep(wait)


def _has_key(errand: "Errand", known: _Try) -> bool:
    """Whether the upstream still remembers the key that the step was sent with."""
    api = errand.tool.api
    sent_at = known.step.sent_at if known.step else None
    age = errand.engine.clock.now() - (sent_at or 0.0)
    return api.key_header is not None and age < api.key_window_s - KEY_MARGIN_S


async def _absent(errand: "Errand", known: _Try) -> float | None:
    """Nothing was found: the seconds until looking again, or None where that decides it."""
    step = known.step
    assert step is not None  # noqa: S101 because only an open step is looked for
    if errand.engine.bounds.strict:
        await _record(errand, known, Outcome(State.UNSETTLED, looked=True))
        raise _ask_a_person(errand, known)
    age = errand.engine.clock.now() - (step.sent_at or 0.0)
    left = errand.engine.bounds.settle_after_s - age
    decides = step.looks + 1 >= LOOKS and left <= 0
    state = State.REJECTED if decides else State.UNSETTLED
    await _record(errand, known, Outcome(state, looked=True))
    return None if decides else max(left, FIRST_LOOK_S)


async def _look(errand: "Errand", write: Write[ResultT], known: _Try) -> ResultT | None:
    """Search for the effect with reads; adopt what is found."""
    step, hold = known.step, errand.hold
    assert write.settle is not None  # noqa: S101 because callers ask first
    assert step is not None and hold is not None  # noqa: S101, PT018 because an open step is held
    errand.has_claimed = False
    sent_at = datetime.fromtimestamp(step.sent_at or 0.0, UTC)
    found = await write.settle(Sent(sent_at, lambda: errand.clock_offset))
    if found is None:
        return None
    name = f"{write.method} {write.path}" if errand.has_claimed else ""
    outcome = Outcome(State.SUCCEEDED, found.stored(), found.upstream_id)
    is_ours = await errand.engine.ledger.adopt(
        hold, errand.step, name, outcome, errand.engine.clock.now()
    )
    if not is_ours:
        return None
    errand.has_acted, errand.is_open = True, False
    return found


async def _succeed(errand: "Errand", result: Result) -> None:
    errand.has_acted, errand.is_open = True, False
    assert errand.hold is not None  # noqa: S101 because write_once has checked it
    await errand.engine.ledger.record(
        errand.hold,
        errand.step,
        Outcome(State.SUCCEEDED, result.stored(), result.upstream_id),
        errand.engine.clock.now(),
    )


async def _record(errand: "Errand", known: _Try, outcome: Outcome) -> None:
    assert errand.hold is not None  # noqa: S101 because write_once has checked it
    errand.is_open = outcome.state is State.UNSETTLED
    await errand.engine.ledger.record(errand.hold, errand.step, outcome, errand.engine.clock.now())
    known.step = (await errand.engine.ledger.begin(errand.hold, errand.step)).step


def _unknown(
    errand: "Errand",
    known: _Try,
    cause: Fault | None = None,
    *,
    retry_after_s: float | None = None,
) -> Fault:
    """Nobody knows yet; the model must not act in another way."""
    cause = cause or known.fault
    if isinstance(cause, InProgress):
        return errand.with_stop(
            InProgress(
                f"{errand.tool.api.title} is still working on this request.",
                retry_after_s=5.0,
                next_step=f"Wait 5 s, then call {errand.tool.name} again with the same arguments; "
                "it will not act twice.",
                upstream=cause.upstream,
            )
        )
    seconds = retry_after_s or (cause.retry_after_s if cause else None) or 10.0
    seconds = max(1.0, round(seconds + 0.05, 1))
    why = f" {cause.message}" if cause else ""
    advice = (
        f"Do not do it in another way. Wait {seconds:g} s, then call {errand.tool.name} again with "
        "the same arguments: it first finds out, and acts only if nothing happened."
    )
    if isinstance(cause, Unsettled) and cause.next_step != Unsettled.default_next_step:
        advice = cause.next_step
    return errand.with_stop(
        Unsettled(
            f"It is unknown whether this happened.{why}",
            retry_after_s=seconds,
            next_step=advice,
            upstream=cause.upstream if cause else None,
        )
    )


def _ask_a_person(errand: "Errand", known: _Try) -> Fault:
    return Unsettled(
        "It is unknown whether this happened: the request left, its answer was lost, and looking "
        f"found nothing. CALLPOST_SETTLE is strict, so {errand.tool.name} does not act again.",
        retry="never",
        next_step="Ask the person to check, and then to run «callpost ledger settle» with this "
        "key, saying whether it happened.",
        upstream=known.fault.upstream if known.fault else None,
    )
