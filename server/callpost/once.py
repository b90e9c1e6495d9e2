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
from callpost.settlement import find_out, look, unknown
from callpost.step import Try, Write, held, record, succeed
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
            if found is not None:
                return found
        if known.sends >= SENDS_IN_ONE_CALL or errand.seconds_left() < 1.0:
            raise unknown(errand, known)
        if known.sends:
            await errand.sleep(BACKOFF_S[min(known.sends, len(BACKOFF_S)) - 1])
        outcome = await _send(errand, write, known, file, file_headers)
        if outcome is not None:
            return outcome


async def _send(
    errand: "Errand",
    write: Write[ResultT],
    known: Try,
    file: LocalFile | None,
    file_headers: Mapping[str, str] | None,
) -> ResultT | None:
    """One request; None where it has to be found out, or may be sent again."""
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
    known: Try,
    verdict: ResultT | Fault,
    *,
    was_open: bool,
) -> ResultT | None:
    """Record what became of a request; None where it has to be found out, or may be sent again."""
    if isinstance(verdict, Result):
        await succeed(errand, verdict)
        return verdict
    known.fault = verdict
    if isinstance(verdict, Unsettled | InProgress):
        await record(errand, known, Outcome(State.UNSETTLED))
        errand.prior_is_open = errand.prior_is_open or write.gone_is_done
        if isinstance(verdict, InProgress):
            known.look_first = False
            known.sends -= 1
            await errand.sleep(verdict.retry_after_s or IN_PROGRESS_POLL_S)
        return None
    if was_open:
        return await _conclude_resend(errand, write, known, verdict)
    await record(errand, known, Outcome(State.REJECTED))
    return await _rejected(errand, write, known, verdict)


async def _conclude_resend(
    errand: "Errand", write: Write[ResultT], known: Try, verdict: Fault
) -> ResultT | None:
    """Refused now says nothing of the earlier try, unless looking finds nothing either."""
    if isinstance(verdict, Paced | Unreachable):
        await record(errand, known, Outcome(State.UNSETTLED))
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
    await record(errand, known, Outcome(State.REJECTED))
    raise verdict


async def _rejected(
    errand: "Errand", write: Write[ResultT], known: Try, verdict: Fault
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
