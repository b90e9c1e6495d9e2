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
            429                 rejected, the window is closed; wait or tell how long, then the
                                same again with the same key, or after a look
            never left          rejected, `Unreachable`
            anything else       unsettled, find out
        a second request for an open step is refused
            the API has judged the first one, too    rejected
            otherwise                                look; what is not found is not yet disproved

From «sent» to «recorded» nothing can cancel it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from pydantic import ValidationError

from callpost.api import Reply
from callpost.call import LocalFile
from callpost.errors import Fault, InProgress, Paced, Unreachable, Unsettled
from callpost.ledger import Outcome, State
from callpost.models import Result
from callpost.pace import Priority
from callpost.settlement import absent, before_again, find_out, has_key, look, not_done, unknown
from callpost.step import ACCEPTED, ANSWERED, Try, Write, held, record, succeed
from callpost.upstream import LostError, NotSentError

if TYPE_CHECKING:
    from callpost.errand import Errand

__all__ = ["Write", "write_once"]

ResultT = TypeVar("ResultT", bound=Result)

SENDS_IN_ONE_CALL = 4
BACKOFF_S = (0.3, 1.0, 2.0)
IN_PROGRESS_POLL_S = 1.0
HTTP_OK = range(200, 300)
HTTP_NOT_FOUND = 404
AT_THE_GATE = frozenset({"unauthorized", "forbidden", "insufficient_balance", "plan_limit"})
"""Refusals that an API gives to the key's owner before it looks at the request."""


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
    hold = held(errand)
    errand.step += 1
    known = Try((await errand.engine.ledger.begin(hold, errand.step)).step)
    if known.step is not None and known.step.state is State.SUCCEEDED:
        return write.into.from_stored(known.step.answer or {})
    while True:
        if known.is_open:
            found = await find_out(errand, write, known)
        elif known.step is not None and known.step.was_paced:
            found = await before_again(errand, write, known)
        else:
            found = None
        if found is not None:
            return found
        if known.sends >= SENDS_IN_ONE_CALL or errand.seconds_left() < 1.0:
            raise unknown(errand, known) if known.is_open else not_done(errand)
        if known.sends:
            await errand.sleep(BACKOFF_S[min(known.sends, len(BACKOFF_S)) - 1])
        was_open = known.is_open
        verdict = await _send(errand, write, known, file, file_headers)
        if isinstance(verdict, Result):
            return verdict
        outcome = await _conclude(errand, write, known, verdict, was_open=was_open)
        if outcome is not None:
            return outcome


async def _send(
    errand: "Errand",
    write: Write[ResultT],
    known: Try,
    file: LocalFile | None,
    file_headers: Mapping[str, str] | None,
) -> ResultT | Fault:
    """One request, and what became of it, on record."""
    hold, slot = held(errand), errand.slot_ask(write.slot)
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
        raise (unknown(errand, known, paced) if was_open else paced) from None
    verdict: ResultT | Fault = Unsettled("The request left, and nothing is known of it.")
    with anyio.CancelScope(shield=True):
        known.sends += 1
        known.step = departed.step
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
                    headers=errand.wire_key(departed.step),
                    fresh=not errand.tool.api.key_header and not write.repeatable,
                )
        except NotSentError:
            verdict = errand.unreachable()
        except LostError as lost:
            verdict = Unsettled(f"The request left, and its answer was lost: {lost}.")
            known.look_first = False
        else:
            is_upload, may_be_gone = file is not None, was_open or errand.may_be_gone
            verdict = _read(
                errand, write, known, reply, is_upload=is_upload, may_be_gone=may_be_gone
            )
            known.look_first = isinstance(verdict, Unsettled)
            known.heard |= {ANSWERED} if known.look_first else set()
            known.is_replay = errand.tool.api.replay_header in reply.headers
            errand.was_done_before = known.is_replay and known.sends == 1 and not was_open
        await _keep(errand, known, verdict, was_open=was_open)
    return verdict


def _read(
    errand: "Errand",
    write: Write[ResultT],
    known: Try,
    reply: Reply,
    *,
    is_upload: bool,
    may_be_gone: bool,
) -> ResultT | Fault:
    """What a reply to a write means."""
    if reply.status in HTTP_OK:
        unreadable = Unsettled("The request was accepted, and its answer was unreadable.")
        try:
            payload: Any = None if is_upload else errand.tool.api.unwrap(reply)
        except ValueError:
            return unreadable
        try:
            return write.into.model_validate({} if payload is None else payload)
        except ValidationError:
            known.heard |= {ACCEPTED}  # the API's own word, whatever else is in it
            return unreadable
    if reply.status == HTTP_NOT_FOUND and write.gone_is_done and may_be_gone:
        return write.into.model_validate({})
    return errand.tool.api.fault(reply)


async def _keep(errand: "Errand", known: Try, verdict: Result | Fault, *, was_open: bool) -> None:
    """Record what a request led to; a refusal of a second request leaves the first one open."""
    if isinstance(verdict, Result):
        await succeed(errand, verdict)
    elif was_open or isinstance(verdict, Unsettled | InProgress):
        await record(errand, known, Outcome(State.UNSETTLED, known.mark))
    else:
        counts = not isinstance(verdict, Paced)
        await record(errand, known, Outcome(State.REJECTED, counts=counts))


async def _conclude(
    errand: "Errand",
    write: Write[ResultT],
    known: Try,
    verdict: Fault,
    *,
    was_open: bool,
) -> ResultT | None:
    """What follows from a fault; None where it has to be found out, or may be sent again."""
    known.fault = verdict
    if isinstance(verdict, InProgress):
        known.look_first = False
        known.sends -= 1
        await errand.sleep(verdict.retry_after_s or IN_PROGRESS_POLL_S)
        return None
    if isinstance(verdict, Unsettled):
        return None
    if was_open:
        return await _conclude_resend(errand, write, known, verdict)
    return await _rejected(errand, write, known, verdict)


async def _conclude_resend(
    errand: "Errand", write: Write[ResultT], known: Try, verdict: Fault
) -> ResultT | None:
    """Refused now says nothing of the earlier request, unless the API has judged that one, too."""
    if isinstance(verdict, Unreachable):
        return None
    if isinstance(verdict, Paced):
        await errand.refused_for_pace(write.method, write.path, verdict)
        return None
    if write.settle is not None:
        try:
            found = await look(errand, write, known)
        except Fault as fault:
            raise unknown(errand, known, fault) from None
        if found is not None:
            return found
    if write.repeatable or _speaks_for_both(errand, known, verdict):
        await record(errand, known, Outcome(State.REJECTED))
        if write.settle is None and not _speaks_for_both(errand, known, verdict):
            verdict.side_effect = "unknown"
        raise verdict
    if write.settle is None:
        raise unknown(errand, known, verdict)
    wait = await absent(errand, known)
    raise verdict if wait is None else unknown(errand, known, verdict, retry_after_s=wait)


def _speaks_for_both(errand: "Errand", known: Try, verdict: Fault) -> bool:
    """Whether a refusal of the same request with the same key means that neither had an effect.

    An API that honours keys looks for the key before it judges the request, so a judgement says
    that there was no effect under the key. What is refused at the gate did not come so far.
    """
    return known.is_replay or (has_key(errand, known) and verdict.code not in AT_THE_GATE)


async def _rejected(
    errand: "Errand", write: Write[ResultT], known: Try, verdict: Fault
) -> ResultT | None:
    """It surely had no effect: tell, or try again where waiting was all it needed."""
    if isinstance(verdict, Paced):
        slot = errand.slot_ask(write.slot)
        await errand.refused_for_pace(write.method, write.path, verdict, slot)
        known.sends -= 1
        if known.is_kept:
            return None
        raise verdict
    if isinstance(verdict, Unreachable):
        if known.is_kept and known.sends < SENDS_IN_ONE_CALL - 1:
            return None
        raise errand.with_stop(verdict)
    if errand.prior_is_open:
        # The state may have been set by an earlier call whose answer was lost.
        verdict.side_effect, errand.prior_is_open = "unknown", False
    raise verdict
