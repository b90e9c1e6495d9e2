"""Reading the call list far enough to settle a start whose answer was lost.

The order of `GET /calls` is not stated (contract section 11), so it is recognised from the first
page: newest first reads on until the send is passed, oldest first reads from the end. Every page is
one of ten call requests a minute, so there are at most three.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from callpost.errors import Unsettled
from callpost.toolset import Call, Sent, Settle, route
from callpost_vocobase.call_models import CallPage, CallRow, StartedCall, instant
from callpost_vocobase.lost_call import (
    WIDE,
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
        verdict: Verdict = Absent()
        pages = _Pages()
        since_send = timedelta(0)
        while (start := pages.next_offset) is not None:
            page = await call.get(
                route("/calls"),
                into=CallPage,
                query={"limit": LARGEST_PAGE, "offset": start},
            )
            rows.extend(page.calls)
            offset = sent.clock_offset or timedelta(0)  # the page has just told their time
            sent_at, now = sent.at + offset, call.now() + offset
            since_send = now - sent_at
            pages.read(page, sent_at - WIDE)
            ids = [row.call_id for row in matching(rows, wanted) if row.call_id]
            claimed = await call.claimed(ids) if ids else frozenset[str]()
            verdict = decide(rows, wanted, sent_at=sent_at, now=now, claimed=claimed)
            if isinstance(verdict, Adopt) and verdict.is_narrow:
                break
        if isinstance(verdict, Adopt):
            return StartedCall.model_validate(verdict.row.compact())
        may_appear = since_send < _MAY_APPEAR
        if isinstance(verdict, Unclear):
            raise _unclear(verdict, may_appear=may_appear)
        if not pages.cover_the_send:
            raise _too_long()
        return None

    return settle


class _Pages:
    """Which page to read next, and whether those read hold every call made around the send."""

    def __init__(self) -> None:
        self._read = 0
        self._size = 0
        self._order: Order = "unknown"
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
        reaches_back = bool(times) and min(times) < since
        self.cover_the_send = self._covers(page, start, end, reaches_back=reaches_back)
        is_done = self.cover_the_send or self._read == MOST_PAGES or not page.calls
        self.next_offset = None if is_done else self._following(page, start, end)

    def _covers(self, page: CallPage, start: int, end: int, *, reaches_back: bool) -> bool:
        if self._order == "oldest_first" and self._read > 1:
            return reaches_back or start <= self._size
        is_last = end >= page.total if page.total is not None else len(page.calls) < LARGEST_PAGE
        return is_last or (self._order == "newest_first" and reaches_back)

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
