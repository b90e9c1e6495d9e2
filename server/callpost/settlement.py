"""What became of a request whose answer was lost: find out before anything is sent again."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from callpost.call import Sent
from callpost.errors import Fault, InProgress, Unsettled
from callpost.ledger import Outcome, State
from callpost.models import Result
from callpost.step import Try, Write, held, record

if TYPE_CHECKING:
    from callpost.errand import Errand

__all__ = ["find_out", "look", "unknown"]

ResultT = TypeVar("ResultT", bound=Result)

FIRST_LOOK_S = 1.0
"""A list may lag; looking at once would mostly find nothing."""
LOOKS = 2
KEY_MARGIN_S = 300.0
"""Resending with the same key ends this long before the upstream forgets it."""


async def find_out(errand: "Errand", write: Write[ResultT], known: Try) -> ResultT | None:
    """What became of an earlier request; None where sending (again) is safe."""
    may_resend = write.repeatable or _has_key(errand, known)
    if write.settle is None and not may_resend:
        raise unknown(errand, known)
    if write.settle is None or (may_resend and (write.repeatable or not known.look_first)):
        return None
    if known.sends and not may_resend:
        await errand.sleep(min(FIRST_LOOK_S, errand.engine.bounds.settle_after_s / 2))
    while True:
        try:
            found = await look(errand, write, known)
        except Fault as fault:
            if may_resend:
                return None
            raise unknown(errand, known, fault) from None
        if found is not None or may_resend:
            return found
        wait = await _absent(errand, known)
        if wait is None:
            return None
        if wait > min(errand.engine.bounds.max_wait_s, errand.seconds_left() - 2.0):
            raise unknown(errand, known, retry_after_s=wait)
        await errand.progress("Looking whether it happened", done=0.0, total=wait)
        await errand.sleep(wait)


def _has_key(errand: "Errand", known: Try) -> bool:
    """Whether the upstream still remembers the key that the step was sent with."""
    api = errand.tool.api
    sent_at = known.step.sent_at if known.step else None
    age = errand.engine.clock.now() - (sent_at or 0.0)
    return api.key_header is not None and age < api.key_window_s - KEY_MARGIN_S


async def _absent(errand: "Errand", known: Try) -> float | None:
    """Nothing was found: the seconds until looking again, or None where that decides it."""
    step = known.step
    assert step is not None  # noqa: S101 because only an open step is looked for
    if errand.engine.bounds.strict:
        await record(errand, known, Outcome(State.UNSETTLED, looked=True))
        raise _ask_a_person(errand, known)
    age = errand.engine.clock.now() - (step.sent_at or 0.0)
    left = errand.engine.bounds.settle_after_s - age
    decides = step.looks + 1 >= LOOKS and left <= 0
    state = State.REJECTED if decides else State.UNSETTLED
    await record(errand, known, Outcome(state, looked=True))
    return None if decides else max(left, FIRST_LOOK_S)


async def look(errand: "Errand", write: Write[ResultT], known: Try) -> ResultT | None:
    """Search for the effect with reads; adopt what is found."""
    step = known.step
    assert write.settle is not None  # noqa: S101 because callers ask first
    assert step is not None  # noqa: S101 because only an open step is looked for
    errand.has_claimed = False
    sent_at = datetime.fromtimestamp(step.sent_at or 0.0, UTC)
    found = await write.settle(Sent(sent_at, lambda: errand.clock_offset))
    if found is None:
        return None
    name = f"{write.method} {write.path}" if errand.has_claimed else ""
    outcome = Outcome(State.SUCCEEDED, found.stored(), found.upstream_id)
    is_ours = await errand.engine.ledger.adopt(
        held(errand), errand.step, name, outcome, errand.engine.clock.now()
    )
    if not is_ours:
        return None
    errand.has_acted, errand.is_open = True, False
    return found


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


def _ask_a_person(errand: "Errand", known: Try) -> Fault:
    return Unsettled(
        "It is unknown whether this happened: the request left, its answer was lost, and looking "
        f"found nothing. CALLPOST_SETTLE is strict, so {errand.tool.name} does not act again.",
        retry="never",
        next_step="Ask the person to check, and then to run «callpost ledger settle» with this "
        "key, saying whether it happened.",
        upstream=known.fault.upstream if known.fault else None,
    )
