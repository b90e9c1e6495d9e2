"""Reading the call list far enough to settle a start whose answer was lost.

The order of `GET /calls` is not stated (contract section 11), so it is recognised from the first
page: newest first reads on until the send is passed, oldest first reads from the end. Every page is
one of ten call requests a minute, so there are at most three, and one more to see the end of a list
that seems to be newest first: ordered by the start of the talk, it has the calls that nobody has
answered yet behind all others.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from callpost.errors import Unsettled
from callpost.toolset import Call, Sent, Settle, route
from callpost_vocobase.call_models import CallPage, CallRow, StartedCall, instant
from callpost_vocobase.call_times import WIDE, Times, measured
from callpost_vocobase.lost_call import (
    Absent,
    Adopt,
    Unclear,
    Verdict,
    Wanted,
    decide,
    matching,
)
from callpost_vocobase.paging import LARGEST_PAGE

__all__ = ["MOST_PAGES", "looking_for"]

MOST_PAGES = 3


_MAY_APPEAR = timedelta(minutes=2)
"""How long a list may lag before another look cannot bring anything new."""

Order = Literal["newest_first", "oldest_first", "unknown"]


def looking_for(call: Call, wanted: Wanted) -> Settle[StartedCall]:
    """A settlement that finds the call in the list.

    It raises `Unsettled` where a call was found that may or may not be it, and where the list is
    too long to be read.
    """

    async def settle(sent: Sent, /) -> StartedCall | None:
        rows: list[CallRow] = []
        claimed: dict[str, datetime | None] = {}
        verdict: Verdict = Absent()
        pages = _Pages()
        times = Times(sent.at, call.now())
        while (start := pages.next_offset) is not None:
            page = await call.get(
                route("/calls"),
                into=CallPage,
                query={"limit": LARGEST_PAGE, "offset": start},
            )
            rows.extend(page.calls)
            claimed.update(await call.claimed(row.call_id for row in page.calls if row.call_id))
            # The page has just told their time, and every moment since then makes a call younger.
            offset = measured(rows, claimed)
            times = Times(sent.at, call.now(), offset, sent.clock_offset)
            pages.read(page, times.sent_by_them - WIDE)
            free = [row for row in matching(rows, wanted) if row.call_id not in claimed]
            verdict = await _verdict(call, free, wanted, times)
            if isinstance(verdict, Adopt) and verdict.is_narrow:
                break
        if isinstance(verdict, Adopt):
            return StartedCall.model_validate(verdict.row.compact())
        if isinstance(verdict, Unclear):
            # How long it lasted may rule it out once it is over.
            patience = WIDE if verdict.row.is_active else _MAY_APPEAR
            may_appear = times.now - sent.at < patience
            raise _unclear(verdict, may_appear=may_appear)
        if not pages.cover_the_send:
            raise _too_long()
        return None

    return settle


async def _verdict(call: Call, rows: Sequence[CallRow], wanted: Wanted, times: Times) -> Verdict:
    """What the rows mean, given what an earlier look has ruled out.

    The sooner after the send, the more calls are too long to be ours; so that is kept.
    """
    if not rows:
        return Absent()
    ruled_out = [row.call_id for row in rows if row.call_id and times.rule_out(row)]
    others = await call.dismiss(ruled_out)
    return decide(rows, wanted, times, others=others)


class _Pages:
    """Which page to read next, and whether those read hold every call made around the send."""

    def __init__(self) -> None:
        self._read = 0
        self._size = 0
        self._order: Order = "unknown"
        self._oldest: datetime | None = None
        self._before_the_end: int | None = None
        """Where the reading broke off to see the end of the list."""
        self.next_offset: int | None = 0
        self.cover_the_send = False

    def read(self, page: CallPage, since: datetime) -> None:
        """Take in the page at `next_offset`; calls made before `since` do not matter."""
        start = self.next_offset or 0
        end = start + len(page.calls)
        self._read += 1
        if self._read == 1:
            self._size = len(page.calls)
            self._order = _order_of(page)
        times = [made for row in page.calls if (made := instant(row.created_at))]
        if self._before_the_end is not None:
            self.next_offset = None
            self.cover_the_send = bool(times) and (
                start <= self._before_the_end
                or (len(times) == len(page.calls) and max(times) <= (self._oldest or since))
            )
            return
        self._oldest = min(times, default=self._oldest)
        reaches_back = bool(times) and min(times) < since
        self.cover_the_send = self._covers(page, start, end, reaches_back=reaches_back)
        is_passed = self._order == "newest_first" and reaches_back and not self.cover_the_send
        if is_passed and page.total is not None:
            self._before_the_end = end
            self.next_offset = max(page.total - self._size, end)
            return
        is_done = self.cover_the_send or self._read == MOST_PAGES or not page.calls
        self.next_offset = None if is_done else self._following(page, start, end)

    def _covers(self, page: CallPage, start: int, end: int, *, reaches_back: bool) -> bool:
        if self._order == "oldest_first" and self._read > 1:
            return reaches_back or start <= self._size
        return end >= page.total if page.total is not None else len(page.calls) < LARGEST_PAGE

    def _following(self, page: CallPage, start: int, end: int) -> int:
        if self._order != "oldest_first":
            return end
        before = (page.total or 0) if self._read == 1 else start
        return max(before - self._size, self._size)


def _order_of(page: CallPage) -> Order:
    """Oldest first is of use only where a total tells where the end is."""
    times = [made for row in page.calls if (made := instant(row.created_at))]
    if len(times) < len(page.calls) or len(set(times)) == 1:
        return "unknown"
    if all(first >= second for first, second in pairwise(times)):
        return "newest_first"
    is_rising = all(first <= second for first, second in pairwise(times))
    return "oldest_first" if is_rising and page.total is not None else "unknown"


def _unclear(found: Unclear, *, may_appear: bool) -> Unsettled:
    when = f" made at {found.row.created_at}" if found.row.created_at else ""
    return Unsettled(
        f"The answer to this start was lost. Vocobase lists call {found.row.call_id}{when} "
        f"(now {found.row.status or 'in an unknown state'}) to the same agent, which may be it, "
        f"but {found.why}. Nothing was dialled again.",
        retry="same_arguments" if may_appear else "never",
        retry_after_s=60 if may_appear else None,
        next_step=(
            f"Look at it with get_call, and ask the person whether {found.row.call_id} is this "
            "call. Only if they want to dial anyway, call start_call with the next occurrence "
            "(2 after the first)."
        ),
    )


def _too_long() -> Unsettled:
    return Unsettled(
        f"The answer to this start was lost, and the call is not among the {MOST_PAGES} pages of "
        "the call list that were read. Nothing was dialled again.",
        retry="never",
        next_step=(
            "Ask the person to look for the call in the Vocobase dashboard. Only if it is not "
            "there, call start_call with the next occurrence (2 after the first)."
        ),
    )
