"""Waiting for a call to end, together with everybody else who waits.

All call requests of a key share ten a minute (contract section 2), so nobody polls a call of their
own: one look at the list serves every waiting tool call of every process.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, cast

from pydantic import Field, ValidationError

from callpost.errors import Broken, Fault, Paced, Refused, Unreachable
from callpost.fields import NOT_IN_KEY
from callpost.toolset import Call, Effect, Result, route
from callpost_vocobase.call_details import WholeCall, is_final
from callpost_vocobase.call_models import CallPage, CallRow
from callpost_vocobase.calls import OneCall, calls
from callpost_vocobase.capacity import SLOT
from callpost_vocobase.paging import LARGEST_PAGE

__all__ = ["CallProgress", "WaitForCall", "digest"]

FIRST_LOOK_MAX_AGE_S = 8.0
"""A wait that follows another begins with what that one saw last."""
INTERVALS_S = (8.0, 12.0, 15.0)
"""Between looks: about five requests a minute, half of the limit, however many wait. The API names
no interval; the contract advises 15 s or slower (section 4), which is late for the first ring."""
SHARE = 0.8
"""A look by somebody else counts as ours if it is younger than this part of the interval."""

ALONE_INTERVAL_S = 15.0
"""Between looks at a call that the list does not show, because those looks serve nobody else."""

RESERVE_S = 2.0
"""Kept for the answer."""


class WaitForCall(OneCall):
    """Which call, and how long."""

    timeout_s: Annotated[int, Field(ge=1, le=45), NOT_IN_KEY] = 40


class CallProgress(Result):
    """How far a call is."""

    call_id: str
    status: str | None = None
    ended: bool = False
    is_final: bool = False
    next_step: str = ""


@calls.tool(effect=Effect.READS, operations=("listCalls", "getCall"))
async def wait_for_call(args: WaitForCall, call: Call) -> CallProgress:
    """Wait until a call ends or the time is up; returns its state and whether to ask again."""
    look = _Look(args.call_id, call)
    started = call.now()
    until = started + timedelta(seconds=min(args.timeout_s, call.seconds_left() - RESERVE_S))
    intervals = iter(INTERVALS_S)
    seen: CallRow | None = None
    trouble: Fault | None = None
    max_age_s = FIRST_LOOK_MAX_AGE_S
    while True:
        try:
            seen = await look.once(max_age_s=max_age_s)
            trouble = None
        except (Paced, Broken, Unreachable) as fault:
            trouble = fault
        except Refused as refusal:
            is_new = refusal.code == "not_found" and trouble is None
            if not is_new:  # a call just started may be missing once, not twice
                raise
            trouble = refusal
        left = (until - call.now()).total_seconds()
        if (seen is not None and seen.has_ended) or left <= 0:
            break
        await _tell(call, seen, started, until)
        pause = ALONE_INTERVAL_S if look.is_alone else next(intervals, INTERVALS_S[-1])
        max_age_s = pause * SHARE
        pause = max(pause, (trouble.retry_after_s or 0.0) if trouble else 0.0)
        await call.sleep(min(pause, left))
    if seen is None:
        raise trouble or Broken("The call was not seen.")
    return await _answer(args.call_id, seen, call)


class _Look:
    """One call, through the list that all waiting calls share, else by itself."""

    def __init__(self, call_id: str, call: Call) -> None:
        self._id = call_id
        self._call = call
        self.is_alone = False

    async def once(self, *, max_age_s: float) -> CallRow:
        """The call's state now.

        Raises:
            Fault: It cannot be read.
        """
        if not self.is_alone:
            shared = await self._call.watch(
                route("/calls"), query={"limit": LARGEST_PAGE}, digest=digest, max_age_s=max_age_s
            )
            row = cast("Mapping[str, Any]", shared.get("calls") or {}).get(self._id)
            if row is not None:
                return CallRow.model_validate({"call_id": self._id, **row})
        whole = await self._call.get(route("/calls/{}", self._id), into=WholeCall, background=True)
        self.is_alone = True
        marks = {"processing_complete": is_final(whole, self._call.now())}
        return whole.named(self._id).model_copy(update=marks)


def digest(payload: Any) -> Mapping[str, Any]:
    """What the store keeps of a page of calls: states, no numbers, no texts.

    Raises:
        Broken: It is no page of calls.
    """
    try:
        page = CallPage.model_validate(payload)
    except ValidationError:
        raise Broken("Vocobase answered with something that is no list of calls.") from None
    kept = {"status", "ended_at", "processing_complete", "pipeline_completed_at"}
    return {
        "calls": {
            row.call_id: row.model_dump(mode="json", exclude_none=True, include=kept)
            for row in page.calls
            if row.call_id
        }
    }


async def _tell(call: Call, seen: CallRow | None, started: datetime, until: datetime) -> None:
    state = seen.status if seen is not None and seen.status else "not listed yet"
    elapsed, total = (call.now() - started).total_seconds(), (until - started).total_seconds()
    await call.progress(f"The call is {state}.", done=elapsed, total=total)


async def _answer(call_id: str, seen: CallRow, call: Call) -> CallProgress:
    if seen.has_ended:
        await call.free(SLOT, [call_id])
        next_step = "Call get_call for the outcome and the transcript."
    else:
        next_step = "Call wait_for_call again with the same arguments; do not dial again."
    return CallProgress(
        call_id=call_id,
        status=seen.status,
        ended=seen.has_ended,
        is_final=seen.has_ended and seen.is_processed,
        next_step=next_step,
    )
