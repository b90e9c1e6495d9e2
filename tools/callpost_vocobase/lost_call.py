"""Finding the call of a start whose answer was lost.

Vocobase honours no idempotency key and stores no client reference (contract section 4). What there
is: `GET /calls`, without a filter by number or date, in an order that is not stated. A match has
our number and our agent, appeared around the send, and is the effect of no other intent.

A call that lasted longer than the time since the send was made before it, whatever any clock says:
it is not ours. What else is not ours depends on what is known of the clock of the list::

    created, by their clock     measured by          told by the       unknown
                                other calls of ours  Date of replies
    -5 s .. +90 s of the send   ours, the nearest    ours, the nearest ours while it goes on (*)
    in the future               not ours             ours (*)          ours while it goes on (*)
    within 15 min               not ours             unclear           unclear
    farther off                 not ours             not ours; unclear if in the future
    no readable time            unclear              unclear           unclear

    (*) the newest: such a time proves that clocks disagree, so nearness says nothing

Measured goes before told, because the clock that stamps calls need not be the one that stamps
replies; a row that only the latter makes ours is unclear. A row without a comparable number is
never adopted; it makes the case unclear where all the rest matches. Unclear is answered as such,
because the alternatives are to ring a person twice, and to report a call that nobody placed.
"""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, final

from callpost_vocobase.call_models import CallRow, instant
from callpost_vocobase.call_times import WIDE, Place, Times

__all__ = [
    "Absent",
    "Adopt",
    "Unclear",
    "Verdict",
    "Wanted",
    "decide",
    "matching",
]

_SHORTEST_NUMBER = 7
_WHY = {
    False: "the list does not say when it was made",
    True: "it was made at another time than the request",
}
_MASK = re.compile(r"[*xX#•]+")


@final
@dataclass(frozen=True, slots=True)
class Wanted:
    """What the lost start asked for."""

    to_number: str
    """E.164."""
    agent_id: str


@final
@dataclass(frozen=True, slots=True)
class Adopt:
    """This is the call."""

    row: CallRow
    is_narrow: bool
    """Whether it was made so near to the request that no other row can be nearer to the truth."""


@final
@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such call."""


@final
@dataclass(frozen=True, slots=True)
class Unclear:
    """This may be the call; a person has to say."""

    row: CallRow
    why: str


Verdict = Adopt | Absent | Unclear


class _Likeness(Enum):
    SAME = "same"
    UNKNOWN = "unknown"
    OTHER = "other"


def _likeness(told: str | None, wanted: str) -> _Likeness:
    """How a listed number compares with an E.164 number.

    A national notation of the same number, a masked one or none at all cannot be compared.
    """
    if told is None:
        return _Likeness.UNKNOWN
    is_whole = told.strip().startswith("+")
    ours = wanted.removeprefix("+")
    if _MASK.search(told):
        visible = re.sub(r"[^\d*]", "", _MASK.sub("*", told)).replace("*", r"\d+")
        return _Likeness.UNKNOWN if re.search(f"{visible}$", ours) else _Likeness.OTHER
    digits = re.sub(r"\D", "", told)
    digits = digits if is_whole else digits.removeprefix("00")
    if digits == ours:
        return _Likeness.SAME
    national = digits.lstrip("0")
    if len(national) < _SHORTEST_NUMBER:
        return _Likeness.UNKNOWN
    is_national = not is_whole and ours.endswith(national)
    return _Likeness.UNKNOWN if is_national else _Likeness.OTHER


def matching(rows: Sequence[CallRow], wanted: Wanted) -> tuple[CallRow, ...]:
    """The rows that may be the call by number and agent, each call once."""
    found = {
        row.call_id: row
        for row in rows
        if row.call_id
        and (row.agent_id or wanted.agent_id).casefold() == wanted.agent_id.casefold()
        and (row.direction or "").casefold() != "inbound"
        and _likeness(row.to_number, wanted.to_number) is not _Likeness.OTHER
    }
    return tuple(found.values())


def decide(
    rows: Sequence[CallRow], wanted: Wanted, times: Times, *, others: Container[str | None]
) -> Verdict:
    """Which of the rows, if any, is the effect of the lost start.

    Args:
        rows: The list, or the part of it that may hold the call, in any order.
        wanted: What was asked for.
        times: When it left, and what is known of the clock of the list.
        others: Calls that are known to be something else's effect.
    """
    narrow: list[tuple[timedelta, CallRow]] = []
    odd: list[tuple[datetime, CallRow]] = []
    unclear: list[tuple[timedelta, Unclear]] = []
    for row in matching(rows, wanted):
        created = instant(row.created_at) or instant(row.started_at)
        place = times.place(created)
        if row.call_id in others or place is Place.ELSEWHERE or times.rule_out(row):
            continue
        distance = abs(created - times.sent_by_them) if created else WIDE
        if _likeness(row.to_number, wanted.to_number) is _Likeness.UNKNOWN:
            unclear.append((distance, Unclear(row, "its number cannot be compared")))
        elif place is Place.NARROW:
            narrow.append((distance, row))
        elif place is Place.ODD and created is not None:
            odd.append((created, row))
        else:
            unclear.append((distance, Unclear(row, _WHY[created is not None])))
    if narrow:
        return Adopt(min(narrow, key=_first)[1], is_narrow=True)
    if odd:
        return _of_odd(max(odd, key=_first)[1], times)
    return min(unclear, key=_first)[1] if unclear else Absent()


def _of_odd(newest: CallRow, times: Times) -> Verdict:
    if times.told is not None or newest.is_active:
        return Adopt(newest, is_narrow=False)
    return Unclear(newest, "nothing tells how the clock of the list differs from ours")


def _first(found: tuple[Any, object]) -> Any:
    return found[0]
