"""Finding the call of a start whose answer was lost.

Vocobase honours no idempotency key and stores no client reference (contract section 4). What there
is: `GET /calls`, without a filter by number or date, in an order that is not stated. A match has
our number and our agent, appeared around the send, and is the effect of no other intent.

::

    created, by their clock     and then
    -15 s .. +90 s of the send  it is ours: adopted, the nearest first
    within 15 min               ours if the call is still going on, or if it was created in the
                                future, which proves that the clocks disagree; otherwise unclear
    farther off                 not ours; unclear if in the future
    no readable time            ours if the call is still going on; otherwise unclear

A row without a comparable number is never adopted; it makes the case unclear where all the rest
matches. Unclear is answered as such, because the alternative is to ring a person twice.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import final

from callpost_vocobase.call_models import CallRow, instant

__all__ = [
    "NARROW",
    "WIDE",
    "Absent",
    "Adopt",
    "Unclear",
    "Verdict",
    "Wanted",
    "decide",
    "matching",
]

NARROW = (timedelta(seconds=-15), timedelta(seconds=90))
"""A start answers before anyone picks up, so the row is made within seconds of the request."""

WIDE = timedelta(minutes=15)
"""Farther apart than this no two machines' clocks are taken to be."""

_SHORTEST_NUMBER = 7
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
    rows: Sequence[CallRow],
    wanted: Wanted,
    *,
    sent_at: datetime,
    now: datetime,
    claimed: frozenset[str],
) -> Verdict:
    """Which of the rows, if any, is the effect of the lost start.

    Args:
        rows: The list, or the part of it that may hold the call, in any order.
        wanted: What was asked for.
        sent_at: When the request left, by their clock as well as we know it.
        now: The instant, by the same clock.
        claimed: Calls that are known to be the effect of other intents.
    """
    narrow: list[tuple[timedelta, CallRow]] = []
    likely: list[tuple[timedelta, CallRow]] = []
    unclear: list[tuple[timedelta, Unclear]] = []
    for row in matching(rows, wanted):
        if row.call_id in claimed:
            continue
        created = instant(row.created_at) or instant(row.started_at)
        off = created - sent_at if created else None
        is_future = created is not None and created > now
        if off is not None and abs(off) > WIDE and not is_future:
            continue
        distance = WIDE if off is None else abs(off)
        if _likeness(row.to_number, wanted.to_number) is _Likeness.UNKNOWN:
            unclear.append((distance, Unclear(row, "its number cannot be compared")))
        elif off is not None and NARROW[0] <= off <= NARROW[1]:
            narrow.append((distance, row))
        elif distance <= WIDE and (row.is_active or is_future):
            likely.append((distance, row))
        elif off is None:
            unclear.append((distance, Unclear(row, "the list does not say when it was made")))
        else:
            unclear.append((distance, Unclear(row, "it was made at another time than the request")))
    for found in (narrow, likely):
        if found:
            return Adopt(min(found, key=_distance)[1], is_narrow=found is narrow)
    return min(unclear, key=_distance)[1] if unclear else Absent()


def _distance(found: tuple[timedelta, object]) -> timedelta:
    return found[0]
