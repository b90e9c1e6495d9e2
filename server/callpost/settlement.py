"""What became of a request whose answer was lost: find out before anything is sent again."""

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from callpost.call import Sent
from callpost.errors import Broken, Fault, InProgress, LedgerError, Refused, Unsettled
from callpost.ledger import LostClaimError, Outcome, State
from callpost.models import Result
from callpost.step import ACCEPTED, ANSWERED, Try, Write, held, record

if TYPE_CHECKING:
    from callpost.errand import Errand

__all__ = [
    "absent",
    "ask_a_person",
    "before_again",
    "find_out",
    "has_key",
    "look",
    "not_done",
    "unknown",
]

logger = logging.getLogger(__name__)

ResultT = TypeVar("ResultT", bound=Result)

FIRST_LOOK_S = 1.0
"""A list may lag; looking at once would mostly find nothing."""
LOOKS = 2
OTHERS_FIRST = 3
"""How often another intent may adopt what we found before we give up for now."""
KEY_MARGIN_S = 300.0
"""Resending with the same key ends this long before the upstream forgets it."""


async def find_out(errand: "Errand", write: Write[ResultT], known: Try) -> ResultT | None:
    """What became of an earlier request; None where sending (again) is safe."""
    may_resend = write.repeatable or has_key(errand, known)
    if write.settle is None and not may_resend:
        raise ask_a_person(errand, known, "there is no way to look for it")
    if write.settle is None or (may_resend and (write.repeatable or not known.look_first)):
        return None
    if known.sends and not may_resend:
        await errand.sleep(min(FIRST_LOOK_S, errand.engine.bounds.settle_after_s / 2))
    while True:
        try:
            found = await look(errand, write, known)
        except Fault as fault:
            # Where looking can never decide, the key has to.
            if may_resend and isinstance(fault, Unsettled | Refused):
                return None
            raise unknown(errand, known, fault) from None
        if found is not None or (may_resend and not _may_be_hidden(errand, write, known)):
            return found
        wait = await absent(errand, known, keeps_key=may_resend)
        if wait is None:
            return None
        if wait > min(errand.engine.bounds.max_wait_s, errand.seconds_left() - 2.0):
            raise unknown(errand, known, retry_after_s=wait)
        await errand.progress("Looking whether it happened", done=0.0, total=wait)
        await errand.sleep(wait)


async def before_again(errand: "Errand", write: Write[ResultT], known: Try) -> ResultT | None:
    """Before a request refused for its pace goes out again: look, where a second effect matters.

    A gateway may count after it has passed a request on. The same key makes that harmless; without
    one, a look is cheaper than ringing twice.
    """
    if write.settle is None or write.repeatable or errand.tool.api.key_header is not None:
        return None
    return await look(errand, write, known)


def _may_be_hidden(errand: "Errand", write: Write[ResultT], known: Try) -> bool:
    """Whether nothing found proves nothing yet, although the request carried a key.

    What was answered with 5xx may have been done and its key forgotten, and a list may lag.
    """
    return known.has_heard(ANSWERED) and errand.has_claimed and not write.repeatable


def has_key(errand: "Errand", known: Try) -> bool:
    """Whether the upstream still remembers the key that the step was sent with."""
    api = errand.tool.api
    sent_at = known.step.sent_at if known.step else None
    age = errand.engine.clock.now() - (sent_at or 0.0)
    # A clock that was set back says nothing of how long ago it was.
    return api.key_header is not None and -KEY_MARGIN_S < age < api.key_window_s - KEY_MARGIN_S


async def absent(errand: "Errand", known: Try, *, keeps_key: bool = False) -> float | None:
    """Nothing was found: the seconds until looking again, or None where that decides it.

    Where the upstream still remembers the key, the next request keeps it: if looking was wrong,
    the key has the last word.
    """
    step = known.step
    assert step is not None  # noqa: S101 because only an open step is looked for
    was_accepted = known.has_heard(ACCEPTED)
    if errand.engine.bounds.strict or (was_accepted and not keeps_key):
        why = "although it was accepted" if was_accepted else "and CALLPOST_SETTLE is strict"
        await record(errand, known, Outcome(State.UNSETTLED, known.mark, looked=True))
        raise ask_a_person(errand, known, f"looking found nothing, {why}")
    age = errand.engine.clock.now() - (step.sent_at or 0.0)
    left = errand.engine.bounds.settle_after_s - age
    decides = step.looks + 1 >= LOOKS and left <= 0
    state = State.REJECTED if decides and not keeps_key else State.UNSETTLED
    mark = known.mark if state is State.UNSETTLED else None
    await record(errand, known, Outcome(state, mark, looked=True))
    if decides and known.is_kept:
        return None
    return max(left, FIRST_LOOK_S)


async def look(errand: "Errand", write: Write[ResultT], known: Try) -> ResultT | None:
    """Search for the effect with reads; adopt what is found."""
    step = known.step
    assert write.settle is not None  # noqa: S101 because callers ask first
    assert step is not None  # noqa: S101 because only an open step is looked for
    sent_at = datetime.fromtimestamp(step.sent_at or 0.0, UTC)
    for _ in range(OTHERS_FIRST):
        errand.has_claimed = False
        found = await write.settle(Sent(sent_at, lambda: errand.clock_offset))
        if found is None:
            return None
        name = f"{write.method} {write.path}" if errand.has_claimed else ""
        if await _adopted(errand, found, name):
            errand.has_acted, errand.is_open, errand.prior_is_open = True, False, False
            return found
        # Another intent has just adopted it; ours may be the next one in the list.
    raise Unsettled("What was found belongs to other calls that were looked for just now.")


async def _adopted(errand: "Errand", found: Result, name: str) -> bool:
    outcome = Outcome(State.SUCCEEDED, found.stored(), found.upstream_id)
    hold, now = held(errand), errand.engine.clock.now()
    try:
        return await errand.engine.ledger.adopt(hold, errand.step, name, outcome, now)
    except (LedgerError, LostClaimError):
        logger.exception("an effect that was found could not be recorded")
        return True  # it is there, and that is told


def unknown(
    errand: "Errand",
    known: Try,
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
    if isinstance(cause, Unsettled) and cause.retry == "never":
        return cause
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


def not_done(errand: "Errand") -> Fault:
    """This call has no time or tries left, and surely nothing of the step has happened."""
    return errand.with_stop(
        Broken(
            f"{errand.tool.api.title} was too slow or did not take it; this request had no effect.",
            retry_after_s=1.0,
            next_step=f"Call {errand.tool.name} again with the same arguments.",
        )
    )


def ask_a_person(errand: "Errand", known: Try, why: str) -> Fault:
    """Nothing that a machine can do tells what became of it."""
    return Unsettled(
        f"It is unknown whether this happened: the request left, its answer was lost, and {why}. "
        f"{errand.tool.name} does not act again.",
        retry="never",
        next_step=f"Ask the person to look at {errand.tool.api.title}, and then to run «callpost "
        "ledger settle» with this idempotency_key, saying whether it happened.",
        upstream=known.fault.upstream if known.fault else None,
    )
